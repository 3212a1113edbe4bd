package dev.dunlin.android

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.withTimeoutOrNull
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

internal val RESUME_PAUSE = 5.seconds

/**
 * Whether something should be awake, and the calls that make it so: asleep once nobody has held it
 * for [grace], awake as soon as somebody does. One call at a time, each to its end.
 *
 * @param fallAsleep must leave it asleep even if it throws.
 * @param wake throws if it stays asleep.
 * @param failed hears of both; whether to go on.
 */
internal class Awake(
    private val grace: Duration,
    private val fallAsleep: suspend () -> Unit,
    private val wake: suspend () -> Unit,
    private val failed: (Exception) -> Boolean,
) {
    private val holds = MutableStateFlow(0)
    private val isAwake = MutableStateFlow(true)

    /** Keeps it awake until closed. */
    fun hold(): AutoCloseable {
        holds.update { it + 1 }
        val isOpen = AtomicBoolean(true)
        return AutoCloseable { if (isOpen.getAndSet(false)) holds.update { it - 1 } }
    }

    /** Waits until it is awake; for one who holds it. */
    suspend fun awaitAwake() {
        isAwake.first { it }
    }

    /** Acts until it is cancelled, or a failure ends it. */
    suspend fun run() {
        while (true) {
            holds.first { (it > 0) != isAwake.value }
            val goOn = if (isAwake.value) leave() else enter()
            if (!goOn) return
        }
    }

    private suspend fun leave(): Boolean {
        val back = withTimeoutOrNull(grace) { holds.first { it > 0 } }
        if (back != null) return true
        isAwake.value = false
        return attempt(fallAsleep) ?: true
    }

    private suspend fun enter(): Boolean {
        val goOn = attempt(wake)
        when (goOn) {
            null -> isAwake.value = true
            true -> delay(RESUME_PAUSE)
            false -> return false
        }
        return true
    }

    /** Null if all went well, else whether to go on. */
    private suspend fun attempt(call: suspend () -> Unit): Boolean? =
        try {
            call()
            null
        } catch (cancelled: CancellationException) {
            throw cancelled
        } catch (failure: Exception) {
            failed(failure)
        }
}
