package dev.dunlin

import java.lang.ref.PhantomReference
import java.lang.ref.ReferenceQueue
import java.util.logging.Level
import java.util.logging.Logger
import kotlin.concurrent.thread

/**
 * Notices what is garbage-collected and should have been closed: nodes. Flows stop themselves, and
 * an editor is reachable for as long as its scope.
 *
 * Phantom references do what `java.lang.ref.Cleaner` does, which Android has from API 33 on only.
 * The thread that waits for them is there while anything is watched.
 */
internal object LeakWatch {
    private val queue = ReferenceQueue<Any>()
    private val open = mutableSetOf<Watched>()
    private var isRunning = false

    /** Watches an object from where it is opened to [Watched.close]. */
    fun watch(owner: Any, what: String): Watched {
        val watched = Watched(owner, what)
        synchronized(open) {
            open += watched
            if (!isRunning) {
                isRunning = true
                thread(name = "dunlin-leaks", isDaemon = true) { run() }
            }
        }
        return watched
    }

    private fun run() {
        do {
            val watched = queue.remove() as Watched
            val (isLeak, isIdle) =
                synchronized(open) {
                    val isLeak = open.remove(watched)
                    isRunning = open.isNotEmpty()
                    isLeak to !isRunning
                }
            if (isLeak) watched.report()
        } while (!isIdle)
    }

    /** One open object; does not keep it from being collected. */
    class Watched(
        owner: Any,
        private val what: String,
    ) : PhantomReference<Any>(owner, queue) {
        private val opened = Throwable("$what was opened here")

        /** Says that it was closed as it should. */
        fun close() {
            synchronized(open) { open -= this }
            enqueue()
        }

        fun report() {
            val message = "$what was dropped without close or shutdown; close it when you are done"
            try {
                Dunlin.onLeak(message, opened)
            } catch (failure: Exception) {
                logLeak("$message (the hook for leaks failed: $failure)", opened)
            }
        }
    }
}

internal fun logLeak(message: String, opened: Throwable): Unit =
    Logger.getLogger("dev.dunlin").log(Level.WARNING, message, opened)
