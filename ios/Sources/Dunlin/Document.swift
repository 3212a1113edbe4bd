internal import DunlinBindings
import Foundation

/// A snapshot of a document.
public struct Document<Model: Codable & Sendable>: Sendable, Identifiable {
    /// The content; the last content if the document is deleted.
    public let value: Model

    /// Values that lost against a concurrent write, until somebody writes there having seen them.
    public let conflicts: [Conflict]

    let native: DunlinBindings.Document

    /// How it has the sets of objects that are in the value.
    let orders: SetOrders

    init(_ native: DunlinBindings.Document, in collection: String) throws {
        self.native = native
        (value, orders) = try decodedDocument(
            Model.self, from: native.json, of: "\(collection)/\(native.id)")
        conflicts = try native.conflicts.map(Conflict.init)
    }

    /// The id within its collection.
    public var id: String { native.id }

    /// The causal context of this read: the `base` of an edit that follows from it.
    public var version: String { native.version }

    /// Whether it is deleted; only ``DocumentCollection/inspect(_:)`` returns such a one.
    public var isDeleted: Bool { native.isDeleted }

    /// Everything that the document holds, also what the model does not know; read anew each time.
    public var json: JSONValue { (try? parsedJSON(native.json)) ?? .null }
}

/// A document in a list.
public struct Entry<Model: Sendable>: Sendable, Identifiable {
    /// The id within its collection.
    public let id: String

    /// The content.
    public let value: Model

    /// Makes an entry, for instance for a preview.
    public init(id: String, value: Model) {
        self.id = id
        self.value = value
    }
}

extension Entry: Equatable where Model: Equatable {}
extension Entry: Hashable where Model: Hashable {}

/// A write that is on disk.
public struct Committed: Hashable, Sendable {
    /// The document's id.
    public let id: String

    /// The commit's place in the change feed; the document's last one if nothing changed.
    public let seq: Int64

    /// The document as this write left it: the base for the caller's next edit.
    public let version: String

    /// The paths that changed; empty if the document was like that already.
    public let paths: [String]

    init(_ committed: DunlinBindings.Committed) {
        id = committed.id
        seq = committed.seq
        version = committed.version
        paths = committed.paths
    }
}

/// What became of one document of many.
public struct PutOutcome: Sendable {
    /// The document's id.
    public let id: String

    /// The write that is on disk, or why it was refused.
    public let result: Result<Committed, DunlinError>

    init(_ id: String, _ outcome: DunlinBindings.PutOutcome) {
        self.id = id
        result =
            switch outcome {
            case .done(let committed): .success(Committed(committed))
            case .refused(let error): .failure(DunlinError(error))
            }
    }
}
