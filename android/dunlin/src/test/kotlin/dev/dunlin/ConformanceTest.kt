package dev.dunlin

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.channels.ReceiveChannel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.produceIn
import kotlinx.coroutines.launch
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull
import kotlinx.serialization.json.doubleOrNull
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import kotlinx.serialization.json.longOrNull
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.TestFactory
import java.io.File
import kotlin.time.Duration.Companion.milliseconds

/** The conformance list, run through the Kotlin API; see `tests/conformance/README.md`. */
class ConformanceTest {
    @TestFactory
    fun `every case of the list holds`(): List<DynamicTest> {
        val folder = File(checkNotNull(System.getProperty("dunlin.conformance")))
        val files = checkNotNull(folder.listFiles { file -> file.extension == "json" }).sorted()
        val tests =
            files.flatMap { file ->
                Json.parseToJsonElement(file.readText()).jsonArray.map { it.jsonObject }.map { case ->
                    val name = "${file.nameWithoutExtension}: ${case.text("name")}"
                    DynamicTest.dynamicTest(name) { test { coroutineScope { Case(this@test, this).run(case) } } }
                }
            }
        assertTrue(tests.size >= 20, "${tests.size} cases")
        return tests
    }
}

private class Participant(
    val node: Node,
    val space: Space,
) {
    val feeds = mutableMapOf<String, ReceiveChannel<ChangeBatch>>()
}

