internal import DunlinBindings
import Foundation

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
        Updates { [native] in
            let followed = try bridged { try native.watchDocument(id: id) }
            return Subscription(
                pull: {
                    guard let state = try await followed.next() else { return nil }
                    return .some(try state.document.map { try Inspected($0) })
                },
                stop: { followed.stop() }
            )
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
