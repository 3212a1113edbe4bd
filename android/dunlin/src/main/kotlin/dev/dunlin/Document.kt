package dev.dunlin

import kotlinx.serialization.json.JsonElement
import dev.dunlin.ffi.Document as FfiDocument

/**
 * A snapshot of a document.
 *
 * @param T the model.
 * @property value the content; the last content if the document is deleted.
 */
public class Document<T : Any> internal constructor(
    private val ffi: FfiDocument,
    public val value: T,
) {
    /** The id within its collection. */
    public val id: String get() = ffi.id

    /** The causal context of this read: the `base` of an edit that follows from it. */
    public val version: String get() = ffi.version

    /** Everything that the document holds, also what the model does not know. */
    public val json: JsonElement by lazy { ModelJson.parseToJsonElement(ffi.json) }

    /**
     * Values that lost against a concurrent write, until somebody writes there having seen them.
     *
     * @sample dev.dunlin.samples.readConflicts
     */
    public val conflicts: List<Conflict> = ffi.conflicts.map(::Conflict)

    /** Whether it is deleted; only [DocumentCollection.inspect] returns such a one. */
    public val isDeleted: Boolean get() = ffi.isDeleted

    internal fun toFfi(): FfiDocument = ffi

    override fun toString(): String = "Document($id)"
}

/**
 * A write that is on disk.
 *
 * @property id the document's id.
 * @property seq the commit's place in the change feed; the document's last one if nothing changed.
 * @property version the document as this write left it: the base for the caller's next edit.
 * @property paths the paths that changed; empty if the document was like that already.
 */
public class Committed internal constructor(
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
public class PutOutcome internal constructor(
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
