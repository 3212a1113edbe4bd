package dev.dunlin

import kotlinx.coroutines.delay
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds

/** What models' types say, on two devices that change them apart. */
class KindsTest {
    @Serializable
    data class Row(
        @ItemKey val code: String,
        val label: String = "",
        val done: Boolean = false,
        val parts: List<Row> = emptyList(),
    )

    @Serializable
    sealed interface Place {
        @Serializable
        @SerialName("point")
        data class Point(val at: List<Double>) : Place

        @Serializable
        @SerialName("field")
        data class Field(val name: String, val rows: Map<String, Int> = emptyMap()) : Place
    }

    enum class Crop { Rye, Oats }

    @Serializable
    data class Plan(
        val tags: Set<String> = emptySet(),
        val rows: List<Row> = emptyList(),
        val place: Place? = null,
        val at: List<Double> = emptyList(),
        @Mergeable val samples: List<Double> = emptyList(),
        val amounts: Map<Crop, Int> = emptyMap(),
        val people: Set<Row> = emptySet(),
        val words: Map<String, String> = emptyMap(),
        val photo: ByteArray = byteArrayOf(),
    ) {
        override fun equals(other: Any?) = other is Plan && parts() == other.parts()

        override fun hashCode() = parts().hashCode()

        private fun parts() = listOf(tags, rows, place, at, samples, amounts, people, words, photo.asList())
    }

    /** Two devices with one document, which change it apart and meet; what both have then. */
    private suspend fun Nodes.apart(
        first: Plan,
        one: (Plan) -> Plan,
        other: (Plan) -> Plan,
    ): Document<Plan> {
        val (ann, bob) = node("ann") to node("bob")
        val space = ann.createSpace("farm")
        val plans = space.collection<Plan>("plans")
        val theirs = bob.join(space.invite()).collection<Plan>("plans")
        plans.insert(first, "a")
        meet(ann, bob)
        plans.update("a") { one(it) }
        delay(2.milliseconds)
        theirs.update("a") { other(it) }
        meet(ann, bob)
        assertEquals(plans.get("a").value, theirs.get("a").value)
        return plans.get("a")
    }

    private suspend fun meet(one: Node, other: Node) {
        one.syncOnLoopback()
        other.syncOnLoopback(one)
        while (true) {
            val status = listOf(one, other).map { it.status() }
            val areAlike = status.map { it.spaces.single().digest }.distinct().size == 1
            if (areAlike && status.all { it.peers.any { peer -> peer.inSync } }) break
            delay(10.milliseconds)
        }
        one.stopSync()
        other.stopSync()
    }

    @Test
    fun `what two add to a set and take out of it counts, each element once`() =
        test {
            val met =
                apart(
                    Plan(tags = setOf("a", "b", "c")),
                    { it.copy(tags = it.tags - "a" + "x" + "both") },
                    { it.copy(tags = it.tags - "b" + "y" + "both") },
                )
            assertEquals(setOf("c", "x", "y", "both"), met.value.tags)
            assertEquals(emptyList<Conflict>(), met.conflicts)
        }

    @Test
    fun `rows with a key stay the same when one device drags them and the other edits them`() =
        test {
            val rows = List(4) { Row("$it", "row $it", parts = List(3) { part -> Row("$part", "part $part") }) }
            val met =
                apart(
                    Plan(rows = rows),
                    { it.copy(rows = it.rows.reversed().map { row -> row.copy(parts = row.parts.reversed()) }) },
                    { it.copy(rows = it.rows.map { row -> changed(row).copy(parts = row.parts.map(::changed)) }) },
                )
            val expected = rows.reversed().map { changed(it).copy(parts = it.parts.reversed().map(::changed)) }
            assertEquals(expected, met.value.rows)
            assertEquals(emptyList<Conflict>(), met.conflicts)
        }

    private fun changed(row: Row) = row.copy(label = "nothing is left of it ${row.code}", done = true)

    @Test
    fun `coordinates and variants are one of the two and never a mixture`() =
        test {
            val one = Plan(at = listOf(1.0, 2.0), place = Place.Field("east", mapOf("a" to 1)))
            val other = Plan(at = listOf(3.0, 4.0), place = Place.Point(listOf(5.0)))
            val met = apart(Plan(), { one }, { other })
            assertEquals(listOf(other.at, other.place), listOf(met.value.at, met.value.place))
            assertEquals(listOf("/at", "/place"), met.conflicts.map { it.path }.sorted())
        }