private class Case(
    private val nodes: Nodes,
    private val scope: CoroutineScope,
) {
    private val devices = sortedMapOf<String, Participant>()
    private val read = mutableMapOf<String, Document<JsonElement>>()
    private val anchors = mutableMapOf<String, Anchor>()
    private val shown = mutableMapOf<String, MutableStateFlow<JsonObject?>>()

    suspend fun run(case: JsonObject) {
        val founder = nodes.node("a")
        devices["a"] = Participant(founder, founder.createSpace("farm"))
        val readers = case.names("readers")
        for (name in case.names("devices") - "a") {
            val role = if (name in readers) Role.Reader else Role.Writer
            val node = nodes.node(name)
            devices[name] = Participant(node, node.join(devices.getValue("a").space.invite(role)))
        }
        case.getValue("steps").jsonArray.map { it.jsonObject }.forEachIndexed { index, step ->
            tick()
            val place = "step ${index + 1}: $step"
            val code = step["refused"]?.jsonPrimitive?.content
            if (code == null) {
                step(step, place)
            } else {
                assertEquals(code, refused { step(step, place) }.code.name, place)
            }
        }
        scope.coroutineContext.cancelChildren()
    }

    /** Waits until the wall clock shows another millisecond. */
    private suspend fun tick() {
        val before = System.currentTimeMillis()
        while (System.currentTimeMillis() <= before) delay(1.milliseconds)
    }

    private suspend fun step(step: JsonObject, place: String) {
        val device = devices.getValue(step["on"]?.jsonPrimitive?.content ?: "a")
        when {
            "meet" in step -> meet()
            "suspend" in step -> device.node.suspend()
            "resume" in step -> device.node.resume()
            "query" in step -> {
                val parameters = step["parameters"]?.jsonArray.orEmpty().map(::parameter)
                val result = device.space.query(step.text("query"), *parameters.toTypedArray())
                assertEquals(step["rows"], result.toJson(), place)
            }
            "watch" in step || "select" in step || "count" in step -> {
                val latest = MutableStateFlow<JsonObject?>(null)
                shown[step.text("as")] = latest
                val lists = device.space.follow(step)
                scope.launch { lists.collect { latest.value = it } }
            }
            "shows" in step -> {
                val expected = step.filterKeys { it in LIST }
                shown.getValue(step.text("shows")).first { list ->
                    list != null && "failed" in list == "failed" in expected && expected.all { list[it.key] == it.value }
                }
            }
            "contested" in step ->
                assertEquals(step["contested"], device.space.contested().toJson(), place)
            "deleted" in step -> assertEquals(step["deleted"], device.space.deleted().toJson(), place)
            "feed" in step -> device.feed(step, place)
            "transaction" in step ->
                device.space.transaction { tx ->
                    step.getValue("transaction").jsonArray.forEach { tx.step(device.space, it.jsonObject, place) }
                }
            else -> onDocument(device.space, step, place)
        }
    }

    private suspend fun Participant.feed(step: JsonObject, place: String) {
        val consumer = step.text("feed")
        val batches = feeds.getOrPut(consumer) { space.changes(consumer).produceIn(scope) }
        val expected = step.getValue("tells").jsonArray
        val told = mutableListOf<JsonElement>()
        while (told.size < expected.size) {
            val batch = batches.receive()
            batch.acknowledge()
            told +=
                batch.changes.map { change ->
                    val paths = JsonArray(change.paths.map(::JsonPrimitive))
                    val origin = change.origin.name.lowercase()
                    json("${change.collection}/${change.id}", paths, origin)
                }
        }
        assertEquals(expected, JsonArray(told), place)
    }

    private suspend fun Transaction.step(space: Space, step: JsonObject, place: String) {
        val what = checkNotNull(TRANSACTION_STEPS.find { it in step }) { "no such step: $place" }
        val (name, id) = step.text(what).split('/', limit = 2)
        val documents = space.collection(name, JsonElement.serializer())
        when (what) {
            "put" -> put(documents, id, step.getValue("value"))
            "insert" -> insert(documents, step.getValue("value"), id)
            "replace" -> replace(documents, id, step.getValue("value"))
            "edit" -> edit(documents, id) { step.getValue("edits").jsonArray.forEach { add(it.jsonObject) } }
            "delete" -> delete(documents, id)
            "restore" -> restore(documents, id)
            "update" -> update(documents, id) { JsonObject(it.jsonObject + step.getValue("value").jsonObject) }
            else -> assertEquals(step["is"], get(documents, id).json, place)
        }
    }

    private suspend fun onDocument(space: Space, step: JsonObject, place: String) {
        val what = checkNotNull(STEPS.find { it in step }) { "no such step: $place" }
        val (name, id) = step.text(what).split('/', limit = 2)
        val documents = space.collection(name, JsonElement.serializer(), plain = "plain" in step)
        val base = step["base"]?.let { read.getValue(it.jsonPrimitive.content).version }
        when (what) {
            "put" -> documents.put(id, step.getValue("value"), base)
            "insert" -> documents.insert(step.getValue("value"), id)
            "replace" -> documents.replace(id, step.getValue("value"), base)
            "edit" -> documents.edit(id, base) { step.getValue("edits").jsonArray.forEach { add(it.jsonObject) } }
            "save" -> documents.save(read.getValue(step.text("read")), step.getValue("value"))
            "keep", "take" -> settle(documents, id, step, isKept = what == "keep")
            "delete" -> documents.delete(id)
            "restore" -> documents.restore(id)
            "read" -> read[step.text("as")] = documents.get(id)
            "get" -> {
                val document = documents.get(id)
                step["conflicts"]?.let { expected ->
                    val found =
                        document.conflicts.map { json(*listOfNotNull(it.path, it.lost.value).toTypedArray()) }
                    assertEquals(expected, JsonArray(found.sortedBy { it.toString() }), place)
                }
                step["gone"]?.let { expected ->
                    assertEquals(expected, JsonArray(document.conflicts.map { JsonPrimitive(it.item) }), place)
                }
                assertEquals(step["is"], document.json, place)
            }
            "anchor" -> anchors[step.text("as")] = documents.anchor(id, step.text("path"), step.int("at"))
            else -> {
                val anchor = anchors.getValue(step.text("to"))
                val found = documents.resolve(id, anchor)
                assertEquals(step.int("at"), found, place)
            }
        }
    }

    private suspend fun settle(
        documents: DocumentCollection<JsonElement>,
        id: String,
        step: JsonObject,
        isKept: Boolean,
    ) {
        fun named(conflicts: List<Conflict>) = conflicts.first { it.path == step.text("path") }
        val earlier = step["read"]?.let { read.getValue(it.jsonPrimitive.content) }
        if (earlier != null) {
            val conflict = named(earlier.conflicts)
            if (isKept) documents.keep(earlier, conflict) else documents.take(earlier, conflict)
        } else {
            val now = documents.inspect(id)
            val conflict = named(now.conflicts)
            if (isKept) documents.keep(now, conflict) else documents.take(now, conflict)
        }
    }

    /** Connects everybody to the first device until all have the same documents. */
    private suspend fun meet() {
        val first = devices.getValue("a").node
        val others = devices.filterKeys { it != "a" }.values.map { it.node }
        first.syncOnLoopback()
        others.forEach { it.syncOnLoopback(first) }
        while (true) {
            val status = devices.values.map { it.node.status() }
            val digests = status.map { it.spaces.single().digest }.distinct()
            val connected = status.sumOf { node -> node.peers.count { it.inSync } }
            if (digests.size == 1 && connected == 2 * others.size) break
            delay(10.milliseconds)
        }
        devices.values.forEach { it.node.stopSync() }
    }

    private companion object {
        val TRANSACTION_STEPS =
            listOf("put", "insert", "replace", "edit", "delete", "restore", "update", "get")
        val LIST = listOf("rows", "documents", "more", "failed")
        val STEPS =
            listOf("put", "insert", "replace", "edit", "save", "keep", "take", "delete", "restore", "read", "get") +
                listOf("anchor", "resolve")
    }
}

