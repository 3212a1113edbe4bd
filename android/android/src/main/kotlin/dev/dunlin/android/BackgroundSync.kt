package dev.dunlin.android

import dev.dunlin.DunlinException
import dev.dunlin.PeerState
import dev.dunlin.SyncOptions
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes

/** What a short sync in the background came to. */
public enum class BackgroundSync {
    /** Everything that could flow has flowed. */
    InSync,

    /** Nobody was in reach: the next period is soon enough. */
    Alone,

    /** It ended before everything had flowed, or was refused for now. */
    Unfinished,
    ;

    /** Whether to try again before the next period. */
    public val shouldRetry: Boolean get() = this == Unfinished
}

/**
 * Syncs once, for a worker in the background: resumes the node, and lets it be suspended again. A
 * sync that runs already is waited for and left running. [NodeLifecycle.run] must be running.
 *
 * @param deadline how long at most; a worker has ten minutes.
 * @throws DunlinException what trying again does not mend.
 * @sample dev.dunlin.android.samples.workInBackground
 */
public suspend fun NodeLifecycle.syncInBackground(
    deadline: Duration = 2.minutes,
    configure: SyncOptions.() -> Unit = {},
): BackgroundSync =
    try {
        val outcome = whileAwake { node -> node.syncOnce(deadline, configure) }
        backgroundSync(outcome.inSync, outcome.peers.map { it.state })
    } catch (refusal: DunlinException) {
        if (!refusal.isRetryable) throw refusal
        BackgroundSync.Unfinished
    }

internal fun backgroundSync(inSync: Boolean, peers: List<PeerState>): BackgroundSync =
    when {
        inSync -> BackgroundSync.InSync
        peers.all { it == PeerState.Disconnected } -> BackgroundSync.Alone
        else -> BackgroundSync.Unfinished
    }
