package dev.dunlin

import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNames
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.serializer
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** What models become before they cross, and what of them crosses with it. */
class ShapeTest {
    enum class Crop { Rye, Oats }

    @JvmInline
    @Serializable
    value class Sku(val code: String)

    @JvmInline
    @Serializable
    value class Tags(val all: Set<String>)

    @Serializable
    data class Line(@ItemKey @SerialName("nr") val sku: Sku, val amount: Int = 1)

    @Serializable
    data class Kinds(
        val tags: Set<String> = setOf("a", "b"),
        val crops: Set<Crop>? = setOf(Crop.Rye),
        val wrapped: Tags = Tags(setOf("x")),
        val skus: HashSet<Sku> = hashSetOf(Sku("s")),
        val lines: Set<Line> = setOf(Line(Sku("1"))),
        val at: List<Double> = listOf(1.5, 2.5),
        val none: List<Int?> = emptyList(),
        val ring: List<List<Float>> = listOf(listOf(1f)),
        val array: IntArray = intArrayOf(1),
        @Mergeable val samples: List<UInt> = listOf(7u),
        @Mergeable val track: Map<String, List<DoubleArray>> = mapOf("t" to listOf(doubleArrayOf(0.5))),
        val blob: ByteArray? = byteArrayOf(0, -1),
        val byCrop: Map<Crop, Int> = mapOf(Crop.Oats to 2),
        val byYear: Map<Int, Set<Int>> = mapOf(2024 to setOf(1)),
        val pair: Pair<Int, String> = 1 to "one",
        val texts: List<MergeableText> = listOf(MergeableText("t")),
        val json: JsonElement = Json.parseToJsonElement("""{"a":[1]}"""),
    )

    @Test
    fun `each type is written as the kind that it asks for`() {
        val expected =
            """
            {"tags":{"@set":["a","b"]},"crops":{"@set":["Rye"]},"wrapped":{"@set":["x"]},"skus":{"@set":["s"]},
             "lines":[{"nr":"1","amount":1}],"at":{"@value":[1.5,2.5]},"none":{"@value":[]},
             "ring":{"@value":[[1.0]]},"array":{"@value":[1]},"samples":{"@list":[7]},
             "track":{"t":{"@list":[{"@value":[0.5]}]}},"blob":{"@bytes":"AP8="},"byCrop":{"Oats":2},
             "byYear":{"2024":{"@set":[1]}},"pair":{"@value":{"first":1,"second":"one"}},
             "texts":[{"@text":"t"}],"json":{"a":[1]}}
            """
        val encoded = model<Kinds>().encode(Kinds())
        assertEquals(json(expected), Json.parseToJsonElement(encoded.json))
        assertEquals(mapOf("/lines" to "nr"), encoded.keys)
        val plain = Model(serializer<Kinds>(), isPlain = true).encode(Kinds())
        assertEquals(mapOf("/lines" to "nr"), plain.keys)
        assertTrue("$" !in plain.json.replace("\"\$text\"", ""), plain.json)
    }

    @Serializable
    sealed interface Mark {
        @Serializable
        @SerialName("point")
        data class Point(val at: List<Double>, val tags: Set<String> = setOf("p")) : Mark

        @Serializable
        @SerialName("group")
        data class Group(val marks: List<Mark>, val names: Map<String, Int> = emptyMap()) : Mark

        @Serializable
        @SerialName("none")
        data object None : Mark
    }

    @Serializable
    sealed interface Part {
        @Serializable
        @SerialName("note")
        data class Note(@ItemKey val no: Int, val body: MergeableText, val tags: Set<String> = setOf()) : Part

        @Serializable
        @SerialName("picture")
        data class Picture(@ItemKey val no: Int, val at: Mark) : Part
    }

    @Serializable
    data class Drawing(
        val mark: Mark,
        val marks: List<Mark?> = emptyList(),
        @Mergeable val open: Mark = Mark.None,
        val parts: List<Part> = emptyList(),
    )

