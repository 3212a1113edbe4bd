package dev.dunlin

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.transformWhile
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import dev.dunlin.ffi.Collection as FfiCollection
import dev.dunlin.ffi.Document as FfiDocument
import dev.dunlin.ffi.Patch as FfiPatch
import dev.dunlin.ffi.PutOutcome as FfiPutOutcome

/** How often [DocumentCollection.update] reads again where a base has become too old. */
private const val UPDATE_ATTEMPTS = 5

/**
 * The documents of one collection, seen through a model.
 *
 * Every write is on disk when it returns. A write whose caller was cancelled may or may not have
 * happened: writing by id again is safe.
 *
 * @param T the model: a `@Serializable` class. It need not know all fields that documents have.
 */
public class DocumentCollection<T : Any> internal constructor(
    private val ffi: FfiCollection,
    private val space: Space,
    private val model: Model<T>,
) {
    /** The collection's name. */
    public val name: String = native { ffi.name() }

    /** Makes a new id: a UUID of version 7, so ids sort by creation. */
    public fun newId(): String = native { ffi.newId() }

    /**
     * Creates a document.
     *
     * @param id its id, which must be free; a new one if null.
     * @throws DunlinException `InvalidInput` unless the value is an object that fits and the id is
     *   free, `LimitExceeded`, `Denied`, `StorageFull`.
     * @sample dev.dunlin.samples.insertDocument
     */
    public suspend fun insert(value: T, id: String? = null): Committed {
        val json = model.encode(value).json
        return native(id) { Committed(ffi.insert(id, json)) }
    }

    /**
     * Creates a document, or overwrites the fields of the model in one that is there; its other
     * fields stay, and so do fields that are null in [value].
     *
     * @param base the version that was read: what others wrote since becomes a conflict instead of
     *   being overwritten unseen.
     * @throws DunlinException `InvalidInput` unless the value is an object that fits,
     *   `StaleVersion` where the base is too old, `LimitExceeded`, `Denied`, `StorageFull`.
     * @sample dev.dunlin.samples.putDocument
     */
    public suspend fun put(id: String, value: T, base: String? = null): Committed {
        val (json, keys) = model.encode(value)
        return native(id, base) { Committed(ffi.put(id, json, base, keys)) }
    }

    /**
     * Makes a document what [value] says, or creates it: fields that the model does not know are
     * removed. What is there keeps its kind: a text is changed where it differs, a list item by item.
     *
     * @param base the version that was read: what others added since stays, and what else they wrote
     *   becomes a conflict instead of being overwritten unseen.
     * @throws DunlinException as [put].
     * @sample dev.dunlin.samples.replaceDocument
     */
    public suspend fun replace(id: String, value: T, base: String? = null): Committed {
        val (json, keys) = model.encode(value)
        return native(id, base) { Committed(ffi.replace(id, json, base, keys)) }
    }

    /**
     * [put] for many documents at once, in one or few commits; each stands or falls alone, and the
     * answers come in order.
     *
     * @throws DunlinException `InvalidInput` for an id or a value that cannot be: then nothing is
     *   written.
     * @sample dev.dunlin.samples.putManyDocuments
     */
    public suspend fun putAll(values: Map<String, T>): List<PutOutcome> {
        val encoded = values.mapValues { (_, value) -> model.encode(value) }
        val keys = encoded.values.fold(emptyMap<String, String>()) { all, one -> all + one.keys }
        val patches = encoded.filterKeys { it.isWellFormed() }.map { (id, it) -> FfiPatch(id, it.json) }
        val outcomes = native { ffi.putMany(patches, keys) }.iterator()
        return encoded.keys.map { id ->
            if (!id.isWellFormed()) return@map PutOutcome(id, null, halfOfAPair())
            when (val outcome = outcomes.next()) {
                is FfiPutOutcome.Done -> PutOutcome(id, Committed(outcome.committed), null)
                is FfiPutOutcome.Refused -> PutOutcome(id, null, outcome.error.toDunlin())
            }
        }
    }

    /**
     * Reads a document.
     *
     * @throws DunlinException `NotFound` if there is none, or it is deleted; `WrongKind` if the model
     *   does not read it: [inspect] does.
     */
    public suspend fun get(id: String): Document<T> {
        val read = native(id) { ffi.get(id) }
        try {
            return Document(read, model.decode(read.json) { "$name/$id" })
        } catch (misfit: Misfit) {
            throw misfit.refusal()
        }
    }

    /**
     * Reads a document; null if there is none, or it is deleted.
     *
     * @throws DunlinException as [get].
     * @sample dev.dunlin.samples.readDocument
     */
    public suspend fun find(id: String): Document<T>? =
        try {
            get(id)
        } catch (refusal: DunlinException) {
            if (refusal.code == ErrorCode.NotFound) null else throw refusal
        }

    /**
     * Reads a document even if it is deleted, or the model does not read it.
     *
     * @throws DunlinException `NotFound` if it never existed.
     * @sample dev.dunlin.samples.inspectOddDocument
     */
    public suspend fun inspect(id: String): Inspected<T> = inspected(native(id) { ffi.inspect(id) })

    /**
     * Changes a document: `update(id) { it.copy(done = true) }`.
     *
     * Only the difference between what was read and what [change] returns is written: what others
     * wrote meanwhile and fields that the model does not know stay. [change] runs again on a new
     * read in the rare case that the difference cannot be mapped onto what others wrote.
     *
     * @throws DunlinException `NotFound`, `WrongKind`, `InvalidInput`, `LimitExceeded`, `Denied`,
     *   `StorageFull`; `Unplaceable` where the model shows the document otherwise than it is stored
     *   and a change has no place there; `StaleVersion` if others kept on writing.
     * @sample dev.dunlin.samples.updateDocument
     */
    public suspend fun update(id: String, change: suspend (T) -> T): Committed {
        repeat(UPDATE_ATTEMPTS - 1) {
            try {
                val read = get(id)
                return save(read, change(read.value))
            } catch (refusal: DunlinException) {
                if (refusal.code != ErrorCode.StaleVersion) throw refusal
            }
        }
        val read = get(id)
        return save(read, change(read.value))
    }

    /**
     * Writes the difference between a document as it was read and a changed copy of its value.
     *
     * What the model leaves out, sorts, folds or replaces while it decodes stays as it is stored;
     * what was changed is written to the item that it came from.
     *
     * @throws DunlinException as [update]; `StaleVersion` means: read again and retry.
     * @sample dev.dunlin.samples.saveForm
     */
    public suspend fun save(read: Document<T>, new: T): Committed {
        val before = model.encode(read.value).json
        val (after, keys) = model.encode(new)
        val left = native { ffi.afterSave(read.toFfi(), before, after, keys) }
        if (left != null && !model.reads(left, new, after)) {
            throw DunlinException(
                ErrorCode.Unplaceable,
                "what would be stored of $name/${read.id} is not what the model would read",
                "give the items of its lists a key, or change it by edit()",
            )
        }
        return native { Committed(ffi.save(read.toFfi(), before, after, keys)) }
    }

    /**
     * Carries out edits in order, all or none: `edit(id) { increment("/count", 2) }`.
     *
     * @param base the version that paths and indices mean, mapped forward from there; the document
     *   as it is if null.
     * @throws DunlinException `NotFound`, `WrongKind`, `InvalidInput`, `StaleVersion` (read again
     *   and retry), `LimitExceeded`, `Denied`, `StorageFull`.
     * @sample dev.dunlin.samples.editDocument
     */
    public suspend fun edit(
        id: String,
        base: String? = null,
        edits: Edits.() -> Unit,
    ): Committed {
        val json = Edits(model.isPlain).apply(edits).toJson()
        return native(id, base) { Committed(ffi.edit(id, json, base)) }
    }

    /**
     * A cursor before the character at [index] (UTF-16 code units) of the text at [path], which
     * stays there when others edit. Good for as long as the text is there.
     *
     * @throws DunlinException `NotFound` or `WrongKind` where no text is, `InvalidInput` for an
     *   index out of range.
     * @sample dev.dunlin.samples.markPlace
     */
    public suspend fun anchor(id: String, path: String, index: Int): Anchor {
        val unsigned = index.coerceAtLeast(0).toUInt()
        return native(id, path) { Anchor(ffi.anchor(id, path, unsigned)) }
    }

    /**
     * Where an anchor stands now, in UTF-16 code units.
     *
     * @throws DunlinException `NotFound` if the text is gone.
     */
    public suspend fun resolve(id: String, anchor: Anchor): Int =
        native(id, anchor.name) { ffi.resolve(id, anchor.name).toInt() }

    /**
     * Deletes a document. An edit that somebody makes meanwhile is kept as a conflict.
     *
     * @throws DunlinException `NotFound`, `Denied`, `StorageFull`.
     * @sample dev.dunlin.samples.deleteAndRestore
     */
    public suspend fun delete(id: String): Committed = native(id) { Committed(ffi.delete(id)) }

    /**
     * Brings a deleted document back as it was.
     *
     * @throws DunlinException `NotFound` unless it is deleted, `Denied`, `StorageFull`.
     * @sample dev.dunlin.samples.deleteAndRestore
     */
    public suspend fun restore(id: String): Committed = native(id) { Committed(ffi.restore(id)) }

    /**
     * Begins a document anew from its present content, where removing gives no room any more (too
     * many writers or texts), or where two copies contradict each other. Its history goes, and
     * versions read before are stale. On every device it takes the place of the old one; what a
     * device alone had shows there among the conflicts.
     *
     * @throws DunlinException `NotFound` if there is none or it is deleted, `LimitExceeded`,
     *   `Denied`, `StorageFull`.
     */
    public suspend fun refound(id: String): Committed = native(id) { Committed(ffi.refound(id)) }

    /**
     * Follows documents: the list, then the new list whenever it has changed. Begins before the first
     * document too. An entry that did not change is the same object; one that the model does not read
     * is a failure, and a value again when it is mended.
     *
     * Beyond [limit], 10,000 documents or 8 MiB the list has the first ones and says that there are
     * more. The flow fails with `InvalidInput` or `Denied` for SQL that is wrong or reads what it may
     * not. What documents hold ends nothing.
     *
     * @param where SQL over `id`, `doc` and `has_conflicts`, such as `json_extract(doc, '$.done') = ?`;
     *   all documents if null.
     * @param parameters the values for the `?` in it, and for those in [orderBy]: null, booleans,
     *   numbers and strings.
     * @param orderBy SQL as it stands behind `ORDER BY`, such as `json_extract(doc, '$.due') DESC`; what
     *   is alike in it, or all of it if null, is in the order of the ids.
     * @param limit how many documents at most.
     * @sample dev.dunlin.samples.watchOpenInspections
     */
    public fun watch(
        where: String? = null,
        vararg parameters: Any?,
        orderBy: String? = null,
        limit: Int? = null,
    ): Flow<Entries<T>> {
        val encoded = encodeParameters(parameters.asList())
        val most = limit?.coerceAtLeast(0)?.toUInt()
        return following({
            native(where, orderBy, encoded) { ffi.watch(where, encoded, orderBy, most) }
        }) { _, row, _ ->
            val (id, doc) = cells(row).map { it.jsonPrimitive.content }
            model.entry(id, doc)
        }.map { Entries(it.rows, it.hasMore, it.refusal) }
    }

    /**
     * Follows how many documents there are for which a condition holds. While some document holds
     * what the condition cannot be asked of, the last count stands.
     *
     * The flow fails as that of [watch] does.
     *
     * @sample dev.dunlin.samples.countOpenInspections
     */
    public fun watchCount(where: String? = null, vararg parameters: Any?): Flow<Long> {
        val encoded = encodeParameters(parameters.asList())
        return following({ native(where, encoded) { ffi.watchCount(where, encoded) } }) { _, row, _ ->
            cells(row).single().jsonPrimitive.long
        }.filter { it.refusal == null }.map { it.rows.single() }
    }

    /**
     * Follows one document, with its version: at once, then whenever it has changed; null while
     * there is none, or it is deleted. Changes that come faster than they are taken are told as
     * one. Ends when the node is shut down, and never for what the document holds.
     *
     * @sample dev.dunlin.samples.watchOneDocument
     */
    public fun watchDocument(id: String): Flow<Inspected<T>?> =
        space.touches(name, id).transformWhile { touch ->
            val read = runCatching { findAwake(id) }
            val refusal = read.exceptionOrNull() as? DunlinException
            val isEnd = touch != null && refusal?.code == ErrorCode.Closed
            if (!isEnd) emit(read.getOrThrow())
            !isEnd
        }

    /**
     * Opens a [MergeableText] of a document for a text field. It need not be there yet; the
     * document has to.
     *
     * @param path where it is, such as `/notes`, or `/steps/0/note` for one in a list: that one is
     *   followed also when items are inserted, moved or deleted around it.
     * @param scope what the editor works in; it should live as long as the field.
     * @throws DunlinException `NotFound`; `WrongKind` if there is something else at the path,
     *   `InvalidInput` for what is no path.
     * @sample dev.dunlin.samples.editNotes
     */
    public suspend fun editText(id: String, path: String, scope: CoroutineScope): TextEditor {
        val (place, text) = TextPlace.find(ffi, id, path)
        val first = TextDraft(text.content, text.version)
        return TextEditor(place, first, space.touches(name, id), scope)
    }

    /** The document, unless it is deleted; waits while the node is suspended. */
    private suspend fun findAwake(id: String): Inspected<T>? {
        while (true) {
            try {
                return inspect(id).takeUnless { it.isDeleted }
            } catch (refusal: DunlinException) {
                if (refusal.code == ErrorCode.NotFound) return null
                if (refusal.code != ErrorCode.Suspended) throw refusal
            }
            delay(SUSPENDED_PAUSE)
        }
    }

    internal fun toFfi(): FfiCollection = ffi

    private fun inspected(read: FfiDocument): Inspected<T> =
        try {
            Inspected(read, Document(read, model.decode(read.json) { "$name/${read.id}" }), failure = null)
        } catch (misfit: Misfit) {
            Inspected(read, document = null, misfit.unreadable(read.json))
        }
}
