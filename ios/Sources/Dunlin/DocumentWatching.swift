internal import DunlinBindings
import Foundation

/// The pause between attempts while the node is suspended, in nanoseconds: refused at once, they cost
/// nothing.
let suspendedPause: UInt64 = 250_000_000

extension DocumentCollection {
    /// Follows documents: the list, then the new list whenever it has changed. Begins before the first
    /// document too. One that the model does not read is a failure, and a value again when it is mended.
    ///
    /// Beyond the limit, 10,000 documents or 8 MiB the list has the first ones and says that there are
    /// more. Fails with `invalidInput` or `denied` for SQL that is wrong or reads what it may not. What
    /// documents hold ends nothing.
    ///
    /// - Parameters:
    ///   - condition: SQL over `id`, `doc` and `has_conflicts`, such as
    ///     `json_extract(doc, '$.done') = ?`; all documents if nil.
    ///   - parameters: the values for the `?` in it, and for those in the order: nil, truth values,
    ///     numbers, strings and dates.
    ///   - orderBy: SQL as it stands behind `ORDER BY`, such as `json_extract(doc, '$.due') DESC`; what
    ///     is alike in it, or all of it if nil, is in the order of the ids.
    ///   - limit: how many documents at most.
    public func watch(
        _ condition: String? = nil, _ parameters: (any QueryParameter)?...,
        orderBy: String? = nil, limit: Int? = nil
    ) -> Updates<Entries<Model>> {
        watch(condition, parameters: parameters, orderBy: orderBy, limit: limit)
    }

    /// Follows documents as ``watch(_:_:orderBy:limit:)`` does, with parameters that are in a list
    /// already.
    public func watch(
        _ condition: String?, parameters: [(any QueryParameter)?],
        orderBy: String? = nil, limit: Int? = nil
    ) -> Updates<Entries<Model>> {
        let values = parameters.values
        let most = limit.map { UInt32(clamping: $0) }
        return following({ _, row, _ in try read(row) }) { [native] in
            try native.watch(
                condition: condition, parameters: try encodeJSON(values), order: orderBy, limit: most)
        }.map { Entries($0.items, hasMore: $0.hasMore, refusal: $0.refusal) }
    }

    /// Follows how many documents there are for which a condition holds. While some document holds what
    /// the condition cannot be asked of, the last count stands.
    ///
    /// Fails as ``watch(_:_:orderBy:limit:)`` does.
    public func watchCount(
        _ condition: String? = nil, _ parameters: (any QueryParameter)?...
    ) -> Updates<Int> {
        watchCount(condition, parameters: parameters)
    }

    /// Follows how many documents there are as ``watchCount(_:_:)`` does, with parameters that are in a
    /// list already.
    public func watchCount(
        _ condition: String?, parameters: [(any QueryParameter)?]
    ) -> Updates<Int> {
        let values = parameters.values
        let counts = following({ _, row, _ in Int(try readCells(row).first?.integer ?? 0) }) {
            [native] in
            try native.watchCount(condition: condition, parameters: try encodeJSON(values))
        }
        return counts.compactMap { $0.refusal == nil ? $0.items.first : nil }
    }

    /// Follows one document, with its version: at once, then whenever it has changed; nil while there
    /// is none, or it is deleted.
    ///
    /// Changes that come faster than they are taken are told as one. Ends when the node is shut down,
    /// and never for what the document holds.
    public func watchDocument(_ id: String) -> Updates<Inspected<Model>?> {
        Updates {
            let follower = DocumentFollower(id, in: self)
            return Subscription(
                pull: { try await follower.next() }, stop: { follower.feed.stop() })
        }
    }

    /// The document, unless it is deleted; waits while the node is suspended.
    fileprivate func findAwake(_ id: String) async throws -> Inspected<Model>? {
        while true {
            do {
                let read = try await inspect(id)
                return read.isDeleted ? nil : read
            } catch let refusal as DunlinError where refusal.code == .notFound {
                return nil
            } catch let refusal as DunlinError where refusal.code == .suspended {
                try await Task.sleep(nanoseconds: suspendedPause)
            }
        }
    }
}

/// A row of `id` and `doc` as an entry.
private func read<Model: Codable & Sendable>(_ row: String) throws -> Entry<Model> {
    let cells = try readCells(row)
    let (id, json) = (cells[0].string ?? "", cells[1].string ?? "")
    do {
        return Entry(id: id, value: try decodedDocument(Model.self, from: json).value)
    } catch {
        return Entry(id: id, failure: Misfit(error).unreadable(try parsedJSON(json)))
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

    func next() async throws -> Inspected<Model>?? {
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

    private func tell(_ document: Inspected<Model>?) -> Inspected<Model>? {
        told = .some(document?.version)
        return document
    }
}
