package dev.dunlin.android

import dev.dunlin.DunlinException
import dev.dunlin.ErrorCode
import dev.dunlin.Node
import dev.dunlin.Peer
import dev.dunlin.SyncOptions
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.launch
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * Suspends a node while nobody needs it, and resumes it before somebody does: the screens of the
 * app, a [SyncService], a worker in the background.
 *
 * @property node the node.
 * @param grace how long the app may be without a visible screen, as it is while it turns.
 * @param onFailure hears what `suspend` and `resume` refuse; the latter is tried again.
 * @sample dev.dunlin.android.samples.keepNodeForApp
 */
public class NodeLifecycle(
    public val node: Node,
    grace: Duration = 2.seconds,
    onFailure: (DunlinException) -> Unit = {},
) {
    private val awake =
        Awake(grace, { node.suspend() }, { node.resume() }) { failure ->
            if (failure !is DunlinException) throw failure
            onFailure(failure)
            failure.code != ErrorCode.Closed
        }

    /** Keeps the node awake until what it returns is closed. */
    public fun hold(): AutoCloseable = awake.hold()

    /**
     * Suspends and resumes the node, until it is shut down or the caller is cancelled; a visible
     * screen holds it.
     */
    public suspend fun run(screens: Screens): Unit =
        coroutineScope {
            val following =
                launch {
                    screens.visible.collectLatest { visible ->
                        if (visible) hold().use { awaitCancellation() }
                    }
                }
            awake.run()
            following.cancel()
        }

    /** Runs something with the node awake; waits for [run] to make it so. */
    public suspend fun <T> whileAwake(block: suspend (Node) -> T): T =
        hold().use {
            awake.awaitAwake()
            block(node)
        }
}

/**
 * Syncs with the node awake and tells of its peers, until it is cancelled, the node is shut down, or
 * a refusal ends it: that is what it returns.
 */
internal suspend fun NodeLifecycle.syncWhileAwake(
    configure: SyncOptions.() -> Unit,
    told: (List<Peer>) -> Unit,
): DunlinException? =
    try {
        whileAwake { node ->
            node.startSync(configure)
            node.watchPeers().collect(told)
        }
        null
    } catch (refusal: DunlinException) {
        refusal
    }
