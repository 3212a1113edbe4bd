package dev.dunlin

import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.KSerializer
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.descriptors.SerialKind
import kotlinx.serialization.descriptors.StructureKind
import kotlinx.serialization.encoding.CompositeDecoder
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.intOrNull
import kotlinx.serialization.json.jsonPrimitive

/** A model of a query's rows: a class with a property for each column that it wants. */
@OptIn(ExperimentalSerializationApi::class)
internal class RowModel<T : Any>(private val serializer: KSerializer<T>) {
    private val model = Model(serializer, isPlain = true)

    /** A row as an entry; [place] is its id if it has no column `id`. */
    fun entry(columns: List<String>, cells: List<JsonElement>, place: Int): Entry<T> {
        val id = cells.getOrNull(columns.indexOf("id"))
        val name = if (id is JsonPrimitive) id.content else place.toString()
        val row = JsonObject(columns.zip(cells).associate { (column, cell) -> column to fitted(column, cell) })
        return model.entry(name, row.toText())
    }

    /** A cell as the model wants it: SQL has no truth values, and objects are text there. */
    private fun fitted(column: String, cell: JsonElement): JsonElement {
        if (cell !is JsonPrimitive) return cell
        val kind = wanted(column)?.kind
        return when {
            kind == PrimitiveKind.BOOLEAN && !cell.isString ->
                when (cell.intOrNull) {
                    0 -> JsonPrimitive(false)
                    1 -> JsonPrimitive(true)
                    else -> cell
                }
            kind == null || kind is PrimitiveKind || kind == SerialKind.ENUM || !cell.isString -> cell
            else -> nested(cell.content) ?: cell
        }
    }

    /** What the model has in a column's place. */
    private fun wanted(column: String): SerialDescriptor? {
        val descriptor = serializer.descriptor
        if (descriptor.kind == StructureKind.MAP) return descriptor.getElementDescriptor(1)
        val index = descriptor.getElementIndex(column)
        if (index == CompositeDecoder.UNKNOWN_NAME) return null
        var wanted = descriptor.getElementDescriptor(index)
        while (wanted.isInline) wanted = wanted.getElementDescriptor(0)
        return wanted
    }

    private fun nested(text: String): JsonElement? =
        runCatching { ModelJson.parseToJsonElement(text) }.getOrNull()
            .takeIf { it is JsonObject || it is JsonArray }
}
