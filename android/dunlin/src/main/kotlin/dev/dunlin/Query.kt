package dev.dunlin

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonArray
import dev.dunlin.ffi.QueryChange as FfiQueryChange
import dev.dunlin.ffi.Rows as FfiRows

/**
 * A query's result.
 *
 * @property columns the columns' names.
 * @property rows the rows, in the query's order.
 */
public class QueryResult internal constructor(
    public val columns: List<String>,
    public val rows: List<Row>,
) {
    internal constructor(rows: FfiRows) :
        this(rows.columns, rows.rows.map { Row(rows.columns, cells(it)) })

    override fun equals(other: Any?): Boolean =
        other is QueryResult && columns == other.columns && rows == other.rows

    override fun hashCode(): Int = rows.hashCode()

    override fun toString(): String = "QueryResult($columns, ${rows.size} rows)"
}

/**
 * One row of a result.
 *
 * @property cells its cells, in the order of the columns.
 */
public class Row internal constructor(
    private val columns: List<String>,
    public val cells: List<JsonElement>,
) {
    /**
     * The cell of a column.
     *
     * @throws NoSuchElementException if the result has no such column.
     */
    public operator fun get(column: String): JsonElement {
        val index = columns.indexOf(column)
        if (index < 0) throw NoSuchElementException("no column $column among $columns")
        return cells[index]
    }

    override fun equals(other: Any?): Boolean = other is Row && cells == other.cells

    override fun hashCode(): Int = cells.hashCode()

    override fun toString(): String = cells.toString()
}

/**
 * How a query would be carried out.
 *
 * @property steps SQLite's own words, a step each.
 * @property warnings one sentence for each collection that is read from end to end, with the
 *   remedy.
 */
public class QueryPlan internal constructor(
    public val steps: List<String>,
    public val warnings: List<String>,
) {
    internal constructor(plan: dev.dunlin.ffi.Plan) : this(plan.steps, plan.warnings)
}

/** The whole result after each change: unchanged rows are the same objects as before. */
internal fun liveResults(changes: Flow<FfiQueryChange>): Flow<QueryResult> =
    flow {
        var result = QueryResult(emptyList(), emptyList())
        changes.collect { change ->
            result =
                when (change) {
                    is FfiQueryChange.Snapshot -> QueryResult(change.rows)
                    is FfiQueryChange.Difference -> result.after(change)
                }
            emit(result)
        }
    }

/** Takes out what went or moved, puts in what came or moved, then replaces what changed. */
private fun QueryResult.after(change: FfiQueryChange.Difference): QueryResult {
    val left = change.removed + change.moved.map { it.from }
    val next = rows.toMutableList()
    left.sortedDescending().forEach { next.removeAt(it.toInt()) }
    val put =
        change.inserted.map { it.at.toInt() to Row(columns, cells(it.row)) } +
            change.moved.map { it.to.toInt() to rows[it.from.toInt()] }
    put.sortedBy { (at, _) -> at }.forEach { (at, row) -> next.add(at, row) }
    change.changed.forEach { next[it.at.toInt()] = Row(columns, cells(it.row)) }
    return QueryResult(columns, next)
}

private fun cells(row: String): List<JsonElement> = ModelJson.parseToJsonElement(row).jsonArray

internal fun encodeParameters(parameters: List<Any?>): String =
    JsonArray(parameters.map(::parameter)).toString()

private fun parameter(value: Any?): JsonElement =
    when (value) {
        null -> JsonNull
        is Boolean -> JsonPrimitive(value)
        is Number -> JsonPrimitive(value)
        is String -> JsonPrimitive(value)
        else -> throw DunlinException(
            ErrorCode.InvalidInput,
            "a ${value::class.simpleName} is no parameter of a query",
            "hand over null, a boolean, a number or a string",
        )
    }
