package dev.dunlin

import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class BackgroundTest {
    @Test
    fun `a suspended node refuses, its flows wait, and both go on after a resume`() =
        test {
            val ann = node("ann")
            val tasks = ann.createSpace("farm").collection<Task>("tasks")
            tasks.put("a", Task("one"))
            coroutineScope {
                val two = async { tasks.watch().first { it.size == 2 } }
                ann.suspend()
                val refusal = refused { tasks.put("b", Task("two")) }
                assertEquals(ErrorCode.Suspended, refusal.code)
                assertTrue(refusal.isRetryable)
                ann.resume()
                tasks.put("b", Task("two"))
                assertEquals(listOf("one", "two"), two.await().map { it.value?.title })
            }
        }

    @Test
    fun `work in the background syncs once and leaves the node suspended`() =
        test {
            val (ann, ben) = node("ann") to node("ben")
            val farm = ann.createSpace("farm")
            val benTasks = ben.join(farm.invite()).collection<Task>("tasks")
            ann.syncOnLoopback()
            val address = ann.status().listen.single()
            farm.collection<Task>("tasks").put("a", Task("one"))
            ben.suspend()

            val outcome =
                ben.syncOnce(30.seconds) {
                    listen = "127.0.0.1:0"
                    mdns = false
                    peers += address
                }
            assertTrue(outcome.inSync)
            assertEquals("ann", outcome.peers.single().name)
            assertEquals(ErrorCode.Suspended, refused { benTasks.get("a") }.code)
            ben.resume()
            assertEquals("one", benTasks.get("a").value.title)

            val alone = ben.syncOnce(100.milliseconds) { mdns = false; listen = "127.0.0.1:0" }
            assertFalse(alone.inSync && alone.peers.isEmpty())
        }

    @Test
    fun `one exchange ends early, and in good order, when its caller is cancelled`() =
        test {
            val ann = node("ann")
            ann.createSpace("farm")
            ann.suspend()
            coroutineScope {
                val once = launch { ann.syncOnce(1.hours) { mdns = false; listen = "127.0.0.1:0" } }
                while (runCatching { ann.status() }.isFailure) yield()
                once.cancelAndJoin()
            }
            while (runCatching { ann.status() }.isSuccess) yield()
            assertEquals(ErrorCode.Suspended, refused { ann.status() }.code)
        }

    /** Finds every other one of its kind, as on one local network. */
    private class Neighbourhood {
        private val there = mutableMapOf<Int, DiscoveredPeers>()

        fun discovery() =
            object : Discovery {
                private var own = 0

                override fun start(port: Int, peers: DiscoveredPeers) =
                    synchronized(there) {
                        own = port
                        there.forEach { (other, theirs) ->
                            peers.found("$other", listOf("127.0.0.1:$other"))
                            theirs.found("$port", listOf("127.0.0.1:$port"))
                        }
                        peers.active()
                        there[port] = peers
                    }

                override fun stop() =
                    synchronized(there) {
                        there.remove(own)
                        there.values.forEach { it.lost("$own") }
                    }
            }

        fun isEmpty() = synchronized(there) { there.isEmpty() }
    }

    @Test
    fun `devices that a discovery in Kotlin finds meet, and it is stopped with sync`() =
        test {
            val (ann, ben) = node("ann") to node("ben")
            val farm = ann.createSpace("farm")
            val benTasks = ben.join(farm.invite()).collection<Task>("tasks")
            val network = Neighbourhood()
            for (node in listOf(ann, ben)) {
                node.startSync {
                    listen = "127.0.0.1:0"
                    mdns = false
                    discovery = network.discovery()
                }
            }
            farm.collection<Task>("tasks").put("a", Task("one"))
            benTasks.watch().first { it.isNotEmpty() }
            ann.suspend()
            ben.stopSync()
            while (!network.isEmpty()) delay(5.milliseconds)
        }

    @Test
    fun `a discovery that fails to start or says nonsense does no harm`() =
        test {
            val ann = node("ann")
            val tasks = ann.createSpace("farm").collection<Task>("tasks")
            val refusals = mutableListOf<DunlinException>()
            ann.startSync {
                listen = "127.0.0.1:0"
                mdns = false
                discovery =
                    object : Discovery {
                        override fun start(port: Int, peers: DiscoveredPeers) {
                            try {
                                peers.found("x", listOf("nowhere"))
                            } catch (refusal: DunlinException) {
                                refusals += refusal
                            }
                            error("on purpose")
                        }

                        override fun stop() = error("on purpose")
                    }
            }
            ann.watchPeers().first { "on purpose" in ann.status().discovery.orEmpty() }
            assertEquals(listOf(ErrorCode.InvalidInput), refusals.map { it.code })
            ann.stopSync()
            tasks.put("a", Task("one"))
        }
}
