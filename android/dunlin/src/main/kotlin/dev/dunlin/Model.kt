package dev.dunlin

import kotlinx.serialization.KSerializer
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

/** A model's encoding, and the fields by which it tells items of lists apart. */
internal class Encoded(
    val json: String,
    val keys: Map<String, String>,
) {
    operator fun component1(): String = json

    operator fun component2(): Map<String, String> = keys
}

/**
 * A model of documents: its values become JSON that says which kinds they are stored as.
 *
 * @param isPlain whether no kinds are said: what is written is taken as it is.
 * @throws DunlinException `InvalidInput` for a type whose items have more than one key.
 */
internal class Model<T>(
    private val serializer: KSerializer<T>,
    val isPlain: Boolean,
) {
    private val shape = Shapes().of(serializer.descriptor)
    private val isMarked = shape.reaches { it.marks() }
    private val hasBytes = shape.reaches { it == Shape.Bytes }

    /** A whole document. */
    fun encode(value: T): Encoded {
        if (!isMarked) return Encoded(encode(serializer, value), emptyMap())
        val marking = Marking()
        val json = encodeToElement(serializer, value)
        val marked = marking.document(shape, json)
        return Encoded((if (isPlain) json else marked).toText(), marking.keys)
    }

    /** Something in a document. */
    fun encodeElement(value: T): JsonElement {
        val json = encodeToElement(serializer, value)
        return if (isMarked && !isPlain) Marking().element(shape, json) else json
    }

    /** Whether the model finds in a document's JSON what it means. */
    fun reads(json: String, meant: T, encoding: String): Boolean {
        val found =
            try {
                decode(json) { "what would be stored" }
            } catch (_: Misfit) {
                return false
            }
        fun normal(text: String) = ModelJson.parseToJsonElement(text).withSetsSorted()
        return found == meant || normal(encode(found).json) == normal(encoding)
    }

    /**
     * A document's plain JSON.
     *
     * @throws Misfit whatever is wrong.
     */
    fun decode(json: String, name: () -> String): T =
        if (hasBytes) decode(serializer, json, name) { unmark(shape, it) } else decode(serializer, json, name)
}

/** A document or row in a list, from its plain JSON. */
internal fun <T : Any> Model<T>.entry(id: String, json: String): Entry<T> =
    try {
        Entry(id, decode(json) { id })
    } catch (misfit: Misfit) {
        Entry(id, failure = misfit.unreadable(json))
    }

/** The same with the elements of each set in one order. */
private fun JsonElement.withSetsSorted(): JsonElement =
    when (this) {
        is JsonObject -> {
            val set = (this["\$set"] as? JsonArray).takeIf { size == 1 }
            when (set) {
                null -> JsonObject(mapValues { (_, value) -> value.withSetsSorted() })
                else -> JsonArray(set.sortedBy(JsonElement::toString))
            }
        }

        is JsonArray -> JsonArray(map(JsonElement::withSetsSorted))

        else -> this
    }

private fun Shape.marks(): Boolean =
    when (this) {
        Shape.AsItIs, Shape.Merging -> false
        is Shape.Fields -> isWhole || fields.keys.any(TAGS::contains)
        is Shape.Items -> kind != ArrayKind.List || key != null
        is Shape.Bytes, is Shape.Entries, is Shape.Cases -> true
    }