    @Test
    fun `a variant is replaced whole unless something merges in it`() {
        val point = Mark.Point(listOf(1.0))
        val group = Mark.Group(listOf(point, Mark.None), mapOf("\$text" to 1))
        val parts = listOf(Part.Note(1, MergeableText("t")), Part.Picture(2, Mark.None))
        val encoded = model<Drawing>().encode(Drawing(group, listOf(point, null), point, parts))
        val expected =
            """
            {"mark":{"@value":{"type":"group","marks":[{"type":"point","at":[1.0],"tags":["p"]},{"type":"none"}],
             "names":{"@object":{"@text":1}}}},
             "marks":[{"@value":{"type":"point","at":[1.0],"tags":["p"]}},null],
             "open":{"type":"point","at":{"@value":[1.0]},"tags":{"@set":["p"]}},
             "parts":[{"type":"note","no":1,"body":{"@text":"t"},"tags":{"@set":[]}},
             {"type":"picture","no":2,"at":{"@value":{"type":"none"}}}]}
            """
        assertEquals(json(expected), Json.parseToJsonElement(encoded.json))
        assertEquals(mapOf("/parts" to "no"), encoded.keys)
        assertEquals(json("""{"type":"point","at":{"@value":[1.0]},"tags":{"@set":["p"]}}"""), reread<Mark>(point))
    }

    @Serializable
    data class Tree(@ItemKey val name: String, val below: List<Tree> = emptyList(), val more: Map<String, Tree> = emptyMap())

    @Test
    fun `keys of a model that holds itself are told for every list that is there`() {
        val tree = Tree("a", listOf(Tree("b", listOf(Tree("c")), mapOf("x/~" to Tree("d")))))
        val expected = setOf("/below", "/below/*/below", "/below/*/below/*/below", "/below/*/more/*/below")
        assertEquals(expected.associateWith { "name" }, model<Tree>().encode(tree).keys)
    }

    @Serializable
    data class Twice(@ItemKey val a: Int, @ItemKey val b: Int)

    @Test
    fun `items with two keys are refused`() {
        val refusal = org.junit.jupiter.api.assertThrows<DunlinException> { model<Map<String, List<Twice>>>() }
        assertEquals(ErrorCode.InvalidInput, refusal.code)
    }

    @Serializable
    data class Odd(@SerialName("\$set") val set: String? = null, val other: Int? = null)

    @Test
    fun `an object that would read as a tagged form is written as an object, except any JSON`() {
        assertEquals(json("""{"@object":{"@text":"x"}}"""), reread(mapOf("\$text" to "x")))
        assertEquals(json("""{"@text":"x","b":"y"}"""), reread(mapOf("\$text" to "x", "b" to "y")))
        assertEquals(json("""{"a":{"@object":{"@object":{"@object":{"@list":1}}}}}"""), reread(nested()))
        assertEquals(json("""{"@object":{"@set":"x"}}"""), reread(Odd("x")))
        assertEquals(json("""{"@set":"x","other":1}"""), reread(Odd("x", 1)))
        val any = json("""{"a":{"@text":"x"}}""") as JsonObject
        assertEquals(any, reread(any))
        assertEquals(any, reread<Map<String, JsonElement>>(any))
    }

    private fun nested() = mapOf("a" to mapOf("\$object" to mapOf("\$list" to 1)))

    @Serializable
    data class Files(@JsonNames("blobs") val files: List<ByteArray>, val inner: Map<String, Files> = emptyMap())

    @Test
    fun `bytes are read as base64 and as numbers`() {
        val read = model<Files>().decode("""{"blobs":["AP8=",[1,2]],"inner":{"a":{"files":[""]}},"x":1}""") { "a" }
        assertArrayEquals(byteArrayOf(0, -1), read.files[0])
        assertArrayEquals(byteArrayOf(1, 2), read.files[1])
        assertArrayEquals(byteArrayOf(), read.inner.getValue("a").files[0])
        val odd = assertThrows<Misfit> { model<Files>().decode("""{"blobs":["AP8=","?"],"x":1}""") { "a" } }
        assertTrue(odd.path.startsWith("/files"), odd.path)
        assertEquals(ErrorCode.WrongKind, odd.refusal().code)
    }

    private inline fun <reified T> model() = Model(serializer<T>(), isPlain = false)

    private inline fun <reified T> reread(value: T) = Json.parseToJsonElement(model<T>().encode(value).json)

    private fun json(text: String) = Json.parseToJsonElement(text.replace('@', '$'))
}
