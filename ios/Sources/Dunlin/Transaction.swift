internal import DunlinBindings

/// One run of a transaction: what it reads, and what it means to write. See
/// ``Space/transaction(isolation:_:)``.
///
/// Nothing is written before the closure has come to its end, so writing only notes what is meant; what
/// is refused is refused at the commit, with the document's name, and then nothing is written. At most
/// 1,000 documents, 4,000 writes and 8 MiB of JSON. All functions throw ``DunlinError`` `limitExceeded`
/// beyond that, and `invalidInput` for a collection of another space.
public final class Transaction: Sendable {
    private let native: DunlinBindings.Transaction

    init(_ native: DunlinBindings.Transaction) {
        self.native = native
    }

    /// Reads a document as it is behind what this transaction has written to it so far.
    ///
    /// - Throws: ``DunlinError`` `notFound` if there is none, or it is deleted; `wrongKind` if the model
    ///   does not read it; `busy` if something that was read before has changed: let it through, the
    ///   transaction runs again.
    public func get<Model>(
        _ id: String, in collection: DocumentCollection<Model>
    ) async throws -> Document<Model> {
        let from = collection.native
        return try collection.document(
            try await bridged { [native] in try await native.get(collection: from, id: id) })
    }

    /// Reads a document; nil if there is none, or it is deleted.
    ///
    /// - Throws: ``DunlinError`` as ``get(_:in:)`` does.
    public func find<Model>(
        _ id: String, in collection: DocumentCollection<Model>
    ) async throws -> Document<Model>? {
        do {
            return try await get(id, in: collection)
        } catch let refusal as DunlinError where refusal.code == .notFound {
            return nil
        }
    }

    /// Reads a document even if it is deleted, or the model does not read it.
    ///
    /// - Throws: ``DunlinError`` as ``get(_:in:)`` does; `notFound` if it never existed.
    public func inspect<Model>(
        _ id: String, in collection: DocumentCollection<Model>
    ) async throws -> Inspected<Model> {
        let from = collection.native
        return try Inspected(
            try await bridged { [native] in try await native.inspect(collection: from, id: id) })
    }

    /// Runs a query as ``Space/query(_:_:)`` does. It sees what is committed, not what this transaction
    /// has written; the collections that it reads count as read.
    ///
    /// - Throws: ``DunlinError`` as ``Space/query(_:_:)`` does, and `busy` as ``get(_:in:)``.
    public func query(
        _ sql: String, _ parameters: (any QueryParameter)?...
    ) async throws -> QueryResult {
        let encoded = try encodeJSON(parameters.values)
        return try QueryResult(
            try await bridged { [native] in
                try await native.query(sql: sql, parameters: encoded)
            })
    }

    /// Creates a document, which must not be there; returns its id.
    ///
    /// - Parameter id: its id; a new one if nil.
    @discardableResult
    public func insert<Model>(
        _ value: Model, id: String? = nil, in collection: DocumentCollection<Model>
    ) throws -> String {
        let encoded = try encodedDocument(value, collection.forms)
        let name = try id ?? collection.newID()
        try bridged {
            try native.insert(collection: collection.native, id: name, value: encoded.json)
        }
        return name
    }

    /// Creates a document, or overwrites the fields of the model, as
    /// ``DocumentCollection/put(_:_:base:)`` does.
    public func put<Model>(
        _ id: String, _ value: Model, base: String? = nil, in collection: DocumentCollection<Model>
    ) throws {
        let encoded = try encodedDocument(value, collection.forms)
        try bridged {
            try native.put(
                collection: collection.native, id: id, patch: encoded.json, base: base,
                keys: encoded.keys)
        }
    }

    /// Makes a document what the value says, as ``DocumentCollection/replace(_:_:base:)`` does.
    public func replace<Model>(
        _ id: String, _ value: Model, base: String? = nil, in collection: DocumentCollection<Model>
    ) throws {
        let encoded = try encodedDocument(value, collection.forms)
        try bridged {
            try native.replace(
                collection: collection.native, id: id, value: encoded.json, base: base,
                keys: encoded.keys)
        }
    }

    /// Changes a document: reads it, and writes the difference to what the closure makes of it.
    ///
    /// - Throws: ``DunlinError`` as ``get(_:in:)`` and ``save(_:as:in:)`` do. And what the closure throws.
    public func update<Model>(
        _ id: String,
        in collection: DocumentCollection<Model>,
        isolation: isolated (any Actor)? = #isolation,
        _ change: (inout Model) async throws -> Void
    ) async throws {
        let read = try await get(id, in: collection)
        var value = read.value
        try await change(&value)
        try save(read, as: value, in: collection)
    }

    /// Writes the difference between a document as it was read here and a changed copy of its value, as
    /// ``DocumentCollection/save(_:as:)`` does.
    ///
    /// - Throws: ``DunlinError`` `unplaceable` as ``DocumentCollection/save(_:as:)`` does.
    public func save<Model>(
        _ read: Document<Model>, as value: Model, in collection: DocumentCollection<Model>
    ) throws {
        let (before, after, keys) = try collection.difference(read, value)
        try bridged {
            try native.save(
                collection: collection.native, document: read.native, read: before, new: after,
                keys: keys)
        }
    }

    /// Carries out edits in order, as ``DocumentCollection/edit(_:base:isolation:_:)`` does.
    public func edit<Model>(
        _ id: String,
        base: String? = nil,
        in collection: DocumentCollection<Model>,
        _ make: (inout Edits) throws -> Void
    ) throws {
        var edits = Edits(collection.forms)
        try make(&edits)
        let json = try edits.encoded()
        try bridged {
            try native.edit(collection: collection.native, id: id, edits: json, base: base)
        }
    }

    /// Deletes a document.
    public func delete<Model>(_ id: String, in collection: DocumentCollection<Model>) throws {
        try bridged { try native.delete(collection: collection.native, id: id) }
    }

    /// Brings a deleted document back as it was.
    public func restore<Model>(_ id: String, in collection: DocumentCollection<Model>) throws {
        try bridged { try native.restore(collection: collection.native, id: id) }
    }
}
