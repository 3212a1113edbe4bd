internal import DunlinBindings
import Foundation

/// A query's result.
public struct QueryResult: Hashable, Sendable {
    /// The columns' names.
    public let columns: [String]

    /// The rows, in the query's order.
    public let rows: [Row]
}

/// One row of a result.
public struct Row: Hashable, Sendable {
    /// Its cells, in the order of the columns.
    public let cells: [JSONValue]

    private let columns: [String]

    init(_ json: String, columns: [String]) throws {
        cells = try decodeJSON([JSONValue].self, from: json, of: "a row of the library")
        self.columns = columns
    }

    /// The cell of a column; nil if the result has no such column.
    public subscript(column: String) -> JSONValue? {
        columns.firstIndex(of: column).map { cells[$0] }
    }
}

/// How a query would be carried out.
public struct QueryPlan: Hashable, Sendable {
    /// SQLite's own words, a step each.
    public let steps: [String]

    /// One sentence for each collection that is read from end to end, with the remedy.
    public let warnings: [String]

    init(_ plan: DunlinBindings.Plan) {
        steps = plan.steps
        warnings = plan.warnings
    }
}

/// A value for a `?` of a query: truth values, numbers, strings and dates are.
public protocol QueryParameter: Sendable {
    /// The value as the query has it.
    var queryValue: JSONValue { get }
}

extension Bool: QueryParameter {
    /// The truth value.
    public var queryValue: JSONValue { .bool(self) }
}

extension Int: QueryParameter {
    /// The number.
    public var queryValue: JSONValue { .integer(Int64(self)) }
}

extension Int64: QueryParameter {
    /// The number.
    public var queryValue: JSONValue { .integer(self) }
}

extension Double: QueryParameter {
    /// The number.
    public var queryValue: JSONValue { .number(self) }
}

extension String: QueryParameter {
    /// The string.
    public var queryValue: JSONValue { .string(self) }
}

extension Date: QueryParameter {
    /// The string that documents have in a date's place; null outside the years 1583 to 9999.
    public var queryValue: JSONValue { stored.map(JSONValue.string) ?? .null }
}

extension JSONValue: QueryParameter {
    /// The value; a list or an object goes as JSON text, which SQLite's JSON functions take.
    public var queryValue: JSONValue { self }
}

extension [(any QueryParameter)?] {
    var values: [JSONValue] { map { $0?.queryValue ?? .null } }
}

extension QueryResult {
    init(_ rows: DunlinBindings.Rows) throws {
        columns = rows.columns
        self.rows = try rows.rows.map { try Row($0, columns: rows.columns) }
    }
}

/// The whole result after each change of a live query; rows that did not change are not read again.
actor LiveResult {
    private var result = QueryResult(columns: [], rows: [])

    func apply(_ change: DunlinBindings.QueryChange) throws -> QueryResult {
        switch change {
        case .snapshot(let rows):
            result = try QueryResult(rows)
        case .difference(let removed, let inserted, let moved, let changed):
            let columns = result.columns
            var rows = result.rows
            // Takes out what went or moved, puts in what came or moved, then replaces what changed.
            for index in (removed + moved.map(\.from)).sorted(by: >) { rows.remove(at: Int(index)) }
            var put = try inserted.map { (Int($0.at), try Row($0.row, columns: columns)) }
            put += moved.map { (Int($0.to), result.rows[Int($0.from)]) }
            for (index, row) in put.sorted(by: { $0.0 < $1.0 }) { rows.insert(row, at: index) }
            for placed in changed { rows[Int(placed.at)] = try Row(placed.row, columns: columns) }
            result = QueryResult(columns: columns, rows: rows)
        }
        return result
    }
}
