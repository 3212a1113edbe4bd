package dev.dunlin

import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.double
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds

/** What goes in comes out the same, or is refused. */
class LosslessTest {
    @Serializable
    data class Measured(
        val doubles: List<Double>,
        val byName: Map<String, Double>,
        val whole: List<Long>,
        val one: Double,
        val text: String = "",
    )

    /** Doubles of every magnitude out of random bits, and what is known to be hard. */
    private val doubles: List<Double> =
        Random(7).let { random ->
            val hard = listOf(105.32744387051825, 1e22, Double.MAX_VALUE, Double.MIN_VALUE, 0.1, 5e15, 1e18)
            val bits = generateSequence { Double.fromBits(random.nextLong()) }
            hard + bits.filter { it.isFinite() && it != 0.0 }.take(2_000)
        }

    private val whole = listOf(Long.MIN_VALUE, Long.MAX_VALUE, 9_007_199_254_740_993, 0, -1)

    @Test
    fun `a model's numbers are the same when they are read back`() =
        test {
            val space = node("ann").createSpace("farm")
            val readings = space.collection<Measured>("readings")
            val names = doubles.take(200).withIndex().associate { (index, it) -> "\$n$index" to it }
            val measured = Measured(doubles, names, whole, doubles[0], "é\u0000🦆\u2028")
            readings.insert(measured, "a")
            assertEquals(measured, readings.get("a").value)
            readings.put("b", measured)
            assertEquals(measured, readings.get("b").value)
            for (double in doubles.take(30)) {
                readings.update("a") { it.copy(one = double) }
                assertEquals(double, readings.get("a").value.one)
                val sql = "SELECT doc->>'$.one' AS one FROM readings WHERE json_extract(doc, '$.one') = ?"
                val row = space.query(sql, double).rows.first()
                assertEquals(double, row["one"].jsonPrimitive.double)
            }
            readings.replace("a", measured.copy(one = 0.0, doubles = doubles.reversed()))
            assertEquals(doubles.reversed(), readings.get("a").value.doubles)
        }

    @Test
    fun `a plain collection takes any JSON as it is`() =
        test {
            val space = node("ann").createSpace("farm")
            val plain = space.collection<JsonElement>("specs", plain = true)
            val text = """{"a":{"§text":5},"b":[{"§counter":1},{"§ref":"#/a"}],"c":null,"d":{"e":[null]}}"""
            val json = Json.parseToJsonElement(text.replace('§', '$'))
            plain.replace("a", json)
            assertEquals(json, plain.get("a").json)
            plain.update("a") { json }
            assertEquals(json, plain.get("a").value)
            val tagged = space.collection<JsonElement>("specs")
            assertEquals(ErrorCode.InvalidInput, refused { tagged.replace("b", json) }.code)
        }

    @Test
    fun `half of a surrogate pair is refused with its path`() =
        test {
            val tasks = node("ann").createSpace("farm").collection<Task>("tasks")
            val refusal = refused { tasks.put("a", Task("Fence", steps = listOf(Step("x\ud83e")))) }
            assertEquals(ErrorCode.InvalidInput, refusal.code)
            assertTrue("/steps/0/text" in refusal.reason, refusal.reason)
            tasks.put("a", Task("🦆"))
            assertEquals("🦆", tasks.get("a").value.title)
        }

    /** That nothing native is kept by a refusal shows in [LiveObjectsTest], in the same process. */
    @Test
    fun `half of a surrogate pair is refused wherever a string is handed over`() =
        test {
            val half = "a\udd86"
            val ann = node("ann")
            val farm = ann.createSpace("farm")
            val tasks = farm.collection<Task>("tasks")
            tasks.put("a", Task("Fence"))
            val doors =
                listOf<suspend () -> Unit>(
                    { Dunlin.open(directory("ben")) { name = half } },
                    { ann.space(half) },
                    { ann.createSpace(half) },
                    { ann.join(half) },
                    { ann.join(farm.invite(), half) },
                    { ann.startSync { listen = half } },
                    { ann.syncOnce(1.seconds) { peers += half } },
                    { farm.collection<Task>(half) },
                    { farm.query(half) },
                    { farm.query("SELECT ?", half) },
                    { farm.watch(half).first() },
                    { farm.watch("SELECT ?", half).first() },
                    { farm.explain(half) },
                    { farm.createIndex(half, "$.title") },
                    { farm.createIndex("tasks", half) },
                    { farm.changes(half).first() },
                    { farm.setPresence(half, 1.seconds) },
                    { tasks.insert(Task("x"), half) },
                    { tasks.put(half, Task("x")) },
                    { tasks.put("a", Task("x"), half) },
                    { tasks.replace(half, Task("x")) },
                    { tasks.get(half) },
                    { tasks.find(half) },
                    { tasks.inspect(half) },
                    { tasks.update(half) { it } },
                    { tasks.update("a") { it.copy(title = half) } },
                    { tasks.edit(half) { set("/title", "x") } },
                    { tasks.edit("a") { set(half, "x") } },
                    { tasks.edit("a") { set("/title", half) } },
                    { tasks.edit("a", half) { set("/title", "x") } },
                    { tasks.anchor(half, "/notes", 0) },
                    { tasks.anchor("a", half, 0) },
                    { tasks.delete(half) },
                    { tasks.restore(half) },
                    { tasks.refound(half) },
                    { tasks.watch("title = ?", half).first() },
                    { tasks.watchDocument(half).first() },
                    { coroutineScope { tasks.editText(half, "/notes", this) } },
                )
            doors.forEachIndexed { index, door ->
                assertEquals(ErrorCode.InvalidInput, refused { door() }.code, "door $index")
            }
            val outcomes = tasks.putAll(mapOf(half to Task("x"), "b" to Task("y")))
            assertEquals(listOf(ErrorCode.InvalidInput, null), outcomes.map { it.refusal?.code })
            assertEquals("y", tasks.get("b").value.title)
        }
}