/** What a step follows, as the fields of the step that expects it. */
private fun Space.follow(step: JsonObject): Flow<JsonObject> {
    val parameters = step["parameters"]?.jsonArray.orEmpty().map(::parameter).toTypedArray()
    val where = step["where"]?.jsonPrimitive?.content
    val documents = (step["select"] ?: step["count"])?.let {
        collection(it.jsonPrimitive.content, JsonElement.serializer())
    }
    return when {
        documents == null ->
            watch(step.text("watch"), *parameters).map { list("rows", it.toJson(), it.hasMore, it.refusal) }
        "count" in step ->
            documents.watchCount(where, *parameters).map { list("rows", json(json(it)), hasMore = false, refusal = null) }
        else -> {
            val order = step["order"]?.jsonPrimitive?.content
            documents.watch(where, *parameters, orderBy = order, limit = step["limit"]?.jsonPrimitive?.int).map { list ->
                val entries = list.map { json(it.id, checkNotNull(it.value)) }
                list("documents", JsonArray(entries), list.hasMore, list.refusal)
            }
        }
    }
}

private fun list(name: String, items: JsonArray, hasMore: Boolean, refusal: DunlinException?) =
    JsonObject(
        mapOf(name to items, "more" to JsonPrimitive(hasMore)) +
            listOfNotNull(refusal).associate { "failed" to JsonPrimitive(it.code.name) },
    )

private fun Edits.add(edit: JsonObject) {
    val path = edit.text("path")
    when (val operation = edit.text("op")) {
        "set" -> set(path, edit.getValue("value"))
        "remove" -> remove(path)
        "increment" -> increment(path, edit.getValue("by").jsonPrimitive.long)
        "splice" -> {
            val delete = edit["delete"]?.jsonPrimitive?.int ?: 0
            splice(path, edit.int("at"), delete, edit["insert"]?.jsonPrimitive?.content.orEmpty())
        }
        "insert" -> insert(path, edit.int("at"), edit.getValue("value"))
        "move" -> move(path, edit.int("from"), edit.int("to"))
        "delete-item" -> deleteItem(path, edit.int("at"))
        else -> error("no such edit: $operation")
    }
}

private fun JsonObject.text(name: String) = getValue(name).jsonPrimitive.content

private fun JsonObject.int(name: String) = getValue(name).jsonPrimitive.int

private fun JsonObject.names(name: String) =
    this[name]?.jsonArray.orEmpty().map { it.jsonPrimitive.content }

private fun QueryResult.toJson() =
    JsonArray(rows.map { JsonArray(it.cells) })

private fun List<Listed>.toJson() = JsonArray(map { JsonPrimitive("${it.collection}/${it.id}") })

private fun json(vararg items: Any) =
    JsonArray(items.map { it as? JsonElement ?: (it as? Number)?.let(::JsonPrimitive) ?: JsonPrimitive(it.toString()) })

private fun parameter(json: JsonElement): Any? {
    val value = json.jsonPrimitive
    return when {
        value is JsonNull -> null
        value.isString -> value.content
        else -> value.booleanOrNull ?: value.longOrNull ?: value.doubleOrNull
    }
}
