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
public class Edits internal constructor(
    private val isPlain: Boolean,
) {
    private val edits = mutableListOf<JsonElement>()

    /** Writes a value, replacing whatever is there. A missing object above it is made. */
    public fun set(path: String, value: JsonElement): Unit = record("set", path, "value" to value)

    /** Writes a serializable value. */
    public inline fun <reified T> set(path: String, value: T): Unit = set(path, toJsonElement(serializer<T>(), value))

    /** Removes a field or a list item; nothing happens where nothing is. */
    public fun remove(path: String): Unit = record("remove", path)

    /** Adds to a counter, making it where nothing is. */
    public fun increment(path: String, by: Long = 1): Unit =
        record("increment", path, "by" to JsonPrimitive(by))

    /** Deletes and inserts in a text, making it where nothing is. */
    public fun splice(path: String, at: Int, delete: Int = 0, insert: String = ""): Unit =
        record(
            "splice",
            path,
            "at" to JsonPrimitive(at),
            "delete" to JsonPrimitive(delete),
            "insert" to JsonPrimitive(insert),
        )

    /** Inserts an item before this index of a list, making the list where nothing is. */
    public fun insert(path: String, at: Int, value: JsonElement): Unit =
        record("insert", path, "at" to JsonPrimitive(at), "value" to value)

    /** Inserts a serializable item. */
    public inline fun <reified T> insert(path: String, at: Int, value: T): Unit =
        insert(path, at, toJsonElement(serializer<T>(), value))

    /** Moves an item of a list from one index to another. */
    public fun move(path: String, from: Int, to: Int): Unit =
        record("move", path, "from" to JsonPrimitive(from), "to" to JsonPrimitive(to))

    /** Deletes an item of a list. */
    public fun deleteItem(path: String, at: Int): Unit =
        record("delete-item", path, "at" to JsonPrimitive(at))

    /** Adds a scalar to a set, making the set where nothing is. */
    public fun add(path: String, element: JsonElement): Unit = record("add", path, "value" to element)

    /** Adds a string to a set, making the set where nothing is. */
    public fun add(path: String, element: String): Unit = add(path, JsonPrimitive(element))

    /** Takes a scalar out of a set; nothing happens where it is not in it. */
    public fun discard(path: String, element: JsonElement): Unit = record("discard", path, "value" to element)

    /** Takes a string out of a set; nothing happens where it is not in it. */
    public fun discard(path: String, element: String): Unit = discard(path, JsonPrimitive(element))

    internal fun toJson(): String = JsonArray(edits).toText()

    @PublishedApi
    internal fun <T> toJsonElement(serializer: KSerializer<T>, value: T): JsonElement =
        Model(serializer, isPlain).encodeElement(value)

    private fun record(operation: String, path: String, vararg fields: Pair<String, JsonElement>) {
        val named = arrayOf("op" to JsonPrimitive(operation), "path" to JsonPrimitive(path))
        edits += JsonObject(mapOf(*named, *fields))
    }
}
