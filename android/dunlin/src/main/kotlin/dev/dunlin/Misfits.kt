package dev.dunlin

import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.KSerializer
import kotlinx.serialization.MissingFieldException

/** Longest reason that is told: a decoder's message may hold all that a peer has written. */
private const val MAX_REASON_CHARS = 300

/** Where a decoder of kotlinx.serialization says that it stood: `$.steps[0].text`. */
private val PLACE = Regex("""\s*,?\s*(?:but it was missing )?(?:at|in) (?:path:?|element:?) (\$(?:\.[^\s.\[\],]+|\[\d+]|\['[^']*'])*)""")

/** A step of such a place. */
private val STEP = Regex("""\.([^\s.\[\],]+)|\[(\d+)]|\['([^']*)']""")

/** What a model does not read; whoever asked for a value gets [refusal]. */
internal class Misfit(
    val path: String,
    val reason: String,
    private val refused: String,
    cause: Throwable,
) : Exception(refused, cause) {
    fun refusal(): DunlinException =
        DunlinException(
            ErrorCode.WrongKind,
            refused,
            "read it with inspect() and mend it with edit() by path, or let the model read such documents too",
            cause = cause,
        )
}

/** What a list tells of it. */
internal fun Misfit.unreadable(json: String): Unreadable =
    Unreadable(path, reason, ModelJson.parseToJsonElement(json))

/** Decodes: whatever a decoder makes of what somebody wrote, it comes out as a [Misfit]. */
internal inline fun <T> decoding(serializer: KSerializer<T>, name: () -> String, decode: () -> T): T =
    try {
        decode()
    } catch (cause: Exception) {
        // Not only a SerializationException: a model's own `init` throws what it likes.
        throw misfit(cause, "${name()} does not fit ${serializer.descriptor.serialName}")
    } catch (cause: StackOverflowError) {
        throw misfit(cause, "${name()} does not fit ${serializer.descriptor.serialName}")
    }

@OptIn(ExperimentalSerializationApi::class)
internal fun misfit(cause: Throwable, what: String): Misfit {
    val message = cause.message ?: cause::class.simpleName.orEmpty()
    val place = PLACE.find(message)
    val missing = (cause as? MissingFieldException)?.missingFields?.singleOrNull()
    val path = pointer(place?.groupValues?.get(1).orEmpty()) + missing?.let { "/$it" }.orEmpty()
    val told = if (place == null) message else message.take(place.range.first)
    val reason = told.lineSequence().first().take(MAX_REASON_CHARS)
    return Misfit(path, reason, what + (if (path.isEmpty()) "" else " at $path") + ": $reason", cause)
}

/** A place as a JSON pointer. */
private fun pointer(place: String): String =
    STEP.findAll(place).joinToString("") { step ->
        val name = step.groupValues.drop(1).first { it.isNotEmpty() || step.value == "['']" }
        "/" + name.replace("~", "~0").replace("/", "~1")
    }
