package dev.dunlin

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonObject
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class UpdateTest {
    @Test
    fun `fields that a model does not know survive an update, in lists too`() =
        test {
            val space = node("ann").createSpace("farm")
            val later = space.collection<LaterTask>("tasks")
            val steps = listOf(LaterStep("dig", by = "ben"), LaterStep("fill", by = "cy"))
            later.put("a", LaterTask("Fence", owner = "ben", steps))

            val tasks = space.collection<Task>("tasks")
            tasks.update("a") { it.copy(title = "Wall", steps = listOf(Step("fill"), Step("dig"))) }

            val expected = listOf(LaterStep("fill", by = "cy"), LaterStep("dig", by = "ben"))
            assertEquals(LaterTask("Wall", owner = "ben", expected), later.get("a").value)
        }

    @Test
    fun `only what changed is written, and defaults of the model are not`() =
        test {
            val space = node("ann").createSpace("farm")
            space.collection<Title>("tasks").put("a", Title("Fence"))
            val tasks = space.collection<Task>("tasks")
            assertEquals(listOf("/done"), tasks.update("a") { it.copy(done = true) }.paths)
            assertEquals(Json.parseToJsonElement("""{"title":"Fence","done":true}"""), tasks.get("a").json)
            assertEquals(emptyList<String>(), tasks.update("a") { it }.paths)
        }

    @Test
    fun `an update keeps what was written since it read`() =
        test {
            val tasks = node("ann").createSpace("farm").collection<Task>("tasks")
            tasks.insert(Task("Fence", notes = MergeableText("posts"), minutes = Counter(1)), "a")
            val read = tasks.get("a")
            tasks.update("a") { it.copy(due = "2026-12-01", notes = MergeableText("oak posts")) }
            val changed = read.value.copy(notes = MergeableText("posts!"), minutes = Counter(4))
            tasks.save(read, changed)
            val value = tasks.get("a").value
            assertEquals("2026-12-01", value.due)
            assertEquals(MergeableText("oak posts!"), value.notes)
            assertEquals(Counter(4), value.minutes)
        }

    @Test
    fun `a null in a model removes the field, and null and absent read alike`() =
        test {
            val tasks = node("ann").createSpace("farm").collection<Task>("tasks")
            tasks.put("a", Task("Fence", due = "2026-12-01"))
            tasks.update("a") { it.copy(due = null) }
            assertNull(tasks.get("a").value.due)
            tasks.edit("a") {
                set<String?>("/due", null)
                set("/done", null as Boolean?)
            }
            assertEquals(Task("Fence"), tasks.get("a").value)
        }

    @Test
    fun `edits of every kind are carried out in order, all or none`() =
        test {
            val tasks = node("ann").createSpace("farm").collection<Task>("tasks")
            tasks.insert(Task("Fence"), id = "a")
            val committed =
                tasks.edit("a") {
                    set("/title", "Wall")
                    increment("/minutes", 5)
                    splice("/notes", at = 0, insert = "stone")
                    insert("/steps", 0, Step("lay"))
                    insert("/steps", 0, Step("dig"))
                    insert("/steps", 0, Step("rest"))
                    move("/steps", from = 0, to = 2)
                    deleteItem("/steps", 2)
                    remove("/done")
                }
            val expected =
                Task(
                    "Wall",
                    notes = MergeableText("stone"),
                    minutes = Counter(5),
                    steps = listOf(Step("dig"), Step("lay")),
                )
            val read = tasks.get("a")
            assertEquals(expected, read.value)
            assertEquals(committed.version, read.version)
            refused { tasks.edit("a") { set("/title", "x"); splice("/title/y", at = 9) } }
            assertEquals(expected, tasks.get("a").value)
        }

    @Test
    fun `a deleted document can be inspected and restored`() =
        test {
            val tasks = node("ann").createSpace("farm").collection<Task>("tasks")
            val id = tasks.insert(Task("Fence")).id
            tasks.delete(id)
            assertNull(tasks.find(id))
            assertTrue(tasks.inspect(id).isDeleted)
            tasks.restore(id)
            assertEquals(Task("Fence"), tasks.find(id)?.value)
        }

    @Test
    fun `numbers and text keep their value across the boundary`() =
        test {
            val tasks = node("ann").createSpace("farm").collection<Task>("tasks")
            val text = "fünf Zäune \uD83D\uDC26 \u0000 \"quoted\""
            tasks.put("a", Task(text))
            tasks.edit("a") { set("/big", Long.MAX_VALUE) }
            assertEquals(text, tasks.get("a").value.title)
            assertEquals(JsonPrimitive(Long.MAX_VALUE), tasks.get("a").json.jsonObject["big"])
        }
}
