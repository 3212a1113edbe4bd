package dev.dunlin

import kotlin.concurrent.Volatile
import dev.dunlin.ffi.Transaction as FfiTransaction

/**
 * One run of a transaction: what it reads, and what it means to write. See [Space.transaction].
 *
 * Nothing is written before the closure has come to its end, so writing only notes what is meant; what
 * is refused is refused at the commit, with the document's name, and then nothing is written. At most
 * 1,000 documents, 4,000 writes and 8 MiB of JSON. All functions refuse with `LimitExceeded` beyond
 * that, and with `InvalidInput` for a collection of another space.
 */
public class Transaction internal constructor(
    ffi: FfiTransaction,
) {
    /** Null once the run is over. */
    @Volatile
    private var ffi: FfiTransaction? = ffi

    /**
     * Reads a document as it is behind what this transaction has written to it so far.
     *
     * @throws DunlinException `NotFound` if there is none, or it is deleted; `InvalidInput` if it does
     *   not fit the model; `Busy` if something that was read before has changed: let it through, the
     *   transaction runs again.
     * @sample dev.dunlin.samples.moveMinutes
     */
    public suspend fun <T : Any> get(collection: DocumentCollection<T>, id: String): Document<T> =
        collection.document(native(id) { ffi().get(collection.toFfi(), id) })

    /**
     * Reads a document; null if there is none, or it is deleted.
     *
     * @throws DunlinException as [get].
     */
    public suspend fun <T : Any> find(collection: DocumentCollection<T>, id: String): Document<T>? =
        nullIfNotFound { get(collection, id) }

    /**
     * Reads a document even if it is deleted, or the model does not read it.
     *
     * @throws DunlinException as [get]; `NotFound` if it never existed.
     */
    public suspend fun <T : Any> inspect(collection: DocumentCollection<T>, id: String): Inspected<T> =
        collection.inspected(native(id) { ffi().inspect(collection.toFfi(), id) })

    /**
     * Runs a query as [Space.query] does. It sees what is committed, not what this transaction has
     * written; the collections that it reads count as read.
     *
     * @throws DunlinException as [Space.query], and `Busy` as [get].
     */
    public suspend fun query(sql: String, vararg parameters: Any?): QueryResult {
        val encoded = encodeParameters(parameters.asList())
        return native(sql, encoded) { QueryResult(ffi().query(sql, encoded)) }
    }

    /**
     * Creates a document, which must not be there; returns its id.
     *
     * @param id its id; a new one if null.
     */
    public fun <T : Any> insert(collection: DocumentCollection<T>, value: T, id: String? = null): String {
        val (json, _) = collection.encode(value)
        val name = id ?: collection.newId()
        native(name) { ffi().insert(collection.toFfi(), name, json) }
        return name
    }

    /** Creates a document, or overwrites the fields of the model, as [DocumentCollection.put] does. */
    public fun <T : Any> put(
        collection: DocumentCollection<T>,
        id: String,
        value: T,
        base: String? = null,
    ) {
        val (json, keys) = collection.encode(value)
        native(id, base) { ffi().put(collection.toFfi(), id, json, base, keys) }
    }

    /** Makes a document what [value] says, as [DocumentCollection.replace] does. */
    public fun <T : Any> replace(
        collection: DocumentCollection<T>,
        id: String,
        value: T,
        base: String? = null,
    ) {
        val (json, keys) = collection.encode(value)
        native(id, base) { ffi().replace(collection.toFfi(), id, json, base, keys) }
    }

    /**
     * Changes a document: reads it, and writes the difference to what [change] returns.
     *
     * @throws DunlinException as [get] and [save].
     * @sample dev.dunlin.samples.moveMinutes
     */
    public suspend fun <T : Any> update(
        collection: DocumentCollection<T>,
        id: String,
        change: suspend (T) -> T,
    ) {
        val read = get(collection, id)
        save(collection, read, change(read.value))
    }

    /**
     * Writes the difference between a document as it was read here and a changed copy of its value, as
     * [DocumentCollection.save] does.
     *
     * @throws DunlinException `Unplaceable` as [DocumentCollection.save].
     */
    public fun <T : Any> save(collection: DocumentCollection<T>, read: Document<T>, new: T) {
        val (before, after, keys) = collection.difference(read, new)
        native(read.id, read.version) { ffi().save(collection.toFfi(), read.toFfi(), before, after, keys) }
    }

    /** Carries out edits in order, as [DocumentCollection.edit] does. */
    public fun <T : Any> edit(
        collection: DocumentCollection<T>,
        id: String,
        base: String? = null,
        edits: Edits.() -> Unit,
    ) {
        val json = collection.encode(edits)
        native(id, base) { ffi().edit(collection.toFfi(), id, json, base) }
    }

    /** Deletes a document. */
    public fun <T : Any> delete(collection: DocumentCollection<T>, id: String): Unit =
        native(id) { ffi().delete(collection.toFfi(), id) }

    /** Brings a deleted document back as it was. */
    public fun <T : Any> restore(collection: DocumentCollection<T>, id: String): Unit =
        native(id) { ffi().restore(collection.toFfi(), id) }

    internal fun end() {
        ffi?.close()
        ffi = null
    }

    private fun ffi(): FfiTransaction =
        ffi ?: throw DunlinException(
            ErrorCode.InvalidInput,
            "the run of the transaction is over",
            "read and write inside its closure only",
        )
}
