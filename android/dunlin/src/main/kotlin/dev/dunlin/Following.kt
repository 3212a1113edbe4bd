package dev.dunlin

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import dev.dunlin.ffi.Placed
import dev.dunlin.ffi.LiveQuery as FfiLiveQuery
import dev.dunlin.ffi.QueryChange as FfiQueryChange

/** What a live query shows, each row as it was read once: one that did not change is the same object. */
internal class Shown<out R>(
    val columns: List<String>,
    val rows: List<R>,
    val hasMore: Boolean,
    val refusal: DunlinException?,
)

/** Makes something of the columns' names, of a row as a JSON array, and of its place. */
internal typealias RowReader<R> = (List<String>, String, Int) -> R

/** Follows a live query, and reads each row once. */
internal fun <R> following(
    open: suspend () -> FfiLiveQuery,
    read: RowReader<R>,
): Flow<Shown<R>> =
    flow {
        var shown = Shown<R>(emptyList(), emptyList(), hasMore = false, refusal = null)
        pulled(open, { it.next() }, { it.stop(); it.close() }).collect { change ->
            shown = shown.after(change, read)
            emit(shown)
        }
    }

private fun <R> Shown<R>.after(change: FfiQueryChange, read: RowReader<R>): Shown<R> =
    when (change) {
        is FfiQueryChange.Snapshot -> {
            val columns = change.rows.columns
            Shown(columns, change.rows.rows.mapIndexed { at, row -> read(columns, row, at) }, change.rows.more, refusal = null)
        }
        is FfiQueryChange.Difference ->
            Shown(columns, rows.after(change) { read(columns, it.row, it.at.toInt()) }, change.more, refusal = null)
        is FfiQueryChange.Failed -> Shown(columns, rows, hasMore, change.error.toDunlin())
    }

/** Takes out what went or moved, puts in what came or moved, then replaces what changed. */
private fun <R> List<R>.after(change: FfiQueryChange.Difference, read: (Placed) -> R): List<R> {
    val leaving = BooleanArray(size)
    change.removed.forEach { leaving[it.toInt()] = true }
    change.moved.forEach { leaving[it.from.toInt()] = true }
    val coming = HashMap<Int, R>()
    change.inserted.forEach { coming[it.at.toInt()] = read(it) }
    change.moved.forEach { coming[it.to.toInt()] = this[it.from.toInt()] }

    val next = ArrayList<R>(size - change.removed.size + change.inserted.size)
    fun putComing() {
        while (next.size in coming) next += coming.getValue(next.size)
    }
    forEachIndexed { index, row ->
        putComing()
        if (!leaving[index]) next += row
    }
    putComing()
    change.changed.forEach { next[it.at.toInt()] = read(it) }
    return next
}
