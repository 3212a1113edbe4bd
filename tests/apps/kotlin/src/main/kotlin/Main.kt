import dev.dunlin.Counter
import dev.dunlin.Document
import dev.dunlin.DocumentCollection
import dev.dunlin.Dunlin
import dev.dunlin.DunlinException
import dev.dunlin.MergeableText
import dev.dunlin.Node
import dev.dunlin.Space
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.mapNotNull
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.JsonPrimitive
import java.nio.file.Files
import java.nio.file.Path
import java.time.LocalDate
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.seconds

private const val ID = "north"

/** Far more than any of it takes. */
private val DEADLINE = 60.seconds

/** What two people on one farm go through, each with a device and a release of the app of their own. */
fun main() {
    val root = Files.createTempDirectory("farm")
    val failure =
        try {
            runBlocking { farm(root) }
            null
        } catch (unexpected: Unexpected) {
            "not as expected: ${unexpected.message}"
        } catch (refusal: DunlinException) {
            "refused: ${refusal.reason}; ${refusal.remedy}"
        } finally {
            root.toFile().deleteRecursively()
        }
    if (failure != null) {
        System.err.println(failure)
        exitProcess(1)
    }
}

private suspend fun farm(root: Path) {
    Dunlin.open(root.resolve("ann")) { name = "ann" }.use { ann ->
        Dunlin.open(root.resolve("ben")) { name = "ben" }.use { ben ->
            val farm = ann.createSpace("farm")
            val fields = farm.collection<Field>("fields")
            val joined = ben.join(farm.invite())
            val oldFields = joined.collection<FirstField>("fields")

            meet(ann, ben)
            newToOld(fields, oldFields)
            oldToNew(fields, oldFields)
            part(ann, ben)
            editApart(fields, oldFields)
            meet(ann, ben)
            merge(fields, oldFields)
            settle(farm, fields, oldFields)
            list(fields, oldFields)
        }
    }
    Dunlin.open(root.resolve("ann")).use { ann ->
        val kept = ann.space("farm").collection<Field>("fields").get(ID)
        expect(kept.value.name.startsWith("North, by the "), "after opening again: $kept")
        println("ann opens again and finds ${kept.value.name}, ${kept.value.hours.sum} hours")
    }
}

/** The present release writes; the first one reads what it knows. */
private suspend fun newToOld(fields: DocumentCollection<Field>, oldFields: DocumentCollection<FirstField>) {
    val oats = Plant("p1", "oats")
    fields.put(
        ID,
        Field(
            name = "North",
            sown = LocalDate.of(2026, 4, 1),
            crop = Crop.Grain("Yukon", 80.5),
            beds = listOf(Bed("b1", listOf(oats), litres = 40), Bed("b2")),
            tags = setOf("stony"),
            notes = MergeableText("fence"),
            hours = Counter(2),
        ),
    )
    val seen = oldFields.await("ben sees the field") { it.value.hours.sum == 2L }.value
    val beds = listOf(FirstBed("b1", listOf(oats)), FirstBed("b2"))
    expect(seen.beds == beds && seen.sown == LocalDate.of(2026, 4, 1), "ben reads $seen")
    println("ben, on the first release, sees ${seen.name}, sown ${seen.sown}, ${seen.beds.size} beds")
}

/** The first release writes; the present one keeps what the first does not know. */
private suspend fun oldToNew(fields: DocumentCollection<Field>, oldFields: DocumentCollection<FirstField>) {
    oldFields.update(ID) { it.copy(hours = it.hours + 3, beds = it.beds + FirstBed("b3")) }
    val seen = fields.await("ann sees ben's hours") { it.value.hours.sum == 5L }.value
    expect(seen.crop == Crop.Grain("Yukon", 80.5), "ben's release took the crop: $seen")
    expect(seen.beds.map { it.id to it.litres } == listOf("b1" to 40, "b2" to 0, "b3" to 0), "beds: ${seen.beds}")
    println("ann sees ${seen.hours.sum} hours and a new bed, and still has ${seen.crop}")

    oldFields.put("south", FirstField("South", LocalDate.of(2026, 5, 2)))
    val south = fields.await("ann sees ben's field", id = "south") { true }.value
    expect(south == Field("South", LocalDate.of(2026, 5, 2)), "ann reads $south")
    println("ann, on the present release, sees ${south.name}, ${south.crop}")
}

/** Both write offline, the name both. */
private suspend fun editApart(fields: DocumentCollection<Field>, oldFields: DocumentCollection<FirstField>) {
    fields.update(ID) { field ->
        field.copy(
            name = "North, by the lake",
            crop = Crop.Fallow,
            beds = field.beds.map { if (it.id == "b1") it.copy(litres = 55) else it },
            tags = field.tags + "wet",
            notes = MergeableText("oak " + field.notes.text),
            hours = field.hours + 1,
        )
    }
    oldFields.update(ID) { field ->
        field.copy(
            name = "North, by the road",
            beds = field.beds.map { if (it.id == "b1") it.copy(plants = it.plants + Plant("p2", "rye", true)) else it },
            tags = field.tags - "stony",
            notes = MergeableText(field.notes.text + " and gate"),
            hours = field.hours + 4,
        )
    }
}

