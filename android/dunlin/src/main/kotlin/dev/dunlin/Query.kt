package dev.dunlin

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonArray
import dev.dunlin.ffi.Rows as FfiRows

/**
 * A query's result.
 *
 * @property columns the columns' names.
 * @property rows the rows, in the query's order.
 * @property hasMore whether there are more than these; only a query that is followed leaves some out.
 * @property refusal of a query that is followed: why the rows are those of an earlier moment, as in
 *   [Entries.refusal].
 */
public data class QueryResult(
    public val columns: List<String>,
    public val rows: List<Row>,
    public val hasMore: Boolean = false,
    public val refusal: DunlinException? = null,
) {
    internal constructor(rows: FfiRows) :
        this(rows.columns, rows.rows.map { Row(rows.columns, cells(it)) }, rows.more)

    override fun toString(): String = "QueryResult($columns, ${rows.size} rows)"
}

/**
 * One row of a result.
 *
 * @param columns the columns' names.
 * @property cells its cells, in the order of the columns.
 */
public class Row(
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
public data class QueryPlan(
    public val steps: List<String>,
    public val warnings: List<String>,
) {
    internal constructor(plan: dev.dunlin.ffi.Plan) : this(plan.steps, plan.warnings)
}

internal fun cells(row: String): List<JsonElement> = ModelJson.parseToJsonElement(row).jsonArray

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
