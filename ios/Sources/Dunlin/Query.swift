internal import DunlinBindings
import Foundation

/// A query's result.
public struct QueryResult: Hashable, Sendable {
    /// The columns' names.
    public let columns: [String]

    /// The rows, in the query's order.
    public let rows: [Row]

    /// Whether there are more than these; only a query that is followed leaves some out.
    public let hasMore: Bool

    /// Of a query that is followed: why the rows are those of an earlier moment, as in
    /// ``Entries/refusal``.
    public let refusal: DunlinError?

    /// Makes one, for instance for a preview.
    public init(
        columns: [String], rows: [Row], hasMore: Bool = false, refusal: DunlinError? = nil
    ) {
        self.columns = columns
        self.rows = rows
        self.hasMore = hasMore
        self.refusal = refusal
    }
}

/// One row of a result.
public struct Row: Hashable, Sendable {
    /// Its cells, in the order of the columns.
    public let cells: [JSONValue]

    private let columns: [String]

    /// Makes one, for instance for a preview.
    public init(columns: [String], cells: [JSONValue]) {
        self.columns = columns
        self.cells = cells
    }

    init(_ json: String, columns: [String]) throws {
        self.init(columns: columns, cells: try readCells(json))
    }

    /// The cell of a column; nil if the result has no such column.
    public subscript(column: String) -> JSONValue? {
        columns.firstIndex(of: column).map { cells[$0] }
    }
}

/// The cells of a row as it crosses.
func readCells(_ row: String) throws -> [JSONValue] {
    try decodeJSON([JSONValue].self, from: row, of: "a row of the library")
}

/// How a query would be carried out.
public struct QueryPlan: Hashable, Sendable {
    /// SQLite's own words, a step each.
    public let steps: [String]

    /// One sentence for each collection that is read from end to end, with the remedy.
    public let warnings: [String]

    /// Makes one, for instance for a preview.
    public init(steps: [String], warnings: [String]) {
        self.steps = steps
        self.warnings = warnings
    }

    init(_ plan: DunlinBindings.Plan) {
        self.init(steps: plan.steps, warnings: plan.warnings)
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
        self.init(
            columns: rows.columns, rows: try rows.rows.map { try Row($0, columns: rows.columns) },
            hasMore: rows.more)
    }
}