/** What both did is there, on both. */
private suspend fun merge(fields: DocumentCollection<Field>, oldFields: DocumentCollection<FirstField>) {
    val merged = fields.await("ann sees what both did") { it.value.hours.sum == 10L }.value
    oldFields.await("ben sees what both did") { it.value.hours.sum == 10L }
    val plants = listOf(Plant("p1", "oats"), Plant("p2", "rye", true))
    expect(merged.beds.first() == Bed("b1", plants, litres = 55), "beds: ${merged.beds}")
    expect(merged.tags == setOf("wet"), "tags: ${merged.tags}")
    expect(merged.notes.text == "oak fence and gate", "notes: ${merged.notes}")
    expect(merged.crop == Crop.Fallow, "crop: ${merged.crop}")
    println("apart and together again: ${merged.notes.text}, ${merged.tags}, ${merged.hours.sum} hours")
}

/** The screen of conflicts: both names with who wrote them, and one call that takes the one that lost. */
private suspend fun settle(
    farm: Space,
    fields: DocumentCollection<Field>,
    oldFields: DocumentCollection<FirstField>,
) {
    expect(farm.contested().map { it.id } == listOf(ID), "contested: ${farm.contested()}")
    val read = fields.get(ID)
    val conflict = read.conflicts.singleOrNull() ?: throw Unexpected("conflicts: ${read.conflicts}")
    expect(conflict.path == "/name", "the conflict is at ${conflict.path}")
    val wrote = listOf(conflict.shown, conflict.lost).associate { it.author?.device?.name to it.value.toString() }
    val expected = mapOf("ann" to "\"North, by the lake\"", "ben" to "\"North, by the road\"")
    expect(wrote == expected, "the names are $wrote")
    println("${conflict.shown.author?.device?.name}'s ${read.value.name} is shown, ${conflict.lost.value} lost")

    fields.take(read, conflict)
    val taken = fields.get(ID)
    expect(JsonPrimitive(taken.value.name) == conflict.lost.value, "taken: ${taken.value.name}")
    val settled = oldFields.await("ben sees the settled name") { it.value.name == taken.value.name }
    expect(settled.conflicts.isEmpty(), "still in conflict: ${settled.conflicts}")
    expect(farm.contested().isEmpty(), "contested: ${farm.contested()}")
    println("settled: ${settled.value.name}")
}

/** The screen of all fields goes on, whatever a document holds. */
private suspend fun list(fields: DocumentCollection<Field>, oldFields: DocumentCollection<FirstField>) {
    val shown = fields.watch(orderBy = "json_extract(doc, '$.name')", limit = 1)
    shown.reach("one of two fields is shown") { it.values.size == 1 && it.hasMore }

    // As a release to come might write it.
    oldFields.edit("south") { set("/sown", listOf(2026, 5, 2)) }
    val odd = fields.watch().reach("the odd field is shown") { it.failures.isNotEmpty() }
    expect(odd.failures.single().id == "south" && odd.values.size == 1, "the list shows $odd")
    println("south is of another release: ${odd.failures.single().failure?.reason}")

    fields.edit("south") { set("/sown", "2026-05-03") }
    val mended = fields.watch().reach("the odd field is mended") { it.failures.isEmpty() }
    println("the list shows ${mended.values.map { it.name }}")
}

/** Ben dials ann on this machine, where multicast may not be allowed. */
private suspend fun meet(ann: Node, ben: Node) {
    ann.startSync {
        listen = "127.0.0.1:0"
        mdns = false
    }
    val addresses = ann.status().listen
    ben.startSync {
        listen = "127.0.0.1:0"
        mdns = false
        peers += addresses
    }
}

private suspend fun part(ann: Node, ben: Node) {
    ann.stopSync()
    ben.stopSync()
}

/** The first state of a list that satisfies. */
private suspend fun <T> Flow<T>.reach(what: String, isIt: (T) -> Boolean): T {
    var last: T? = null
    try {
        return withTimeout(DEADLINE) { onEach { last = it }.first(isIt) }
    } catch (_: TimeoutCancellationException) {
        throw Unexpected("waited $DEADLINE in vain until $what; the last was $last")
    }
}

/** The first state of a document that satisfies. */
private suspend fun <T : Any> DocumentCollection<T>.await(
    what: String,
    id: String = ID,
    isIt: (Document<T>) -> Boolean,
): Document<T> {
    return watchDocument(id).mapNotNull { it?.document }.reach(what, isIt)
}

private class Unexpected(
    message: String,
) : Exception(message)

private fun expect(isSo: Boolean, otherwise: String) {
    if (!isSo) throw Unexpected(otherwise)
}
