package dev.dunlin

import dev.dunlin.ffi.ChangeFeed
import dev.dunlin.ffi.Config
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.time.Duration.Companion.milliseconds
import dev.dunlin.ffi.DeviceKind as FfiDeviceKind
import dev.dunlin.ffi.Durability as FfiDurability
import dev.dunlin.ffi.Node as FfiNode

class CancellationTest {
    @Test
    fun `stopping a handle makes a pending next answer none`() =
        test {
            val node = ffiNode("ann")
            val feed = node.createSpace("farm").changesAfter(null)
            coroutineScope {
                val pending = async(start = CoroutineStart.UNDISPATCHED) { feed.next() }
                assertTrue(pending.isActive)
                feed.stop()
                assertNull(pending.await())
            }
            assertNull(feed.next())
            node.shutdown()
        }

    @Test
    fun `cancelling a collector that waits stops the native side`() =
        test {
            val node = ffiNode("ann")
            val space = node.createSpace("farm")
            space.collection("tasks", false).put("a", "{}", null, emptyMap())
            val opened = CompletableDeferred<ChangeFeed>()
            val firstBatch = CompletableDeferred<Unit>()
            val flow =
                pulled(
                    open = { space.changes("app").also(opened::complete) },
                    next = { it.next() },
                    stop = ChangeFeed::stop,
                )
            coroutineScope {
                val collector = launch { flow.collect { firstBatch.complete(Unit) } }
                firstBatch.await()
                collector.cancelAndJoin()
            }
            // It was stopped: a feed that runs would wait for the next commit.
            assertNull(opened.await().next())
            node.shutdown()
        }

    @Test
    fun `what a caller gave up waiting for is not lost`() =
        test {
            val node = ffiNode("ann")
            val space = node.createSpace("farm")
            val feed = space.changesAfter(null)
            val gaveUp = runCatching { withTimeout(50.milliseconds) { feed.next() } }
            assertTrue(gaveUp.exceptionOrNull() is TimeoutCancellationException)
            space.collection("tasks", false).put("a", "{}", null, emptyMap())
            assertEquals(listOf("a"), feed.next()?.map { it.id })
            node.shutdown()
        }

    @Test
    fun `a write whose caller is cancelled is done all the same`() =
        test {
            val tasks = node("ann").createSpace("farm").collection<Task>("tasks")
            coroutineScope {
                // Undispatched: it has reached the library when it is cancelled.
                launch(start = CoroutineStart.UNDISPATCHED) { tasks.put("a", Task("ash")) }
                    .cancelAndJoin()
            }
            // Writes of one space are done in order.
            tasks.put("b", Task("beech"))
            assertEquals("ash", tasks.get("a").value.title)
        }

    private suspend fun Nodes.ffiNode(name: String): FfiNode =
        FfiNode.create(Config(directory(name).toString(), FfiDurability.FLUSHED), name, FfiDeviceKind.HUMAN)
}
