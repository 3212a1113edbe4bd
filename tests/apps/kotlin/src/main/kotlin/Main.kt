import dev.dunlin.Counter
import dev.dunlin.Document
import dev.dunlin.DocumentCollection
import dev.dunlin.Dunlin
import dev.dunlin.DunlinException
import dev.dunlin.MergeableText
import dev.dunlin.Node
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
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
            settle(fields, oldFields)
        }
    }
    Dunlin.open(root.resolve("ann")).use { ann ->
        val kept = ann.space("farm").collection<Field>("fields").get(ID)
        expect(kept.value.name == "North field", "after opening again: $kept")
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

/** The name that lost is there to read, until somebody writes another. */
private suspend fun settle(fields: DocumentCollection<Field>, oldFields: DocumentCollection<FirstField>) {
    val read = fields.get(ID)
    val conflict = read.conflicts.singleOrNull() ?: throw Unexpected("conflicts: ${read.conflicts}")
    val names = setOf(read.value.name, conflict.lost.value.toString().trim('"'))
    expect(conflict.path == "/name", "the conflict is at ${conflict.path}")
    expect(names == setOf("North, by the lake", "North, by the road"), "the names are $names")
    println("${read.value.name} won at ${conflict.path}; ${conflict.lost.value} lost")

    fields.update(ID) { it.copy(name = "North field") }
    val settled = oldFields.await("ben sees the settled name") { it.value.name == "North field" }
    expect(settled.conflicts.isEmpty(), "still in conflict: ${settled.conflicts}")
    println("settled: ${settled.value.name}")
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

/** The first state of a document that satisfies. */
private suspend fun <T : Any> DocumentCollection<T>.await(
    what: String,
    id: String = ID,
    isIt: (Document<T>) -> Boolean,
): Document<T> {
    var last: Document<T>? = null
    try {
        return withTimeout(DEADLINE) { watchDocument(id).filterNotNull().onEach { last = it }.first(isIt) }
    } catch (_: TimeoutCancellationException) {
        throw Unexpected("waited $DEADLINE in vain until $what; the last was $last")
    }
}

private class Unexpected(
    message: String,
) : Exception(message)

private fun expect(isSo: Boolean, otherwise: String) {
    if (!isSo) throw Unexpected(otherwise)
}
