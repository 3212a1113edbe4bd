package dev.dunlin

import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.experimental.inv
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** What the app gives to the library to call. */
class ForeignTest {
    /** Turns bytes round, which is enough to see what is sealed. */
    private class Turned(private val failure: RuntimeException? = null) : KeySealer {
        var calls = 0

        override fun seal(seed: ByteArray): ByteArray = turn(seed)

        override fun unseal(sealed: ByteArray): ByteArray {
            failure?.let { throw it }
            return turn(sealed)
        }

        private fun turn(bytes: ByteArray): ByteArray {
            calls++
            return ByteArray(bytes.size) { bytes[it].inv() }
        }
    }

    @Test
    fun `a sealed key opens with what sealed it alone`() =
        test {
            val path = directory("sealed")
            val sealer = Turned()
            val device = Dunlin.open(path) { this.sealer = sealer }.use { it.device }
            assertEquals(1, sealer.calls)
            assertEquals(ErrorCode.Denied, refused { Dunlin.open(path) }.code)
            for ((failure, code) in listOf(
                SealException("the keystore is locked") to ErrorCode.KeyUnavailable,
                IllegalStateException("the keystore is locked") to ErrorCode.KeyUnavailable,
                SealException("the keystore is empty", isKeyLost = true) to ErrorCode.KeyLost,
            )) {
                val refusal = refused { Dunlin.open(path) { this.sealer = Turned(failure) } }
                assertEquals(code, refusal.code)
                assertEquals(code == ErrorCode.KeyUnavailable, refusal.isRetryable)
                assertTrue(failure.message!! in refusal.reason, refusal.reason)
            }
            Dunlin.open(path) { this.sealer = sealer }.use { assertEquals(device.id, it.device.id) }
        }

    @Test
    fun `the log goes to the sink, and one that throws does no harm`() =
        test {
            val records = ConcurrentLinkedQueue<Triple<LogLevel, String, String>>()
            Dunlin.log(LogLevel.Warn) { level, target, message ->
                records += Triple(level, target, message)
                error("on purpose")
            }
            try {
                val node = node("ann")
                repeat(2) {
                    node.startSync {
                        listen = "127.0.0.1:0"
                        mdns = false
                        discovery =
                            object : Discovery {
                                override fun start(port: Int, peers: DiscoveredPeers) =
                                    peers.unavailable("no radio")

                                override fun stop() = Unit
                            }
                    }
                    withTimeout(30.seconds) {
                        while (records.count { "no radio" in it.third } <= it) delay(5.milliseconds)
                    }
                }
                val (level, target, _) = records.first { "no radio" in it.third }
                assertEquals(LogLevel.Warn, level)
                assertTrue(target.startsWith("dunlin"), target)
            } finally {
                Dunlin.log(sink = null)
            }
        }

    /** Two ends of a cable; what is put into one comes out of the other. */
    private class Cable {
        private val inboxes = mutableMapOf<String, LinkInbox>()
        var packets = 0
            private set

        fun end(name: String, other: String) =
            object : PacketLink {
                override val maxPacketBytes = 1_300

                override fun start(inbox: LinkInbox) =
                    synchronized(inboxes) {
                        inboxes[name] = inbox
                        inboxes[other]?.let {
                            it.appeared(name)
                            inbox.appeared(other)
                        }
                        Unit
                    }

                override fun send(peer: String, packet: ByteArray) {
                    val inbox =
                        synchronized(inboxes) {
                            packets++
                            inboxes[peer]
                        }
                    inbox?.received(name, packet)
                }

                override fun stop() =
                    synchronized(inboxes) {
                        inboxes.remove(name)
                        inboxes[other]?.vanished(name)
                        Unit
                    }
            }
    }

    @Test
    fun `two nodes sync over a link in Kotlin, and again after one was suspended`() =
        test {
            val (ann, ben) = node("ann") to node("ben")
            val farm = ann.createSpace("farm")
            val annTasks = farm.collection<Task>("tasks")
            val benTasks = ben.join(farm.invite()).collection<Task>("tasks")
            val cable = Cable()
            for ((node, name, other) in listOf(Triple(ann, "a", "b"), Triple(ben, "b", "a"))) {
                node.startSync {
                    listen = "127.0.0.1:0"
                    mdns = false
                    links += cable.end(name, other)
                }
            }
            annTasks.put("1", Task("one"))
            benTasks.watch().first { it.size == 1 }
            assertTrue(cable.packets > 0)
            ben.suspend()
            annTasks.put("2", Task("two"))
            ben.resume()
            benTasks.watch().first { it.size == 2 }
        }

    @Test
    fun `a link that carries too little is refused`() =
        test {
            val ann = node("ann")
            val refusal =
                refused {
                    ann.startSync {
                        listen = "127.0.0.1:0"
                        mdns = false
                        links +=
                            object : PacketLink {
                                override val maxPacketBytes = 500

                                override fun start(inbox: LinkInbox) = Unit

                                override fun send(peer: String, packet: ByteArray) = Unit

                                override fun stop() = Unit
                            }
                    }
                }
            assertEquals(ErrorCode.InvalidInput, refusal.code)
        }

    @Test
    fun `an anchor stays with its character when others type`() =
        test {
            val tasks = node("ann").createSpace("farm").collection<Task>("tasks")
            val id = tasks.insert(Task("Fence", notes = MergeableText("posts"))).id
            val anchor = tasks.anchor(id, "/notes", 3)
            tasks.edit(id) { splice("/notes", at = 0, insert = "oak ") }
            assertEquals(7, tasks.resolve(id, Anchor(anchor.name)))
            assertEquals(ErrorCode.InvalidInput, refused { tasks.anchor(id, "/notes", 99) }.code)
            assertEquals(ErrorCode.WrongKind, refused { tasks.anchor(id, "/title", 0) }.code)
            assertEquals(ErrorCode.InvalidInput, refused { tasks.resolve(id, Anchor("x")) }.code)
            tasks.edit(id) { remove("/notes") }
            assertEquals(ErrorCode.NotFound, refused { tasks.resolve(id, anchor) }.code)
        }
}
