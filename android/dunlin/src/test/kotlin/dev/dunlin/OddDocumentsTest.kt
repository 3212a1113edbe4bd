package dev.dunlin

import kotlinx.coroutines.FlowPreview
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.produceIn
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.descriptors.PrimitiveKind
import kotlinx.serialization.descriptors.PrimitiveSerialDescriptor
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.time.Instant

@Serializable
enum class Light {
    Red,
    Green,
}

@Serializable
sealed class Form {
    @Serializable
    @SerialName("square")
    data class Square(val side: Int) : Form()
}

/** Throws what Java throws, which is no exception of serialization. */
object InstantText : KSerializer<Instant> {
    override val descriptor = PrimitiveSerialDescriptor("InstantText", PrimitiveKind.STRING)

    override fun serialize(encoder: Encoder, value: Instant) = encoder.encodeString(value.toString())

    override fun deserialize(decoder: Decoder): Instant = Instant.parse(decoder.decodeString())
}

/** Never ends for what nobody has foreseen. */
object Bottomless : KSerializer<String> {
    override val descriptor = PrimitiveSerialDescriptor("Bottomless", PrimitiveKind.STRING)

    override fun serialize(encoder: Encoder, value: String) = encoder.encodeString(value)

    override fun deserialize(decoder: Decoder): String = decoder.decodeString().let { if (it == "deep") fall(it) else it }

    private fun fall(text: String): String = fall("$text.") + "."
}

@Serializable
data class Child(
    val name: String,
    val children: List<Child> = emptyList(),
)

@Serializable
data class Odd(
    val n: Int,
    val byte: Byte = 0,
    val light: Light? = null,
    val lights: List<Light> = emptyList(),
    val form: Form? = null,
    val child: Child? = null,
    val names: Map<String, Int> = emptyMap(),
    val single: Char = 'x',
    @Serializable(InstantText::class) val at: Instant? = null,
    @Serializable(Bottomless::class) val end: String = "",
) {
    init {
        require(n != 13) { "n brings bad luck" }
        check(byte != 13.toByte()) { "so does the byte" }
        if (byte == 14.toByte()) throw ArithmeticException("fourteen")
    }
}

/** What one peer or another writes, each beside a number that is right unless it says otherwise, and where it is wrong. */
private val ODDITIES =
    mapOf(
        """{"n":"text"}""" to "/n",
        """{"n":{"a":1}}""" to "/n",
        """{"n":null}""" to "/n",
        """{}""" to "/n",
        """{"n":2147483648}""" to "/n",
        """{"n":1.5}""" to "/n",
        """{"n":1e300}""" to "/n",
        """{"n":13}""" to "",
        """{"n":1,"byte":300}""" to "/byte",
        """{"n":1,"byte":13}""" to "",
        """{"n":1,"byte":14}""" to "",
        """{"n":1,"lights":["Red","Blue"]}""" to null,
        """{"n":1,"lights":"Red"}""" to "/lights",
        """{"n":1,"lights":{"0":"Red"}}""" to "/lights",
        """{"n":1,"lights":[["Red"]]}""" to null,
        """{"n":1,"form":{"type":"circle","radius":1}}""" to null,
        """{"n":1,"form":{"side":1}}""" to null,
        """{"n":1,"form":"square"}""" to null,
        """{"n":1,"child":{"name":"a","children":[{"name":"b","children":[{"name":null}]}]}}""" to null,
        """{"n":1,"child":["a"]}""" to "/child",
        """{"n":1,"names":{"a":"b"}}""" to "/names/a",
        """{"n":1,"names":{"a/b":{}}}""" to "/names/a~1b",
        """{"n":1,"single":"two"}""" to null,
        """{"n":1,"at":"tomorrow"}""" to null,
        """{"n":1,"end":"deep"}""" to null,
    )

