package dev.dunlin

import kotlinx.serialization.KSerializer
import kotlinx.serialization.Serializable
import kotlinx.serialization.SerializationException
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.PrimitiveSerialDescriptor
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.json.JsonDecoder
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonEncoder
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.long

/**
 * Text that several people edit at once, as a field of a model: an update turns what changed in it
 * into splices. A field of type `String` is replaced whole.
 *
 * @property text the text.
 */
@Serializable(MergeableTextSerializer::class)
public data class MergeableText(
    public val text: String = "",
) {
    override fun toString(): String = text
}

/**
 * A number that adds up what everybody added, as a field of a model: an update turns the
 * difference into an increment. A field of type `Int` or `Long` is replaced whole.
 *
 * @property sum what everybody added.
 */
@Serializable(CounterSerializer::class)
public data class Counter(
    public val sum: Long = 0,
) {
    /** The counter after another addition. */
    public operator fun plus(by: Long): Counter = Counter(sum + by)

    /** The counter after another subtraction. */
    public operator fun minus(by: Long): Counter = Counter(sum - by)

    override fun toString(): String = sum.toString()
}

internal object MergeableTextSerializer : TaggedSerializer<MergeableText>("text") {
    override fun write(value: MergeableText) = JsonPrimitive(value.text)

    override fun read(content: JsonPrimitive) = MergeableText(content.content)
}

internal object CounterSerializer : TaggedSerializer<Counter>("counter") {
    override fun write(value: Counter) = JsonPrimitive(value.sum)

    override fun read(content: JsonPrimitive) = Counter(content.long)
}

/** Writes `{"$kind": …}`; reads that, and what plain JSON has in its place. */
internal abstract class TaggedSerializer<T>(
    private val kind: String,
) : KSerializer<T> {
    abstract fun write(value: T): JsonPrimitive

    abstract fun read(content: JsonPrimitive): T

    override val descriptor: SerialDescriptor =
        PrimitiveSerialDescriptor("dev.dunlin.$kind", PrimitiveKind.STRING)

    override fun serialize(encoder: Encoder, value: T) {
        val json = encoder as? JsonEncoder ?: throw SerializationException("only JSON has a $kind")
        json.encodeJsonElement(JsonObject(mapOf("$$kind" to write(value))))
    }

    override fun deserialize(decoder: Decoder): T {
        val json = decoder as? JsonDecoder ?: throw SerializationException("only JSON has a $kind")
        return read(content(json.decodeJsonElement()))
    }

    private fun content(element: JsonElement): JsonPrimitive {
        val content = if (element is JsonObject) element["$$kind"] else element
        return content as? JsonPrimitive ?: throw SerializationException("$element is no $kind")
    }
}

/**
 * A place in a text that moves with it when others edit; see [DocumentCollection.anchor].
 *
 * @property name its text form, which may be stored.
 */
@JvmInline
public value class Anchor(
    public val name: String,
) {
    override fun toString(): String = name
}
