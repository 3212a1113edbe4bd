package dev.dunlin

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.flow.map
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import dev.dunlin.ffi.Collection as FfiCollection
import dev.dunlin.ffi.Document as FfiDocument
import dev.dunlin.ffi.Patch as FfiPatch
import dev.dunlin.ffi.PutOutcome as FfiPutOutcome

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
     * @throws DunlinException `AlreadyExists` unless the id is free, `InvalidInput` unless the value is an
     *   object that fits, `LimitExceeded`, `Denied`, `StorageFull`.
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
    public suspend fun get(id: String): Document<T> = document(native(id) { ffi.get(id) })

    /**
     * Reads a document; null if there is none, or it is deleted.
     *
     * @throws DunlinException as [get].
     * @sample dev.dunlin.samples.readDocument
     */
    public suspend fun find(id: String): Document<T>? = nullIfNotFound { get(id) }

    /**
     * Reads a document even if it is deleted, or the model does not read it.
     *
     * @throws DunlinException `NotFound` if it never existed.
     * @sample dev.dunlin.samples.inspectOddDocument
     */
    public suspend fun inspect(id: String): Inspected<T> = inspected(native(id) { ffi.inspect(id) })

    /**
     * Changes a document: `update(id) { it.copy(count = it.count + 1) }`.
     *
     * Only the difference between what was read and what [change] returns is written: fields that the
     * model does not know stay. What this device writes meanwhile is not lost, as in
     * [Space.transaction]: [change] runs again, five times at most in all, where the document has
     * changed since it was read, and has to be fit for that. Updates and transactions on one space take
     * turns, so do what takes time before or after. Another device is not isolated from: what it writes
     * at the same time is merged, and sums across devices are a [Counter].
     *
     * @throws DunlinException `NotFound`, `WrongKind`, `InvalidInput`, `LimitExceeded`, `Denied`,
     *   `StorageFull`; `Unplaceable` where the model shows the document otherwise than it is stored
     *   and a change has no place there; `Busy` (try again) if [change] took 2 seconds, or others kept
     *   on writing; `InvalidInput` inside another update or transaction on the same space. And what
     *   [change] throws.
     * @sample dev.dunlin.samples.updateDocument
     */
    public suspend fun update(id: String, change: suspend (T) -> T): Committed {
        val transacted = space.transact { transaction -> transaction.update(this, id, change) }
        return Committed(transacted.committed.single())
    }

    /**
     * Writes the difference between a document as it was read and a changed copy of its value.
     *
     * What the model leaves out, sorts, folds or replaces while it decodes stays as it is stored;
     * what was changed is written to the item that it came from.
     *
     * @throws DunlinException as [edit]; `Unplaceable` where the model shows the document otherwise than
     *   it is stored and a change has no place there.
     * @sample dev.dunlin.samples.saveForm
     */
    public suspend fun save(read: Document<T>, new: T): Committed {
        val (before, after, keys) = difference(read, new)
        return native(read.id, read.version) { Committed(ffi.save(read.toFfi(), before, after, keys)) }
    }

    /** What saving hands over, once it is known to mean what the model would read. */
    internal fun difference(read: Document<T>, new: T): Difference {
        val before = model.encode(read.value).json
        val (after, keys) = model.encode(new)
        val left = native(read.id, read.version) { ffi.afterSave(read.toFfi(), before, after, keys) }
        if (left != null && !model.reads(left, new, after)) {
            throw DunlinException(
                ErrorCode.Unplaceable,
                "what would be stored of $name/${read.id} is not what the model would read",
                "give the items of its lists a key, or change it by edit()",
            )
        }
        return Difference(before, after, keys)
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
        val json = encode(edits)
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
     * Settles a conflict of a document that was read: what is shown stays, and what lost goes, there and
     * below. In a list item that is gone, it stays gone; a deleted document stays deleted. What others
     * wrote since it was read stays a conflict.
     *
     * @throws DunlinException `StaleVersion` where the conflict is settled already, or what is shown is
     *   not as it was read, `Denied`, `LimitExceeded`, `StorageFull`.
     * @sample dev.dunlin.samples.settleConflicts
     */
    public suspend fun keep(read: Document<T>, conflict: Conflict): Committed =
        keep(read.id, conflict, read.version)

    /** Settles a conflict as the other [keep] does, also of a document that is deleted or that the model does not read. */
    public suspend fun keep(read: Inspected<T>, conflict: Conflict): Committed =
        keep(read.id, conflict, read.version)

    private suspend fun keep(id: String, conflict: Conflict, base: String) =
        native(id, conflict.id, base) { Committed(ffi.keep(id, conflict.id, base)) }

    /**
     * Settles a conflict of a document that was read: what lost takes the place of what is shown, whole.
     * A list item that is gone comes back with what was late, and so does a deleted document.
     *
     * @throws DunlinException as [keep], where what lost is not as it was read.
     * @sample dev.dunlin.samples.settleConflicts
     */
    public suspend fun take(read: Document<T>, conflict: Conflict): Committed =
        take(read.id, conflict, read.version)

    /** Settles a conflict as the other [take] does, also of a document that is deleted or that the model does not read. */
    public suspend fun take(read: Inspected<T>, conflict: Conflict): Committed =
        take(read.id, conflict, read.version)

    private suspend fun take(id: String, conflict: Conflict, base: String) =
        native(id, conflict.id, base) { Committed(ffi.take(id, conflict.id, base)) }

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
        pulled({ native(id) { ffi.watchDocument(id) } }, { it.next() }, { it.stop(); it.close() })
            .map { state -> state.document?.let(::inspected) }

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

    internal fun toFfi(): FfiCollection = ffi

    internal fun encode(value: T) = model.encode(value)

    internal fun encode(edits: Edits.() -> Unit): String = Edits(model.isPlain).apply(edits).toJson()

    internal fun document(read: FfiDocument): Document<T> =
        try {
            Document(read, model.decode(read.json) { "$name/${read.id}" })
        } catch (misfit: Misfit) {
            throw misfit.refusal()
        }

    internal fun inspected(read: FfiDocument): Inspected<T> =
        try {
            Inspected(read, Document(read, model.decode(read.json) { "$name/${read.id}" }), failure = null)
        } catch (misfit: Misfit) {
            Inspected(read, document = null, misfit.unreadable(read.json))
        }
}

/** A model's encoding of a document as it was read, and of its changed copy. */
internal data class Difference(
    val before: String,
    val after: String,
    val keys: Map<String, String>,
)