@OptIn(FlowPreview::class)
class OddDocumentsTest {
    private fun deep(levels: Int): String = """{"n":1,"child":${"""{"name":"a","children":[""".repeat(levels)}{"name":1}${"]}".repeat(levels)}}"""

    @Test
    fun `whatever a peer writes, get refuses with a code, and lists, flows and inspect go on`() =
        test {
            val space = node("ann").createSpace("farm")
            val odd = space.collection<Odd>("odd")
            val anything = space.collection<JsonElement>("odd")
            coroutineScope {
                val lists = odd.watch().produceIn(this)
                val one = odd.watchDocument("x").produceIn(this)
                assertEquals(Entries<Odd>(), lists.receive())
                assertNull(one.receive())
                anything.put("a", Json.parseToJsonElement("""{"n":1}"""))
                assertEquals(listOf(Entry("a", Odd(1))), lists.receive())
                for ((text, path) in ODDITIES + (deep(13) to null)) {
                    val json = Json.parseToJsonElement(text)
                    anything.replace("x", json)
                    val (good, bad) = lists.receive()
                    assertEquals(Odd(1), good.value, text)
                    val failure = checkNotNull(bad.failure) { text }
                    assertEquals("x" to null, bad.id to bad.value, text)
                    assertEquals(anything.get("x").json, failure.json, text)
                    assertTrue(failure.reason.isNotEmpty(), text)
                    if (path != null) assertEquals(path, failure.path, "$text: $failure")

                    assertEquals(failure, one.receive()?.failure, text)
                    val refusal = refused { odd.get("x") }
                    assertEquals(ErrorCode.WrongKind, refusal.code, text)
                    assertTrue("odd/x" in refusal.reason && "inspect" in refusal.remedy, "$refusal")
                    assertEquals(refusal, refused { odd.find("x") })
                    assertEquals(refusal, refused { odd.update("x") { it } })
                    assertEquals(failure, odd.inspect("x").failure, text)

                    // An app that does not know better can mend it by path.
                    odd.edit("x") { set("", Odd(2)) }
                    assertEquals(listOf(Odd(1), Odd(2)), lists.receive().values, text)
                    assertEquals(Odd(2), one.receive()?.value, text)
                }
                anything.replace("x", Json.parseToJsonElement("""{"n":"odd"}"""))
                assertEquals(1, lists.receive().failures.size)
                assertNotNull(one.receive()?.failure)
                odd.delete("x")
                assertEquals(listOf(Odd(1)), lists.receive().values)
                assertNull(one.receive())
                assertTrue(odd.inspect("x").run { isDeleted && failure != null })
                odd.restore("x")
                assertEquals("x", lists.receive().failures.single().id)
                lists.cancel()
                one.cancel()
            }
        }

    @Serializable
    data class Summary(
        val title: String,
        val open: Boolean,
        val steps: List<Step> = emptyList(),
        val raw: String? = null,
        val n: Int? = null,
    )

    @Test
    fun `rows of any query are models, each for itself`() =
        test {
            val space = node("ann").createSpace("farm")
            val order = space.collection<JsonObject>("order")
            suspend fun put(id: String, json: String) = order.put(id, Json.parseToJsonElement(json) as JsonObject)
            put("a", """{"title":"[1]","open":true,"steps":[{"text":"dig"}],"n":1}""")
            put("b", """{"title":"Gate","open":false,"n":"many"}""")
            put("c", """{"title":"Hedge"}""")
            val sql =
                "SELECT id, doc->>'$.title' AS title, ifnull(doc->>'$.open', ?) AS open, " +
                    "doc->'$.steps' AS steps, doc AS raw, doc->>'$.n' AS n FROM \"order\" ORDER BY id"
            val rows = space.query<Summary>(sql, false)
            val raw = """{"n":1,"open":true,"steps":[{"text":"dig"}],"title":"[1]"}"""
            assertEquals(Summary("[1]", open = true, listOf(Step("dig")), raw, 1), rows[0].value)
            assertEquals("b" to "/n", rows[1].id to rows[1].failure?.path)
            assertEquals("Hedge" to false, rows[2].value?.title to rows[2].value?.open)
            assertEquals(3, space.query(sql, false).rows.size)

            val followed = space.watchQuery<Summary>(sql, false)
            assertEquals(rows, followed.first())
            put("b", """{"n":2}""")
            assertEquals(listOf(1, 2, null), followed.first().values.map { it.n })
            val counts = space.query<JsonObject>("SELECT count(*) AS n FROM \"order\"").single()
            assertEquals("0" to "3", counts.id to counts.value?.get("n").toString())
        }

    @Test
    fun `plain data is made by apps, and equal if it says the same`() {
        fun entries() = Entries(listOf(Entry("a", 1), Entry("b", failure = Unreadable("/n", "odd", JsonObject(emptyMap())))), hasMore = true)
        assertEquals(entries(), entries())
        assertTrue(entries() != Entries(entries().toList()))
        assertEquals(listOf(1), entries().values)
        fun side(value: String) = Side(JsonPrimitive(value), Author(Device("ff", "barn", DeviceKind.Human), Evidence.Book), 1, false)
        fun conflict() = Conflict("c", "/title", side("shown"), side("lost"), null)
        fun document() = Document("a", Title("x"), "v", Json.parseToJsonElement("{}"), listOf(conflict()))
        assertEquals(document(), document())
        assertTrue(document() != Document("a", Title("y")))
        fun plain(): List<Any> {
            val device = Device("ff", "barn", DeviceKind.Sensor)
            val refusal = DunlinException(ErrorCode.NotFound, "none", "make one")
            return listOf(
                Member(device, Role.Admin, 5),
                Change(1, "tasks", "a", listOf("/n"), "ff", DeviceKind.Human, Origin.Remote, 2),
                ChangeBatch(listOf(Change(1, "tasks", "a", emptyList(), "ff", DeviceKind.Human, Origin.Local, 2))),
                Peer("ff", "barn", PeerState.Connected, "x:1", true, listOf("s"), null),
                NodeStatus(device, emptyList(), emptyList(), emptyList(), null, listOf(Refusal("a", "b", emptyList(), true, ErrorCode.Denied, "c"))),
                SpaceStatus("s", "farm", null, Role.Writer, 1, "d", 1, true, emptyList(), emptyList()),
                FullDocument("tasks/a", "ff", true, "bytes", 1, 2, 3, listOf(Large("/a", 9)), "less"),
                QueryResult(listOf("n"), listOf(Row(listOf("n"), emptyList())), refusal = refusal),
                QueryPlan(listOf("SCAN"), emptyList()),
                Committed("a", 1, "v", listOf("/n")),
                PutOutcome("a", null, refusal),
                SyncOutcome(true, emptyList()),
                Presence(device, 1),
                Inspected("a", "v", JsonObject(emptyMap()), document = document()),
                Listed("tasks", "a", false, true),
            )
        }
        assertEquals(plain(), plain())
        assertEquals(plain().map { it.hashCode() }, plain().map { it.hashCode() })
    }
}
