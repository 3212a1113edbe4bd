package dev.dunlin

import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class ChangeFeedTest {
    @Test
    fun `a consumer is told again of what it did not acknowledge, also after a restart`() =
        test {
            val node = node("ann")
            val farm = node.createSpace("farm")
            val tasks = farm.collection<Task>("tasks")
            tasks.put("a", Task("ash"))
            tasks.put("b", Task("beech"))

            val batch = farm.changes("indexer").first()
            assertEquals(listOf("a", "b"), batch.changes.map { it.id })
            assertEquals(listOf("a", "b"), farm.changes("indexer").first().changes.map { it.id })
            batch.acknowledge()
            tasks.update("a") { it.copy(done = true) }
            node.shutdown()

            val again = node("ann").space("farm").changes("indexer").first()
            val change = again.changes.single()
            assertEquals(listOf("tasks", "a"), listOf(change.collection, change.id))
            assertEquals(listOf("/done"), change.paths)
            assertEquals(node.device.id, change.device)
            assertEquals(Origin.Local, change.origin)
        }

    @Test
    fun `a feed without a name begins at the moment that it is collected`() =
        test {
            val farm = node("ann").createSpace("farm")
            val tasks = farm.collection<Task>("tasks")
            val before = tasks.put("a", Task("ash"))
            coroutineScope {
                assertEquals("a", farm.changesAfter(before.seq - 1).first().changes.single().id)
                val next = async { farm.changesAfter(before.seq).first().changes.single().id }
                tasks.put("b", Task("beech"))
                assertEquals("b", next.await())
            }
        }
}
