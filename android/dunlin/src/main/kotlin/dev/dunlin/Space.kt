package dev.dunlin

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.map
import kotlinx.serialization.KSerializer
import kotlinx.serialization.serializer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import dev.dunlin.ffi.ChangeFeed as FfiChangeFeed
import dev.dunlin.ffi.Invitation as FfiInvitation
import dev.dunlin.ffi.Space as FfiSpace

/** A set of documents that this device shares with others. */
public class Space internal constructor(
    private val ffi: FfiSpace,
) {
    /** The space's id, in hexadecimal. */
    public val id: String = native { ffi.id() }

    /** The name that all members see. */
    public val name: String
        get() = native { ffi.name() }

    /** This device's own name for it, if it was given one. */
    public val alias: String?
        get() = native { ffi.alias() }

    /** What this device may do here. */
    public val role: Role?
        get() = native { ffi.role()?.toDunlin() }

    /** The devices that belong to the space, as far as this device has heard. */
    public val members: List<Member>
        get() = native { ffi.members().map(::Member) }

    /**
     * Opens a collection of a model; it comes into being with its first document.
     *
     * @param plain takes what is written through it as it is, for models that hold any JSON: an
     *   object such as `{"$text":"x"}` is an object like any other then, and not a [MergeableText].
     * @throws DunlinException `InvalidInput` for a name that does not match `[a-z][a-z0-9_]{0,62}`,
     *   and for a model with items of more than one [ItemKey].
     * @sample dev.dunlin.samples.openCollection
     */
    public inline fun <reified T : Any> collection(
        name: String,
        plain: Boolean = false,
    ): DocumentCollection<T> = collection(name, serializer<T>(), plain)

    /** [collection] with a serializer at hand. */
    public fun <T : Any> collection(
        name: String,
        serializer: KSerializer<T>,
        plain: Boolean = false,
    ): DocumentCollection<T> =
        DocumentCollection(native(name) { ffi.collection(name, plain) }, this, Model(serializer, plain))

    /**
     * The names of the collections that there are.
     *
     * @throws DunlinException `Closed` after shutdown.
     */
    public suspend fun collections(): List<String> = native { ffi.collections() }

    /**
     * Makes a ticket: whoever holds it can join, offline, and any member admits it.
     *
     * @param uses how many devices it admits.
     * @param expiresIn how long it is good for; without an end if null.
     * @throws DunlinException `Denied` unless this device administers the space; `InvalidInput`
     *   for zero uses.
     * @sample dev.dunlin.samples.inviteAndJoin
     */
    public suspend fun invite(
        role: Role = Role.Writer,
        uses: Int = 1,
        expiresIn: Duration? = null,
    ): String {
        val milliseconds = expiresIn?.inWholeMilliseconds?.coerceAtLeast(0)?.toULong()
        val admitted = uses.coerceAtLeast(0).toUInt()
        return native { ffi.invite(FfiInvitation(role.toFfi(), admitted, milliseconds)) }
    }

    /**
     * Documents in which something lost against a concurrent write and nobody has settled it, and deleted
     * ones that somebody wrote without having seen that; at most 1,000.
     *
     * @param collection only of this one.
     * @param after only those behind this one, the last of an earlier list.
     * @throws DunlinException `InvalidInput` for a name that no collection can have, `Closed` after
     *   shutdown.
     * @sample dev.dunlin.samples.listContested
     */
    public suspend fun contested(collection: String? = null, after: Listed? = null): List<Listed> =
        native(collection, after?.collection, after?.id) { ffi.contested(collection, after?.toFfi()).map(::Listed) }

    /**
     * Documents that are deleted, in the order in which they came into being; at most 1,000.
     *
     * @param collection only of this one.
     * @param after only those behind this one, the last of an earlier list.
     * @throws DunlinException as [contested].
     * @sample dev.dunlin.samples.restoreDeleted
     */
    public suspend fun deleted(collection: String? = null, after: Listed? = null): List<Listed> =
        native(collection, after?.collection, after?.id) { ffi.deleted(collection, after?.toFfi()).map(::Listed) }

    /**
     * Reads and writes several documents, all or nothing: in one commit, and in one batch of the change
     * feed. `farm.transaction { tx -> … }` returns what its closure returns.
     *
     * What others on this device write meanwhile is not lost: the closure reads one moment, and runs
     * again, five times at most in all, where something that it has read has changed. It must be fit to
     * run several times. Transactions and updates on one space take turns, so do what takes time before
     * or after: a run of 2 seconds loses its turn. Write through `tx` in it, and not through collections.
     *
     * Peers that are connected see all of it at once, where it is at most 256 KiB; otherwise, and when
     * they fetch it later, document by document. Another device is not isolated from: what it writes at
     * the same time is merged.
     *
     * @throws DunlinException what refused a write, with the document's name: then nothing is written.
     *   `Busy` (try again) after 2 seconds in one run, or if others kept on writing; `InvalidInput`
     *   inside another transaction or update on this space; `Denied`, `StorageFull`. And what [change]
     *   throws, and then nothing is written.
     * @sample dev.dunlin.samples.moveMinutes
     */
    public suspend fun <R> transaction(change: suspend (tx: Transaction) -> R): R = transact(change).value

    internal suspend fun <R> transact(change: suspend (Transaction) -> R): Transacted<R> =
        ffi.transact(change)

    /**
     * Runs a query. Each collection is a view with the columns `id`, `doc` (JSON) and
     * `has_conflicts`; JSON functions work on `doc`.
     *
     * @param parameters the values for its `?`: null, booleans, numbers and strings.
     * @throws DunlinException `InvalidInput` for SQL that does not parse or writes to a collection,
     *   `Denied` for what touches anything but collections, `NotFound` for a collection that is not
     *   there, `LimitExceeded` over 10,000 rows, 8 MiB or the time limit.
     * @sample dev.dunlin.samples.runQuery
     */
    public suspend fun query(sql: String, vararg parameters: Any?): QueryResult {
        val encoded = encodeParameters(parameters.asList())
        return native(sql, encoded) { QueryResult(ffi.query(sql, encoded)) }
    }

    /**
     * Follows a query: its result, then the new result whenever it has changed. Changes that come
     * faster than they are taken are merged into one. Ends when the node is shut down.
     *
     * Beyond 10,000 rows or 8 MiB it shows the first ones and says that there are more. The flow fails
     * with `InvalidInput` or `Denied` for SQL that is wrong or reads what it may not; a collection may
     * come into being later. What documents hold ends nothing: see [QueryResult.refusal].
     *
     * @sample dev.dunlin.samples.watchQuery
     */
    public fun watch(sql: String, vararg parameters: Any?): Flow<QueryResult> {
        val encoded = encodeParameters(parameters.asList())
        return following({ native(sql, encoded) { ffi.watch(sql, encoded) } }) { columns, row, _ ->
            Row(columns, cells(row))
        }.map { QueryResult(it.columns, it.rows, it.hasMore, it.refusal) }
    }

    /**
     * Runs a query as [query] does, and reads its rows through a model: a class with a property for
     * each column that it wants. `json_extract` of an object or a list gives its JSON as text, which
     * is read as that where the property is neither a string nor an enum; where it is a `Boolean`, 0
     * and 1 are false and true. What does not fit is a failure of its own.
     *
     * @throws DunlinException as [query].
     * @sample dev.dunlin.samples.queryModels
     */
    @JvmName("queryModels")
    public suspend inline fun <reified T : Any> query(
        sql: String,
        vararg parameters: Any?,
    ): Entries<T> = query(serializer<T>(), sql, *parameters)

    /** [query] with a serializer at hand. */
    public suspend fun <T : Any> query(
        serializer: KSerializer<T>,
        sql: String,
        vararg parameters: Any?,
    ): Entries<T> {
        val model = RowModel(serializer)
        val result = query(sql, *parameters)
        return Entries(result.rows.mapIndexed { at, row -> model.entry(result.columns, row.cells, at) })
    }

    /**
     * Follows a query as [watch] does, and reads its rows through a model as [query] does. A row
     * that did not change is the same object.
     *
     * @sample dev.dunlin.samples.watchModels
     */
    public inline fun <reified T : Any> watchQuery(sql: String, vararg parameters: Any?): Flow<Entries<T>> =
        watchQuery(serializer<T>(), sql, *parameters)

    /** [watchQuery] with a serializer at hand. */
    public fun <T : Any> watchQuery(
        serializer: KSerializer<T>,
        sql: String,
        vararg parameters: Any?,
    ): Flow<Entries<T>> {
        val (model, encoded) = RowModel(serializer) to encodeParameters(parameters.asList())
        return following({ native(sql, encoded) { ffi.watch(sql, encoded) } }) { columns, row, at ->
            model.entry(columns, cells(row), at)
        }.map { Entries(it.rows, it.hasMore, it.refusal) }
    }

    /**
     * Tells how a query would be carried out, with a warning for each whole collection read.
     *
     * @throws DunlinException as [query].
     * @sample dev.dunlin.samples.indexQuery
     */
    public suspend fun explain(sql: String): QueryPlan = native(sql) { QueryPlan(ffi.explainQuery(sql)) }

    /**
     * Makes queries by `json_extract(doc, PATH)` fast, where [path] is such as `$.due`; false if
     * there is such an index already.
     *
     * @throws DunlinException `InvalidInput` for a path that SQLite does not know,
     *   `LimitExceeded`, `StorageFull`.
     * @sample dev.dunlin.samples.indexQuery
     */
    public suspend fun createIndex(collection: String, path: String): Boolean =
        native(collection, path) { ffi.createIndex(collection, path) }

    /**
     * Follows the change feed as a named consumer, from where it last acknowledged; a new one is
     * told of every document that is there. What was not acknowledged comes again when it is
     * followed anew. Ends when the node is shut down.
     *
     * The flow fails with `InvalidInput` for an improper name, `LimitExceeded` for too many
     * consumers.
     *
     * @sample dev.dunlin.samples.followChanges
     */
    public fun changes(consumer: String): Flow<ChangeBatch> = batches { native(consumer) { ffi.changes(consumer) } }

    /**
     * Follows the change feed without a name, after this sequence number or from now on: from the
     * moment that the flow is collected.
     *
     * @sample dev.dunlin.samples.followChangesFromNow
     */
    public fun changesAfter(seq: Long? = null): Flow<ChangeBatch> = batches { ffi.changesAfter(seq) }

    private fun batches(open: suspend () -> FfiChangeFeed): Flow<ChangeBatch> =
        pulled(
            open = open,
            next = { feed -> feed.next()?.let { ChangeBatch(it.map(::Change), feed) } },
            // Not closed: a batch may still be acknowledged through it.
            stop = FfiChangeFeed::stop,
        )

    /**
     * Tells the connected members what this device is about at the moment, such as where its
     * cursor is or what an agent works on; in the place of what it said before. It reaches members
     * that connect later too, but is not passed on by them, and stored nowhere.
     *
     * @param state at most 4 KiB of JSON.
     * @param holds for how long, at most an hour; say it again before that for longer.
     * @throws DunlinException `LimitExceeded` for what is too long, `InvalidInput` for a time that
     *   cannot be, `Suspended`, `Closed` after shutdown.
     * @sample dev.dunlin.samples.sayPresence
     */
    public suspend inline fun <reified T : Any> setPresence(
        state: T,
        holds: Duration = 30.seconds,
    ): Unit = setPresence(state, holds, serializer<T>())

    /** [setPresence] with a serializer at hand. */
    public suspend fun <T : Any> setPresence(
        state: T,
        holds: Duration,
        serializer: KSerializer<T>,
    ) {
        val encoded = encode(serializer, state)
        native { ffi.setPresence(encoded, holds.toMilliseconds()) }
    }

    /**
     * Takes back what this device said with [setPresence], if it did.
     *
     * @throws DunlinException `Suspended`, `Closed` after shutdown.
     */
    public suspend fun clearPresence(): Unit = native { ffi.setPresence(null, 0u) }

    /**
     * Follows what other devices are about: at once, then each time that it has changed. Changes
     * that come faster than they are taken are told as one. Ends when the node is shut down.
     *
     * @sample dev.dunlin.samples.watchWhoIsHere
     */
    public inline fun <reified T : Any> watchPresence(): Flow<List<Presence<T>>> =
        watchPresence(serializer<T>())

    /** [watchPresence] with a serializer at hand. */
    public fun <T : Any> watchPresence(serializer: KSerializer<T>): Flow<List<Presence<T>>> =
        pulled(
            open = { ffi.watchPresence() },
            next = { watch -> watch.next()?.map { presence(it, serializer) } },
            stop = { it.stop(); it.close() },
        )

    /**
     * Where in the change feed a document has changed, the latest of what was not taken in time;
     * null first, when it is certain that nothing later is missed.
     */
    internal fun touches(collection: String, id: String): Flow<Long?> =
        flow {
            val feed = native { ffi.changesAfter(null) }
            try {
                emit(null)
                while (true) {
                    val batch = native { feed.next() } ?: break
                    val last = batch.lastOrNull { it.collection == collection && it.id == id }
                    if (last != null) emit(last.seq)
                }
            } finally {
                feed.stop()
                feed.close()
            }
        }.conflate()

    override fun toString(): String = "Space($name, ${id.take(8)})"
}
