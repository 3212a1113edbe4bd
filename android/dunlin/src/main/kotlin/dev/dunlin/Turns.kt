package dev.dunlin

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.CoroutineContext
import dev.dunlin.ffi.Committed as FfiCommitted
import dev.dunlin.ffi.Space as FfiSpace
import dev.dunlin.ffi.Turn as FfiTurn

/** In whose turns a coroutine is: inside one, another one on the same space would wait for itself. */
private class InsideTurns(val names: List<ULong>) : AbstractCoroutineContextElement(InsideTurns) {
    companion object Key : CoroutineContext.Key<InsideTurns>
}

/** What a transaction came to, and what was committed. */
internal class Transacted<R>(val value: R, val committed: List<FfiCommitted>)

/** Runs a closure in a turn on a space until it could be committed. */
internal suspend fun <R> FfiSpace.transact(change: suspend (Transaction) -> R): Transacted<R> {
    val inside = currentCoroutineContext()[InsideTurns]?.names.orEmpty()
    val turn = native { turn(inside) }
    try {
        while (true) {
            val outcome = withContext(InsideTurns(inside + turnName())) { turn.run(change) }
            if (turn.hasBegunAgain(outcome)) continue
            val value = outcome.getOrThrow()
            return Transacted(value, native { turn.commit() } ?: continue)
        }
    } finally {
        turn.giveBack()
        turn.close()
    }
}

private suspend fun <R> FfiTurn.run(change: suspend (Transaction) -> R): Result<R> {
    val transaction = Transaction(transaction())
    return try {
        Result.success(change(transaction))
    } catch (cancelled: CancellationException) {
        throw cancelled
    } catch (failure: Throwable) {
        Result.failure(failure)
    } finally {
        transaction.end()
    }
}

/** Whether another run has begun, whatever this one came to; what it threw goes before a lost turn. */
private fun FfiTurn.hasBegunAgain(outcome: Result<*>): Boolean =
    try {
        native { again() }
    } catch (busy: DunlinException) {
        throw outcome.exceptionOrNull() ?: busy
    }
