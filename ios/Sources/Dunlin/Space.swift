internal import DunlinBindings
import Foundation

/// A set of documents that this device shares with others.
public final class Space: Sendable, Identifiable {
    /// The space's id, in hexadecimal.
    public let id: String

    let native: DunlinBindings.Space

    init(_ native: DunlinBindings.Space) {
        self.native = native
        id = native.id()
    }

    /// The name that all members see.
    public var name: String { native.name() }

    /// This device's own name for it, if it was given one.
    public var alias: String? { native.alias() }

    /// What this device may do here.
    public var role: Role? { native.role().map(Role.init) }

    /// The devices that belong to the space, as far as this device has heard.
    public var members: [Member] { native.members().map(Member.init) }

    /// Opens a collection of a model; it comes into being with its first document.
    ///
    /// - Parameter plain: takes what is written through it as it is, for models that hold any JSON: an
    ///   object such as `{"$text":"x"}` is an object like any other then, and not a ``MergeableText``.
    /// - Throws: ``DunlinError`` `invalidInput` for a name that does not match
    ///   `[a-z][a-z0-9_]{0,62}`.
    public func collection<Model>(
        _ name: String, of model: Model.Type, plain: Bool = false
    ) throws -> DocumentCollection<Model> {
        let collection = try bridged { try native.collection(name: name, plain: plain) }
        return DocumentCollection(collection, plain ? .plain : .tagged, in: self)
    }

    /// Lists the names of the collections that there are.
    ///
    /// - Throws: ``DunlinError`` `closed` after shutdown.
    public func collections() async throws -> [String] {
        try await bridged { [native] in try await native.collections() }
    }

    /// Makes a ticket: whoever holds it can join, offline, and any member admits it.
    ///
    /// - Parameters:
    ///   - uses: how many devices it admits.
    ///   - expiresIn: for how many seconds it is good; without an end if nil.
    /// - Throws: ``DunlinError`` `denied` unless this device administers the space; `invalidInput`
    ///   for zero uses.
    public func invite(
        _ role: Role = .writer, uses: Int = 1, expiresIn: TimeInterval? = nil
    ) async throws -> String {
        let invitation = DunlinBindings.Invitation(
            role: role.native,
            uses: UInt32(clamping: uses),
            // Room for the time of day, which is added to it.
            expiresInMs: expiresIn.map { min(milliseconds($0), UInt64.max / 4) }
        )
        return try await bridged { [native] in try await native.invite(invitation: invitation) }
    }

    /// Runs a query. Each collection is a view with the columns `id`, `doc` (JSON) and
    /// `has_conflicts`; JSON functions work on `doc`.
    ///
    /// - Parameter parameters: the values for its `?`: nil, truth values, numbers, strings and
    ///   dates.
    /// - Throws: ``DunlinError`` `invalidInput` for SQL that does not parse or writes to a collection,
    ///   `denied` for what touches anything but collections, `notFound` for a collection that is not
    ///   there, `limitExceeded` over 10,000 rows, 8 MiB or the time limit.
    public func query(
        _ sql: String, _ parameters: (any QueryParameter)?...
    ) async throws -> QueryResult {
        try await query(sql, parameters: parameters)
    }

    /// Runs a query as ``query(_:_:)`` does, with parameters that are in a list already.
    public func query(_ sql: String, parameters: [(any QueryParameter)?]) async throws -> QueryResult {
        let encoded = try encodeJSON(parameters.values)
        return try QueryResult(
            try await bridged { [native] in
                try await native.query(sql: sql, parameters: encoded)
            })
    }

    /// Runs a query as ``query(_:_:)`` does, and reads its rows through a model: a type with a property for
    /// each column that it wants.
    ///
    /// `json_extract` of an object or a list gives its JSON as text, which is read as that where the
    /// property is one; where it is a `Bool`, 0 and 1 are false and true. What does not fit is a failure
    /// of its own.
    ///
    /// - Throws: ``DunlinError`` as ``query(_:_:)`` does.
    public func query<Model: Decodable & Sendable>(
        _ sql: String, _ parameters: (any QueryParameter)?..., as model: Model.Type
    ) async throws -> Entries<Model> {
        let result = try await query(sql, parameters: parameters)
        return Entries(
            result.rows.enumerated().map { entry(model, result.columns, $1.cells, $0) })
    }

    /// Follows a query: its result, then the new result whenever it has changed.
    ///
    /// Changes that come faster than they are taken are merged into one. Ends when the node is shut
    /// down. Beyond 10,000 rows or 8 MiB it shows the first ones and says that there are more. Fails
    /// with `invalidInput` or `denied` for SQL that is wrong or reads what it may not; a collection may
    /// come into being later. What documents hold ends nothing: see ``QueryResult/refusal``.
    public func watch(_ sql: String, _ parameters: (any QueryParameter)?...) -> Updates<QueryResult> {
        watch(sql, parameters: parameters)
    }

    /// Follows a query as ``watch(_:_:)`` does, with parameters that are in a list already.
    public func watch(_ sql: String, parameters: [(any QueryParameter)?]) -> Updates<QueryResult> {
        shown(sql, parameters) { columns, row, _ in try Row(row, columns: columns) }.map {
            QueryResult(
                columns: $0.columns, rows: $0.items, hasMore: $0.hasMore, refusal: $0.refusal)
        }
    }

    /// Follows a query as ``watch(_:_:)`` does, and reads its rows through a model as
    /// ``query(_:_:as:)`` does.
    public func watch<Model: Decodable & Sendable>(
        _ sql: String, _ parameters: (any QueryParameter)?..., as model: Model.Type
    ) -> Updates<Entries<Model>> {
        shown(sql, parameters) { columns, row, place in
            entry(model, columns, try readCells(row), place)
        }.map { Entries($0.items, hasMore: $0.hasMore, refusal: $0.refusal) }
    }

    private func shown<Item>(
        _ sql: String, _ parameters: [(any QueryParameter)?], _ read: @escaping RowReader<Item>
    ) -> Updates<Shown<Item>> {
        let values = parameters.values
        return following(read) { [native] in
            try native.watch(sql: sql, parameters: try encodeJSON(values))
        }
    }

    /// Tells how a query would be carried out, with a warning for each whole collection read.
    ///
    /// - Throws: ``DunlinError`` as ``query(_:_:)`` does.
    public func explain(_ sql: String) async throws -> QueryPlan {
        QueryPlan(try await bridged { [native] in try await native.explainQuery(sql: sql) })
    }

    /// Makes queries by `json_extract(doc, PATH)` fast, where the path is such as `$.due`; false if
    /// there is such an index already.
    ///
    /// - Throws: ``DunlinError`` `invalidInput` for a path that SQLite does not know,
    ///   `limitExceeded`, `storageFull`.
    @discardableResult
    public func createIndex(_ collection: String, _ path: String) async throws -> Bool {
        try await bridged { [native] in
            try await native.createIndex(collection: collection, path: path)
        }
    }
}

extension Space: CustomStringConvertible {
    /// Its name, and the beginning of its id.
    public var description: String { "Space(\(name), \(id.prefix(8)))" }
}
