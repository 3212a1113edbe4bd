package dev.dunlin

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import dev.dunlin.ffi.Document as FfiDocument

/**
 * A snapshot of a document.
 *
 * @param T the model.
 * @property id the id within its collection.
 * @property value the content; the last content if the document is deleted.
 * @property version the causal context of this read: the `base` of an edit that follows from it.
 * @property conflicts values that lost against a concurrent write, until somebody writes there
 *   having seen them.
 * @property isDeleted whether it is deleted; only [DocumentCollection.inspect] returns such a one.
 */
public class Document<out T : Any> private constructor(
    public val id: String,
    public val value: T,
    public val version: String,
    public val conflicts: List<Conflict>,
    public val isDeleted: Boolean,
    private val stored: Stored,
) {
    /** Makes one as a read would, for previews and fakes. */
    public constructor(
        id: String,
        value: T,
        version: String = "",
        json: JsonElement = JsonNull,
        conflicts: List<Conflict> = emptyList(),
        isDeleted: Boolean = false,
    ) : this(id, value, version, conflicts, isDeleted, Stored(json.toText(), json.toText()))

    internal constructor(ffi: FfiDocument, value: T) :
        this(ffi.id, value, ffi.version, ffi.conflicts.map(::Conflict), ffi.isDeleted, Stored(ffi.json, ffi.taggedJson))

    /**
     * Everything that the document holds, also what the model does not know.
     *
     * @sample dev.dunlin.samples.readConflicts
     */
    public val json: JsonElement by lazy { ModelJson.parseToJsonElement(stored.json) }

    internal fun toFfi(): FfiDocument =
        FfiDocument(id, stored.json, stored.tagged, version, emptyList(), isDeleted)

    override fun equals(other: Any?): Boolean =
        other is Document<*> && id == other.id && value == other.value && version == other.version &&
            conflicts == other.conflicts && isDeleted == other.isDeleted && json == other.json

    override fun hashCode(): Int = 31 * id.hashCode() + version.hashCode()

    override fun toString(): String = "Document($id)"

    /** A document's JSON, plain and with its kinds. */
    private class Stored(val json: String, val tagged: String)
}

/**
 * A document as it is, whether or not a model reads it.
 *
 * @param T the model.
 * @property id the id within its collection.
 * @property version the causal context of this read: the `base` of an edit that follows from it.
 * @property json everything that the document holds; what it held last if it is deleted.
 * @property conflicts values that lost against a concurrent write.
 * @property isDeleted whether it is deleted.
 * @property document the document as the model reads it, unless there is a [failure].
 * @property failure why the model does not read it.
 * @sample dev.dunlin.samples.inspectOddDocument
 */
public data class Inspected<out T : Any>(
    public val id: String,
    public val version: String,
    public val json: JsonElement,
    public val conflicts: List<Conflict> = emptyList(),
    public val isDeleted: Boolean = false,
    public val document: Document<T>? = null,
    public val failure: Unreadable? = null,
) {
    internal constructor(ffi: FfiDocument, document: Document<T>?, failure: Unreadable?) : this(
        ffi.id,
        ffi.version,
        ModelJson.parseToJsonElement(ffi.json),
        ffi.conflicts.map(::Conflict),
        ffi.isDeleted,
        document,
        failure,
    )

    /** What the model reads; null where there is a [failure]. */
    public val value: T? get() = document?.value

    override fun toString(): String = "Inspected($id)"
}

/**
 * A write that is on disk.
 *
 * @property id the document's id.
 * @property seq the commit's place in the change feed; the document's last one if nothing changed.
 * @property version the document as this write left it: the base for the caller's next edit.
 * @property paths the paths that changed; empty if the document was like that already.
 */
public data class Committed(
    public val id: String,
    public val seq: Long,
    public val version: String,
    public val paths: List<String>,
) {
    internal constructor(committed: dev.dunlin.ffi.Committed) :
        this(committed.id, committed.seq, committed.version, committed.paths)

    override fun toString(): String = "Committed($id, seq $seq)"
}

/**
 * What became of one document of many.
 *
 * @property id the document's id.
 * @property committed the write, if it is on disk.
 * @property refusal why it was refused, if it was.
 */
public data class PutOutcome(
    public val id: String,
    public val committed: Committed?,
    public val refusal: DunlinException?,
) {
    /**
     * The write.
     *
     * @throws DunlinException if it was refused.
     */
    public fun getOrThrow(): Committed = committed ?: throw checkNotNull(refusal)
}
