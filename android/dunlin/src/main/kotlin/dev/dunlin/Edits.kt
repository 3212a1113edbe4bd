package dev.dunlin

import kotlinx.serialization.KSerializer
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.serializer

/**
 * Intents on one document, carried out in order.
 *
 * A path is such as `/address/street`; through a list it names an item by index or by `@ITEM-ID`.
 * Indices of texts are UTF-16 code units, as those of Kotlin's strings are.
 *
 * @sample dev.dunlin.samples.editDocument
 */
public class Edits internal constructor() {
    private val edits = mutableListOf<JsonElement>()

    /** Writes a value, replacing whatever is there. A missing object above it is made. */
    public fun set(path: String, value: JsonElement): Unit = add("set", path, "value" to value)

    /** Writes a serializable value. */
    public inline fun <reified T> set(path: String, value: T): Unit = set(path, toJsonElement(serializer<T>(), value))

    /** Removes a field or a list item; nothing happens where nothing is. */
    public fun remove(path: String): Unit = add("remove", path)

    /** Adds to a counter, making it where nothing is. */
    public fun increment(path: String, by: Long = 1): Unit =
        add("increment", path, "by" to JsonPrimitive(by))

    /** Deletes and inserts in a text, making it where nothing is. */
    public fun splice(path: String, at: Int, delete: Int = 0, insert: String = ""): Unit =
        add(
            "splice",
            path,
            "at" to JsonPrimitive(at),
            "delete" to JsonPrimitive(delete),
            "insert" to JsonPrimitive(insert),
        )

    /** Inserts an item before this index of a list, making the list where nothing is. */
    public fun insert(path: String, at: Int, value: JsonElement): Unit =
        add("insert", path, "at" to JsonPrimitive(at), "value" to value)

    /** Inserts a serializable item. */
    public inline fun <reified T> insert(path: String, at: Int, value: T): Unit =
        insert(path, at, toJsonElement(serializer<T>(), value))

    /** Moves an item of a list from one index to another. */
    public fun move(path: String, from: Int, to: Int): Unit =
        add("move", path, "from" to JsonPrimitive(from), "to" to JsonPrimitive(to))

    /** Deletes an item of a list. */
    public fun deleteItem(path: String, at: Int): Unit =
        add("delete-item", path, "at" to JsonPrimitive(at))

    internal fun toJson(): String = JsonArray(edits).toString()

    @PublishedApi
    internal fun <T> toJsonElement(serializer: KSerializer<T>, value: T): JsonElement =
        ModelJson.encodeToJsonElement(serializer, value)

    private fun add(operation: String, path: String, vararg fields: Pair<String, JsonElement>) {
        val named = arrayOf("op" to JsonPrimitive(operation), "path" to JsonPrimitive(path))
        edits += JsonObject(mapOf(*named, *fields))
    }
}
