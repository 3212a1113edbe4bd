internal import DunlinBindings
import Foundation

/// The pause between attempts while the node is suspended, in nanoseconds: refused at once, they cost
/// nothing.
let suspendedPause: UInt64 = 250_000_000

extension DocumentCollection {
    /// Follows the documents for which a condition holds, by id: the list, then the new list whenever
    /// it has changed. Begins before the first document too.
    ///
    /// - Parameters:
    ///   - condition: SQL over `id`, `doc` and `has_conflicts`, such as
    ///     `json_extract(doc, '$.done') = ?`.
    ///   - parameters: the values for its `?`: nil, truth values, numbers, strings and dates.
    public func watch(
        _ condition: String = "TRUE", _ parameters: (any QueryParameter)?...
    ) -> Updates<[Entry<Model>]> {
        watch(condition, parameters: parameters)
    }

    /// Follows documents as ``watch(_:_:)`` does, with parameters that are in a list already.
    public func watch(
        _ condition: String, parameters: [(any QueryParameter)?]
    ) -> Updates<[Entry<Model>]> {
        let sql = "SELECT id, doc FROM \(name) WHERE \(condition) ORDER BY id"
        let reader = EntryReader<Model>(of: name)
        return space.watch(sql, parameters: parameters).map { try reader.entries(of: $0.rows) }
    }

    /// Follows one document, with its version: at once, then whenever it has changed; nil while there
    /// is none, or it is deleted.
    ///
    /// Changes that come faster than they are taken are told as one. Ends when the node is shut down.
    /// Fails as ``find(_:)`` does.
    public func watchDocument(_ id: String) -> Updates<Document<Model>?> {
        Updates {
            let follower = DocumentFollower(id, in: self)
            return Subscription(
                pull: { try await follower.next() }, stop: { follower.feed.stop() })
        }
    }

    /// ``find(_:)`` that waits while the node is suspended.
    fileprivate func findAwake(_ id: String) async throws -> Document<Model>? {
        while true {
            do {
                return try await find(id)
            } catch let refusal as DunlinError where refusal.code == .suspended {
                try await Task.sleep(nanoseconds: suspendedPause)
            }
        }
    }
}

/// Reads rows through a model; what has not changed since the result before is not read again.
private final class EntryReader<Model: Codable & Sendable>: @unchecked Sendable {
    private let collection: String
    private let lock = NSLock()
    private var known: [String: (json: String, entry: Entry<Model>)] = [:]

    init(of collection: String) {
        self.collection = collection
    }

    func entries(of rows: [Row]) throws -> [Entry<Model>] {
        try lock.withLock {
            var next: [String: (json: String, entry: Entry<Model>)] = [:]
            let entries = try rows.map { row in
                let (id, json) = (row["id"]?.string ?? "", row["doc"]?.string ?? "")
                let same = known[id].flatMap { $0.json == json ? $0.entry : nil }
                let entry = try same ?? read(json, id: id)
                next[id] = (json, entry)
                return entry
            }
            known = next
            return entries
        }
    }

    private func read(_ json: String, id: String) throws -> Entry<Model> {
        Entry(id: id, value: try decodeJSON(Model.self, from: json, of: "\(collection)/\(id)"))
    }
}

/// Reads a document again whenever the change feed tells of it.
private actor DocumentFollower<Model: Codable & Sendable> {
    nonisolated let feed: DunlinBindings.ChangeFeed

    private let id: String
    private let collection: DocumentCollection<Model>

    /// The version that was told last; nil where there was no document, none before the first.
    private var told: String??

    init(_ id: String, in collection: DocumentCollection<Model>) {
        self.id = id
        self.collection = collection
        feed = collection.space.native.changesAfter(seq: nil)
    }

    func next() async throws -> Document<Model>?? {
        if told == nil { return .some(tell(try await collection.findAwake(id))) }
        while let events = try await feed.next() {
            guard events.contains(where: { $0.id == id && $0.collection == collection.name }) else {
                continue
            }
            do {
                let document = try await collection.findAwake(id)
                // The read before this one may have seen the change already.
                if told != .some(document?.version) { return .some(tell(document)) }
            } catch let refusal as DunlinError where refusal.code == .closed {
                return nil
            }
        }
        return nil
    }

    private func tell(_ document: Document<Model>?) -> Document<Model>? {
        told = .some(document?.version)
        return document
    }
}
