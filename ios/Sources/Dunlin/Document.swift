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

    /// Makes one as a read would, for instance for a preview.
    public init(
        id: String, value: Model, version: String = "", json: JSONValue = .null,
        conflicts: [Conflict] = [], isDeleted: Bool = false
    ) {
        (self.value, self.conflicts, orders) = (value, conflicts, SetOrders())
        native = DunlinBindings.Document(
            id: id, json: json.description, taggedJson: json.description, version: version,
            conflicts: [], isDeleted: isDeleted)
    }

    /// Reads one through the model.
    ///
    /// - Throws: whatever the model's decoding does.
    init(_ native: DunlinBindings.Document) throws {
        self.native = native
        (value, orders) = try decodedDocument(Model.self, from: native.json)
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

extension Document: Equatable where Model: Equatable {
    /// Whether both say the same.
    public static func == (one: Self, other: Self) -> Bool {
        one.id == other.id && one.value == other.value && one.version == other.version
            && one.conflicts == other.conflicts && one.isDeleted == other.isDeleted
            && one.json == other.json
    }
}

/// A document as it is, whether or not a model reads it.
public struct Inspected<Model: Codable & Sendable>: Sendable, Identifiable {
    /// The id within its collection.
    public let id: String

    /// The causal context of this read: the `base` of an edit that follows from it.
    public let version: String

    /// Everything that the document holds; what it held last if it is deleted.
    public let json: JSONValue

    /// Values that lost against a concurrent write.
    public let conflicts: [Conflict]

    /// Whether it is deleted.
    public let isDeleted: Bool

    /// The document as the model reads it, or why it does not.
    public let result: Result<Document<Model>, Unreadable>

    /// Makes one as a read would, for instance for a preview.
    public init(
        id: String, version: String, json: JSONValue, conflicts: [Conflict] = [],
        isDeleted: Bool = false, result: Result<Document<Model>, Unreadable>
    ) {
        self.id = id
        self.version = version
        self.json = json
        self.conflicts = conflicts
        self.isDeleted = isDeleted
        self.result = result
    }

    init(_ native: DunlinBindings.Document) throws {
        let json = try parsedJSON(native.json)
        let result: Result<Document<Model>, Unreadable>
        do {
            result = .success(try Document(native))
        } catch {
            result = .failure(Misfit(error).unreadable(json))
        }
        self.init(
            id: native.id, version: native.version, json: json,
            conflicts: try native.conflicts.map(Conflict.init), isDeleted: native.isDeleted,
            result: result)
    }

    /// The document as the model reads it; nil where there is a ``failure``.
    public var document: Document<Model>? { try? result.get() }

    /// What the model reads; nil where there is a ``failure``.
    public var value: Model? { document?.value }

    /// Why the model does not read it; nil where it does.
    public var failure: Unreadable? {
        if case .failure(let failure) = result { failure } else { nil }
    }
}

extension Inspected: Equatable where Model: Equatable {}

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

    /// Makes one, for instance for a preview or a test.
    public init(id: String, seq: Int64, version: String, paths: [String]) {
        self.id = id
        self.seq = seq
        self.version = version
        self.paths = paths
    }

    init(_ committed: DunlinBindings.Committed) {
        id = committed.id
        seq = committed.seq
        version = committed.version
        paths = committed.paths
    }
}

/// What became of one document of many.
public struct PutOutcome: Hashable, Sendable {
    /// The document's id.
    public let id: String

    /// The write that is on disk, or why it was refused.
    public let result: Result<Committed, DunlinError>

    /// Makes one, for instance for a preview or a test.
    public init(id: String, result: Result<Committed, DunlinError>) {
        self.id = id
        self.result = result
    }

    init(_ id: String, _ outcome: DunlinBindings.PutOutcome) {
        self.id = id
        result =
            switch outcome {
            case .done(let committed): .success(Committed(committed))
            case .refused(let error): .failure(DunlinError(error))
            }
    }
}
