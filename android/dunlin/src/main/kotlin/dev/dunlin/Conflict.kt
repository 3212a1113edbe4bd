package dev.dunlin

import kotlinx.serialization.json.JsonElement
import dev.dunlin.ffi.Author as FfiAuthor
import dev.dunlin.ffi.Conflict as FfiConflict
import dev.dunlin.ffi.Evidence as FfiEvidence
import dev.dunlin.ffi.Listed as FfiListed
import dev.dunlin.ffi.Side as FfiSide

/**
 * A value that lost against a concurrent write, until somebody settles it: [DocumentCollection.keep],
 * [DocumentCollection.take], or any write of its path by one who has read it.
 *
 * @property id names it, for as long as the same value has lost at the same place.
 * @property path where.
 * @property shown what is there; of a deleted document, that it is deleted.
 * @property lost what lost.
 * @property item in a list item that is gone: what it was, its `id` or the beginning of what it said, if
 *   this device had it.
 */
public data class Conflict(
    public val id: String,
    public val path: String,
    public val shown: Side,
    public val lost: Side,
    public val item: String?,
) {
    internal constructor(conflict: FfiConflict) :
        this(conflict.id, conflict.path, Side(conflict.shown), Side(conflict.lost), conflict.item)

    override fun toString(): String = "Conflict($path: ${lost.value} against ${shown.value})"
}

/**
 * One of the two that a conflict is between.
 *
 * @property value what it says; null if that is that nothing is there.
 * @property author who wrote it, as far as that is known.
 * @property timeMillis the writer's wall clock, in milliseconds since 1970, if one writer wrote it.
 * @property isAtCreation whether it is what the document began with, which nobody in particular wrote.
 */
public data class Side(
    public val value: JsonElement?,
    public val author: Author?,
    public val timeMillis: Long?,
    public val isAtCreation: Boolean,
) {
    internal constructor(side: FfiSide) : this(
        side.json?.let(ModelJson::parseToJsonElement),
        side.author?.let(::Author),
        side.timeMs,
        side.atCreation,
    )

    override fun toString(): String = "Side($value, ${author?.device?.name})"
}

/**
 * Who wrote something: a claim of members, never a permission.
 *
 * @property device the device.
 * @property known how that is known.
 */
public data class Author(
    public val device: Device,
    public val known: Evidence,
) {
    internal constructor(author: FfiAuthor) : this(Device(author.device), author.known.toDunlin())

    override fun toString(): String = "Author(${device.name}, $known)"
}

/** How it is known who wrote something. */
public enum class Evidence {
    /** It was written here. */
    Own,

    /** A device says so in its writers' book, and no other does. */
    Book,
}

private fun FfiEvidence.toDunlin(): Evidence =
    when (this) {
        FfiEvidence.OWN -> Evidence.Own
        FfiEvidence.BOOK -> Evidence.Book
    }

/**
 * A document that somebody has to look at.
 *
 * @property collection its collection.
 * @property id its id.
 * @property isDeleted whether it is deleted.
 * @property hasConflicts whether something in it lost against a concurrent write, or came after its
 *   deletion.
 */
public data class Listed(
    public val collection: String,
    public val id: String,
    public val isDeleted: Boolean,
    public val hasConflicts: Boolean,
) {
    internal constructor(listed: FfiListed) :
        this(listed.collection, listed.id, listed.isDeleted, listed.hasConflicts)

    internal fun toFfi(): FfiListed = FfiListed(collection, id, isDeleted, hasConflicts)

    override fun toString(): String = "Listed($collection/$id)"
}
