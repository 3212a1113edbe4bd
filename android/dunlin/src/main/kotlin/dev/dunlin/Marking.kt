package dev.dunlin

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.intOrNull
import java.util.Base64

/** The keys that make a tagged form of an object which has one of them and nothing else. */
internal val TAGS: Set<String> =
    setOf("\$text", "\$counter", "\$bytes", "\$value", "\$set", "\$list", "\$attachment", "\$object")

/** Says in the JSON of a model which kinds its type asks for. */
internal class Marking {
    private val place = mutableListOf<String>()

    /** The declared keys of the lists that were met, by pattern path. */
    val keys: MutableMap<String, String> = mutableMapOf()

    /** A whole document, which is an object even where its model would be a value. */
    fun document(shape: Shape, json: JsonElement): JsonElement =
        when {
            shape is Shape.Fields && json is JsonObject -> fields(shape, json, isInValue = false)
            shape is Shape.Cases && json is JsonObject -> case(shape, json, isInValue = false)
            else -> element(shape, json)
        }

    /** Something in a document. */
    fun element(shape: Shape, json: JsonElement): JsonElement = mark(shape, json, isInValue = false)

    /** Inside of a value nothing merges, and arrays are arrays. */
    private fun mark(shape: Shape, json: JsonElement, isInValue: Boolean): JsonElement =
        when {
            shape == Shape.Bytes && json is JsonArray -> bytes(json)
            shape is Shape.Items && json is JsonArray -> items(shape, json, isInValue)
            json !is JsonObject -> json
            shape is Shape.Entries ->
                json.marked { _, value -> at("*") { mark(shape.value, value, isInValue) } }
            shape is Shape.Fields -> {
                val isWhole = shape.isWhole && !isInValue
                fields(shape, json, isInValue || isWhole).let { if (isWhole) tagged("\$value", it) else it }
            }
            shape is Shape.Cases -> {
                val isWhole = shape.isWhole && !isInValue
                case(shape, json, isInValue || isWhole).let { if (isWhole) tagged("\$value", it) else it }
            }
            else -> json
        }

    private fun fields(shape: Shape.Fields, json: JsonObject, isInValue: Boolean): JsonObject =
        json.marked { name, value ->
            shape.fields[name]?.let { field -> at(name) { mark(field, value, isInValue) } } ?: value
        }

    private fun case(shape: Shape.Cases, json: JsonObject, isInValue: Boolean): JsonObject =
        when (val case = shape.caseOf(json)) {
            is Shape.Fields -> fields(case, json, isInValue)
            else -> json.marked { _, value -> value }
        }

    private fun items(shape: Shape.Items, json: JsonArray, isInValue: Boolean): JsonElement {
        val isValue = isInValue || shape.kind == ArrayKind.Numbers
        val items = JsonArray(at("*") { json.map { mark(shape.item, it, isValue) } })
        return when {
            isInValue -> items
            shape.kind == ArrayKind.Numbers -> tagged("\$value", items)
            shape.kind == ArrayKind.MergingNumbers -> tagged("\$list", items)
            shape.kind == ArrayKind.Set && items.all { it is JsonPrimitive } -> tagged("\$set", items)
            else -> {
                if (shape.key != null) keys[place.joinToString("") { "/$it" }] = shape.key
                items
            }
        }
    }

    private inline fun <R> at(step: String, call: () -> R): R {
        place += step.replace("~", "~0").replace("/", "~1")
        return call().also { place.removeLast() }
    }
}

/** A document's plain JSON as a model reads it: bytes come as base64. */
internal fun unmark(shape: Shape, json: JsonElement): JsonElement =
    when {
        shape == Shape.Bytes -> (json as? JsonPrimitive)?.takeIf { it.isString }?.let(::numbers) ?: json
        shape is Shape.Items && json is JsonArray -> JsonArray(json.map { unmark(shape.item, it) })
        json !is JsonObject -> json
        shape is Shape.Entries -> JsonObject(json.mapValues { unmark(shape.value, it.value) })
        shape is Shape.Fields ->
            JsonObject(json.mapValues { (name, value) -> shape.fields[name]?.let { unmark(it, value) } ?: value })
        shape is Shape.Cases -> shape.caseOf(json)?.let { unmark(it, json) } ?: json
        else -> json
    }

private fun Shape.Cases.caseOf(json: JsonObject): Shape? =
    (json[discriminator] as? JsonPrimitive)?.contentOrNull?.let(cases::get)

/** An object of a model, in its own form where it would read as a tagged one. */
private inline fun JsonObject.marked(mark: (String, JsonElement) -> JsonElement): JsonObject {
    val fields = JsonObject(mapValues { (name, value) -> mark(name, value) })
    return if (fields.size == 1 && fields.keys.first() in TAGS) tagged("\$object", fields) else fields
}

private fun tagged(tag: String, content: JsonElement) = JsonObject(mapOf(tag to content))

private fun bytes(json: JsonArray): JsonElement {
    val numbers = json.map { (it as? JsonPrimitive)?.intOrNull ?: return json }
    val bytes = ByteArray(numbers.size) { numbers[it].toByte() }
    return tagged("\$bytes", JsonPrimitive(Base64.getEncoder().encodeToString(bytes)))
}

/** What base64 says, as kotlinx.serialization reads bytes; null for what is none. */
private fun numbers(base64: JsonPrimitive): JsonArray? =
    try {
        JsonArray(Base64.getDecoder().decode(base64.content).map { JsonPrimitive(it) })
    } catch (_: IllegalArgumentException) {
        null
    }