    @Test
    fun `numbers that merge and entries of a map are all there`() =
        test {
            val met =
                apart(
                    Plan(samples = listOf(1.0), amounts = mapOf(Crop.Rye to 1)),
                    { it.copy(samples = it.samples + 2.0, amounts = it.amounts + (Crop.Oats to 2)) },
                    { it.copy(samples = it.samples + 3.0, amounts = it.amounts + (Crop.Rye to 3)) },
                )
            assertEquals(setOf(1.0, 2.0, 3.0), met.value.samples.toSet())
            assertEquals(3, met.value.samples.size)
            assertEquals(mapOf(Crop.Rye to 3, Crop.Oats to 2), met.value.amounts)
        }

    @Test
    fun `equal objects of a set that two devices added are read as one`() =
        test {
            val met = apart(Plan(), { it.copy(people = setOf(Row("x"))) }, { it.copy(people = setOf(Row("x"))) })
            assertEquals(setOf(Row("x")), met.value.people)
        }

    @Test
    fun `random models come back as they were, by every way of writing`() =
        test {
            val plans = node("ann").createSpace("farm").collection<Plan>("plans")
            val random = Random(11)
            repeat(200) { index ->
                val (first, second) = random.plan() to random.plan()
                plans.insert(first, "$index")
                assertEquals(first, plans.get("$index").value, "inserted")
                when (index % 3) {
                    0 -> plans.update("$index") { second }
                    1 -> plans.replace("$index", second)
                    else -> plans.putAll(mapOf("$index" to first)).single().getOrThrow().also { plans.update("$index") { second } }
                }
                assertEquals(second, plans.get("$index").value, "written, $index")
                assertEquals(emptyList<String>(), plans.update("$index") { it }.paths)
            }
        }

    @Test
    fun `what would read as a tagged form stays what the model says`() =
        test {
            val space = node("ann").createSpace("farm")
            val plans = space.collection<Map<String, Map<String, JsonElement>>>("plans")
            for (tag in TAGS) {
                for (content in listOf("\"x\"", "1", "[1]", "{\"\$text\":\"y\"}")) {
                    val value = mapOf("a" to mapOf(tag to Json.parseToJsonElement(content)))
                    if ("text" in content) {
                        // Any JSON is read with its forms: the inner one is a text.
                        plans.replace("a", value)
                        assertEquals(value.keys, plans.get("a").value.keys)
                    } else {
                        plans.replace("a", value)
                        assertEquals(value, plans.get("a").value, "$tag $content")
                    }
                }
            }
            val words = space.collection<Map<String, String>>("words")
            words.insert(mapOf("\$text" to "x"), "a")
            words.update("a") { it + ("more" to "y") }
            words.update("a") { it - "more" }
            assertEquals(mapOf("\$text" to "x"), words.get("a").value)
        }

    @Test
    fun `edits store typed values as the models do`() =
        test {
            val space = node("ann").createSpace("farm")
            val plans = space.collection<Plan>("plans")
            plans.edit("a") {
                set("/tags", setOf("a"))
                set("/photo", byteArrayOf(1, 2))
                set("/at", emptyList<Double>())
                set("/rows", listOf(Row("1")))
            }
            plans.edit("a") { add("/tags", "b") }
            val read = plans.get("a").value
            assertEquals(setOf("a", "b"), read.tags)
            assertArrayEquals(byteArrayOf(1, 2), read.photo)
            assertEquals(listOf(Row("1")), read.rows)
        }

    @Test
    fun `a replacement leaves what was added since it was read`() =
        test {
            val space = node("ann").createSpace("farm")
            val plans = space.collection<Map<String, Int>>("plans")
            plans.insert(mapOf("a" to 1, "b" to 2), "a")
            val read = plans.get("a")
            plans.edit("a") { set("/c", 3) }
            plans.replace("a", mapOf("a" to 5), read.version)
            assertEquals(mapOf("a" to 5, "c" to 3), plans.get("a").value)
        }

    private fun Random.plan() =
        Plan(
            tags = some { word() }.toSet(),
            rows = rows(2),
            place = listOf(null, Place.Point(some { nextDouble() }), Place.Field(word(), words { nextInt() })).random(this),
            at = some { nextDouble() },
            samples = some { nextDouble() },
            amounts = some { Crop.entries.random(this) }.associateWith { nextInt() },
            people = rows(0).toSet(),
            words = words { word() },
            photo = nextBytes(nextInt(4)),
        )

    private fun Random.rows(depth: Int): List<Row> =
        some { word() }.distinct().map { Row(it, word(), nextBoolean(), if (depth > 0) rows(depth - 1) else emptyList()) }

    private fun <T> Random.some(make: () -> T): List<T> = List(nextInt(4)) { make() }

    private fun <T> Random.words(make: () -> T): Map<String, T> = some { word() }.associateWith { make() }

    private fun Random.word() = WORDS.random(this)

    private companion object {
        val WORDS = TAGS.toList() + listOf("", "a", "b", "/", "~", "*", "@", "=\"a\"", "🦆", "type", "id", "0")
    }
}
