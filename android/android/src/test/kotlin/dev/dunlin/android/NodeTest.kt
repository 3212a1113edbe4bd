package dev.dunlin.android

import dev.dunlin.Dunlin
import dev.dunlin.DunlinException
import dev.dunlin.ErrorCode
import dev.dunlin.Node
import dev.dunlin.Peer
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.consumeAsFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path
import kotlin.time.Duration.Companion.milliseconds

/** What is decided about a node, on one that runs. */
@OptIn(ExperimentalCoroutinesApi::class)
class NodeTest {
    @TempDir
    lateinit var directory: Path

    private fun test(block: suspend TestScope.(Node) -> Unit) =
        runTest { Dunlin.open(directory.resolve("node")).use { block(it) } }

    @Test
    fun `a new address gives the sync a new socket`() =
        test { node ->
            node.startSync { listen = "127.0.0.1:0"; mdns = false }
            val before = node.status().listen
            val networks = Channel<Addresses<String>>(Channel.UNLIMITED)
            val refusals = mutableListOf<DunlinException>()
            val following = launch { node.restartOnNewAddresses(networks.consumeAsFlow(), { refusals += it }) }

            rest(networks, emptyMap())
            rest(networks, mapOf("wifi" to setOf("192.168.1.5/24")))
            node.watchStatus().first { it.listen.isNotEmpty() && it.listen != before }

            networks.close()
            following.join()
            assertEquals(emptyList<DunlinException>(), refusals)
        }

    @Test
    fun `a sync while awake tells of the peers until the node is shut down, then says why it cannot`() =
        test { node ->
            val lifecycle = NodeLifecycle(node)
            val told = Channel<List<Peer>>(Channel.UNLIMITED)
            val syncing =
                async { lifecycle.syncWhileAwake({ listen = "127.0.0.1:0"; mdns = false }, { told.trySend(it) }) }
            assertTrue(told.receive().isEmpty())
            node.shutdown()
            assertNull(syncing.await())
            assertEquals(ErrorCode.Closed, lifecycle.syncWhileAwake({ mdns = false }, { told.trySend(it) })?.code)
        }

    private fun <N> TestScope.rest(networks: Channel<Addresses<N>>, state: Addresses<N>) {
        networks.trySend(state)
        advanceTimeBy(QUIET + 1.milliseconds)
    }
}
