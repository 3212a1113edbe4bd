package dev.dunlin

import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.produceIn
import kotlinx.coroutines.flow.toList
import kotlinx.serialization.Serializable
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

@Serializable
data class Cursor(
    val document: String,
    val at: Int = 0,
)

class PresenceTest {
    @Test
    fun `what a device is about reaches others as a flow, and is taken back`() =
        test {
            val (ann, ben) = node("ann") to node("ben")
            val here = ann.createSpace("farm")
            val there = ben.join(here.invite(Role.Reader))
            assertTrue(here.watchPresence<Cursor>().first().isEmpty())
            there.setPresence(Cursor("fence", 7))
            ann.syncOnLoopback()
            ben.syncOnLoopback(ann)

            val present = here.watchPresence<Cursor>().first { it.isNotEmpty() }.single()
            assertEquals(Presence(ben.device, Cursor("fence", 7)), present)
            val other = here.watchPresence<Title>().first { it.isNotEmpty() }.single()
            assertEquals(Presence<Title>(ben.device, null), other)
            there.clearPresence()
            here.watchPresence<Cursor>().first { it.isEmpty() }
        }

    @Test
    fun `it fades by itself`() =
        test {
            val (ann, ben) = node("ann") to node("ben")
            val here = ann.createSpace("farm")
            val there = ben.join(here.invite())
            ann.syncOnLoopback()
            ben.syncOnLoopback(ann)
            coroutineScope {
                ann.watchPeers().first { peers -> peers.any { it.inSync } }
                // Followed from before it is said: it must not have faded when the first look is taken.
                val present = here.watchPresence<Cursor>().produceIn(this@coroutineScope)
                assertTrue(present.receive().isEmpty())
                there.setPresence(Cursor("fence"), holds = 5.seconds)
                assertFalse(present.receive().isEmpty())
                assertTrue(present.receive().isEmpty())
                present.cancel()
            }
        }

    @Test
    fun `what cannot be a presence is refused`() =
        test {
            val farm = node("ann").createSpace("farm")
            val tooLong = refused { farm.setPresence(Cursor("x".repeat(4096))) }
            assertEquals(ErrorCode.LimitExceeded, tooLong.code)
            for (holds in listOf(0.milliseconds, (-1).seconds, 2.hours)) {
                val refusal = refused { farm.setPresence(Cursor("fence"), holds) }
                assertEquals(ErrorCode.InvalidInput, refusal.code)
            }
        }

    @Test
    fun `the status is a flow that tells of writes and ends with the node`() =
        test {
            val ann = node("ann")
            val tasks = ann.createSpace("farm").collection<Title>("tasks")
            val documents = ann.watchStatus().map { it.spaces.single().documents }
            assertEquals(0, documents.first())
            tasks.insert(Title("Fence"))
            assertEquals(1, documents.first { it > 0 })
            ann.syncOnLoopback()
            ann.watchStatus().first { it.listen.isNotEmpty() }
            ann.shutdown()
            assertTrue(ann.watchStatus().toList().isEmpty())
        }
}
