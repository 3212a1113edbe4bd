package dev.dunlin

import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement

/**
 * How models become documents and back: defaults are written, so that other languages see them;
 * null is left out, and absent and null decode alike; what a model does not know is passed over.
 */
@OptIn(ExperimentalSerializationApi::class)
internal val ModelJson: Json =
    Json {
        encodeDefaults = true
        explicitNulls = false
        coerceInputValues = true
        ignoreUnknownKeys = true
    }

/** A model's encoding; what cannot be encoded is the caller's mistake. */
internal fun <T> encode(serializer: KSerializer<T>, value: T): String =
    encoding { ModelJson.encodeToString(serializer, value).withHalvesEscaped() }

/** What [encode] writes, to be looked at. */
internal fun <T> encodeToElement(serializer: KSerializer<T>, value: T): JsonElement =
    encoding { ModelJson.encodeToJsonElement(serializer, value) }

/** JSON as it is handed over. */
internal fun JsonElement.toText(): String = toString().withHalvesEscaped()

/** A model from a document's JSON. */
internal fun <T> decode(serializer: KSerializer<T>, json: String, name: () -> String): T =
    decoding(serializer, name) { ModelJson.decodeFromString(serializer, json) }

/** [decode], where the JSON is changed before the model reads it. */
internal fun <T> decode(
    serializer: KSerializer<T>,
    json: String,
    name: () -> String,
    change: (JsonElement) -> JsonElement,
): T =
    decoding(serializer, name) {
        // From text again: a decoder of elements tells only the end of the path where it fails.
        ModelJson.decodeFromString(serializer, change(ModelJson.parseToJsonElement(json)).toText())
    }

private inline fun <R> encoding(encode: () -> R): R =
    try {
        encode()
    } catch (cause: SerializationException) {
        throw DunlinException(
            ErrorCode.InvalidInput,
            "the value cannot be encoded: ${cause.message}",
            "keep to what JSON can say: no infinite numbers, strings as keys",
            cause = cause,
        )
    }

/** Halves of surrogate pairs, which UTF-8 cannot say, as escapes: the library refuses them by path. */
private fun String.withHalvesEscaped(): String {
    if (isWellFormed()) return this
    return indices.joinToString("") { at ->
        if (isHalfAt(at)) "\\u%04x".format(this[at].code) else this[at].toString()
    }
}
