package dev.dunlin

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.FlowPreview
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.produceIn
import kotlinx.coroutines.launch
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

@OptIn(FlowPreview::class)
class LiveQueryTest {
    @Test
    fun `a live query follows rows that come, change, move and go`() =
        test {
            val space = node("ann").createSpace("farm")
            val tasks = space.collection<Task>("tasks")
            val byTitle = "SELECT id, doc->>'$.title' AS title FROM tasks ORDER BY title"
            coroutineScope {
                val results = space.watch(byTitle).produceIn(this)

                suspend fun titles() = results.receive().rows.map { it["title"].jsonPrimitive.content }
                assertEquals(emptyList<String>(), titles())
                tasks.put("a", Task("ash"))
                assertEquals(listOf("ash"), titles())
                tasks.putAll(mapOf("b" to Task("beech"), "c" to Task("cedar")))
                assertEquals(listOf("ash", "beech", "cedar"), titles())
                tasks.update("a") { it.copy(title = "yew") }
                assertEquals(listOf("beech", "cedar", "yew"), titles())
                tasks.delete("b")
                assertEquals(listOf("cedar", "yew"), titles())
                results.cancel()
            }
        }

    @Test
    fun `a collection is followed as models from before its first document`() =
        test {
            val tasks = node("ann").createSpace("farm").collection<Task>("tasks")
            coroutineScope {
                val open = tasks.watch("json_extract(doc, '$.done') = ?", false).produceIn(this)
                assertEquals(emptyList<Entry<Task>>(), open.receive())
                tasks.insert(Task("ash"), id = "a")
                assertEquals(listOf(Entry("a", Task("ash"))), open.receive())
                tasks.update("a") { it.copy(done = true) }
                assertEquals(emptyList<Entry<Task>>(), open.receive())
                open.cancel()
            }
        }

    @Test
    fun `a query answers once, and its plan warns until there is an index`() =
        test {
            val space = node("ann").createSpace("farm")
            val tasks = space.collection<Task>("tasks")
            tasks.putAll((1..3).associate { "t$it" to Task("task $it", due = "2026-12-0$it") })
            val sql = "SELECT count(*) AS n FROM tasks WHERE json_extract(doc, '$.due') > ?"
            val result = space.query(sql, "2026-12-01")
            assertEquals(2, result.rows.single()["n"].jsonPrimitive.int)
            assertThrows(NoSuchElementException::class.java) { result.rows.single()["m"] }
            assertEquals(listOf("tasks"), space.collections())

            assertEquals(1, space.explain(sql).warnings.size)
            assertTrue(space.createIndex("tasks", "$.due"))
            assertTrue(!space.createIndex("tasks", "$.due"))
            assertEquals(emptyList<String>(), space.explain(sql).warnings)
        }

    @Test
    fun `flows end when the node is shut down`() =
        test {
            val node = node("ann")
            val farm = node.createSpace("farm")
            farm.collection<Task>("tasks").put("a", Task("ash"))
            coroutineScope {
                follow(farm.watch("SELECT id FROM tasks"))
                follow(farm.changes("app"))
                follow(node.watchPeers())
                node.shutdown()
                // This scope waits for the three collectors.
            }
        }

    /** Collects until the flow ends; returns after the first item. */
    private suspend fun CoroutineScope.follow(flow: Flow<Any>) {
        val begun = CompletableDeferred<Unit>()
        launch { flow.collect { begun.complete(Unit) } }
        begun.await()
    }
}
