package dev.dunlin

import kotlinx.coroutines.flow.first
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class SyncTest {
    @Test
    fun `two nodes pair by ticket and converge over QUIC after editing apart`() =
        test {
            val (ann, ben) = node("ann") to node("ben")
            val farm = ann.createSpace("farm")
            val annTasks = farm.collection<Task>("tasks")
            val id = annTasks.insert(Task("Mend the fence")).id
            ann.syncOnLoopback()

            val benTasks = ben.join(farm.invite(), alias = "farm").collection<Task>("tasks")
            ben.syncOnLoopback()
            val first = benTasks.watch().first { it.isNotEmpty() }.single()
            assertEquals(Entry(id, Task("Mend the fence")), first)

            ann.stopSync()
            ben.stopSync()
            annTasks.update(id) { it.copy(done = true, minutes = it.minutes + 20) }
            benTasks.update(id) { it.copy(due = "2026-12-01", minutes = it.minutes + 5) }
            ann.syncOnLoopback()
            ben.syncOnLoopback(ann)

            val merged = Task("Mend the fence", done = true, due = "2026-12-01", minutes = Counter(25))
            for (tasks in listOf(annTasks, benTasks)) {
                assertEquals(merged, tasks.watch().first { it.single().value == merged }.single().value)
            }
            val digests = listOf(ann, ben).map { it.status().spaces.single().digest }
            assertEquals(digests[0], digests[1])
        }

    @Test
    fun `concurrent edits of one text both survive, and of one field the loser is a conflict`() =
        test {
            val (ann, ben) = node("ann") to node("ben")
            val farm = ann.createSpace("farm")
            val annTasks = farm.collection<Task>("tasks")
            val benTasks = ben.join(farm.invite()).collection<Task>("tasks")
            val id = annTasks.insert(Task("Fence", notes = MergeableText("posts"))).id
            ann.syncOnLoopback()
            ben.syncOnLoopback(ann)
            benTasks.watch().first { it.isNotEmpty() }

            ann.stopSync()
            ben.stopSync()
            annTasks.update(id) { it.copy(title = "A", notes = MergeableText("oak posts")) }
            benTasks.update(id) { it.copy(title = "B", notes = MergeableText("posts, wire")) }
            ann.syncOnLoopback()
            ben.syncOnLoopback(ann)

            annTasks.watch().first { it.single().value?.notes?.text == "oak posts, wire" }
            benTasks.watch().first { it.single().value?.notes?.text == "oak posts, wire" }
            val read = annTasks.get(id)
            val (winner, loser) = read.value.title to read.conflicts.single()
            assertEquals("/title", loser.path)
            assertEquals(setOf("A", "B"), setOf(winner, loser.lost.value.toString().trim('"')))

            annTasks.update(id) { it.copy(title = "settled") }
            assertTrue(annTasks.get(id).conflicts.isEmpty())
        }

    @Test
    fun `peers are told of as a flow, with status and members`() =
        test {
            val (ann, ben) = node("ann") to node("ben")
            val farm = ann.createSpace("farm")
            ben.join(farm.invite(Role.Reader))
            assertTrue(ann.watchPeers().first().isEmpty())
            ann.syncOnLoopback()
            ben.syncOnLoopback(ann)

            val met = ann.watchPeers().first { peers -> peers.any { it.inSync } }.single()
            assertEquals(PeerState.Connected, met.state)
            assertEquals(ben.device.id, met.device)
            assertEquals("ben", met.name)
            assertEquals(listOf(farm.id), met.spaces)
            assertNull(met.reason)
            val members = farm.members.associate { it.device.name to it.role }
            assertEquals(mapOf("ann" to Role.Admin, "ben" to Role.Reader), members)

            ben.stopSync()
            ann.watchPeers().first { peers -> peers.all { it.state == PeerState.Disconnected } }
        }
}
