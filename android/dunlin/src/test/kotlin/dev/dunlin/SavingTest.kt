package dev.dunlin

import kotlinx.serialization.Serializable
import kotlinx.serialization.builtins.ListSerializer
import kotlinx.serialization.builtins.serializer
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.JsonTransformingSerializer
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Models that do not show a document as it is stored. */
class SavingTest {
    @Serializable
    data class Row(
        val text: String,
        val done: Boolean = false,
    )

    /** Leaves out what a later version of the app wrote, and sorts. */
    object KnownInOrder : JsonTransformingSerializer<List<Row>>(ListSerializer(Row.serializer())) {
        override fun transformDeserialize(element: JsonElement): JsonElement =
            JsonArray(
                element.jsonArray
                    .filter { "later" !in it.jsonObject }
                    .sortedBy { it.jsonObject["text"].toString() },
            )
    }

    @Serializable
    data class Plan(
        @Serializable(with = KnownInOrder::class) val rows: List<Row>,
    )

    /** Shows one colour for all that it does not know. */
    object KnownColours : JsonTransformingSerializer<List<String>>(ListSerializer(String.serializer())) {
        override fun transformDeserialize(element: JsonElement): JsonElement =
            JsonArray(element.jsonArray.map { if (it.toString().length == 5) it else JsonPrimitive("red") })
    }

    @Serializable
    data class Palette(
        @Serializable(with = KnownColours::class) val colours: List<String>,
    )

    @Serializable
    data class Tagged(
        val tags: Set<String>,
    )

    private fun json(text: String) = Json.parseToJsonElement(text)

    @Test
    fun `a change goes to the row that it was made to, however the model sorts and filters`() =
        test {
            val space = node("ann").createSpace("farm")
            val stored = space.collection<JsonElement>("plans")
            val plans = space.collection<Plan>("plans")
            stored.put("a", json("""{"rows":[{"text":"c"},{"text":"x","later":1},{"text":"b"},{"text":"a"}]}"""))
            plans.update("a") { plan ->
                plan.copy(rows = plan.rows.map { if (it.text == "b") it.copy(done = true) else it })
            }
            assertEquals(
                json("""{"rows":[{"text":"c"},{"text":"x","later":1},{"text":"b","done":true},{"text":"a"}]}"""),
                stored.get("a").json,
            )
            plans.update("a") { plan -> plan.copy(rows = plan.rows.filter { it.text != "a" }) }
            assertEquals(
                json("""{"rows":[{"text":"c"},{"text":"x","later":1},{"text":"b","done":true}]}"""),
                stored.get("a").json,
            )
        }

    @Test
    fun `a change that could mean one item or another is refused, and nothing is written`() =
        test {
            val space = node("ann").createSpace("farm")
            val stored = space.collection<JsonElement>("palettes")
            val palettes = space.collection<Palette>("palettes")
            stored.put("a", json("""{"colours":["purple","orange"]}"""))
            val refusal = refused { palettes.update("a") { it.copy(colours = it.colours.drop(1)) } }
            assertEquals(ErrorCode.Unplaceable, refusal.code)
            assertTrue("/colours" in refusal.reason, refusal.reason)
            assertEquals(json("""{"colours":["purple","orange"]}"""), stored.get("a").json)
        }

    @Test
    fun `a set of a model over a list of somebody else changes the items that it means`() =
        test {
            val space = node("ann").createSpace("farm")
            val stored = space.collection<JsonElement>("notes")
            stored.put("a", json("""{"tags":["wet","cold","wet"],"more":1}"""))
            val notes = space.collection<Tagged>("notes")
            notes.update("a") { it.copy(tags = it.tags - "wet" + "dry") }
            assertEquals(json("""{"tags":["cold","dry"],"more":1}"""), stored.get("a").json)
        }
}
