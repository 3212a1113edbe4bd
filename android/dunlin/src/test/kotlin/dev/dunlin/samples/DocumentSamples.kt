package dev.dunlin.samples

import dev.dunlin.Committed
import dev.dunlin.Conflict
import dev.dunlin.Counter
import dev.dunlin.DocumentCollection
import dev.dunlin.MergeableText
import dev.dunlin.Space
import dev.dunlin.TextEditor
import dev.dunlin.TextSelection
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.launch
import kotlinx.serialization.Serializable

/** What the samples keep: the model of an app for people who inspect machines. */
@Serializable
data class Inspection(
    val title: String,
    val isDone: Boolean = false,
    val due: String? = null,
    val notes: MergeableText = MergeableText(),
    val minutes: Counter = Counter(),
    val steps: List<String> = emptyList(),
)

fun openCollection(farm: Space): DocumentCollection<Inspection> {
    // No schema is declared and nothing is migrated: the collection is there with its first document.
    return farm.collection<Inspection>("inspections")
}

suspend fun insertDocument(inspections: DocumentCollection<Inspection>): String {
    val committed = inspections.insert(Inspection("Pump 3", due = "2026-06-01"))
    return committed.id
}

suspend fun putDocument(inspections: DocumentCollection<Inspection>): Committed {
    // An id of the app's own, so that saying it twice writes one document.
    return inspections.put("pump-3", Inspection("Pump 3"))
}

suspend fun replaceDocument(inspections: DocumentCollection<Inspection>): Committed {
    // Also what other versions of the app have added to it is gone.
    return inspections.replace("pump-3", Inspection("Pump 3"))
}

suspend fun putManyDocuments(inspections: DocumentCollection<Inspection>): List<String> {
    val pumps = (1..3).associate { "pump-$it" to Inspection("Pump $it") }
    val outcomes = inspections.putAll(pumps)
    return outcomes.mapNotNull { outcome -> outcome.refusal?.let { "${outcome.id}: $it" } }
}

suspend fun readDocument(inspections: DocumentCollection<Inspection>, id: String): String {
    val read = inspections.find(id) ?: return "there is none"
    return if (read.value.isDone) "${read.value.title} is done" else "${read.value.title} is open"
}

suspend fun readConflicts(
    inspections: DocumentCollection<Inspection>,
    id: String,
): List<Conflict> {
    // Two people wrote the same field and knew nothing of each other: one value holds, one is here.
    return inspections.get(id).conflicts
}

suspend fun settleConflicts(
    inspections: DocumentCollection<Inspection>,
    id: String,
    isMine: (Conflict) -> Boolean,
) {
    // A person looks at both sides: what they say, whose they are, from when.
    var read = inspections.get(id)
    while (read.conflicts.isNotEmpty()) {
        val conflict = read.conflicts.first()
        if (isMine(conflict)) inspections.take(read, conflict) else inspections.keep(read, conflict)
        read = inspections.get(id)
    }
}

suspend fun listContested(space: Space): List<String> =
    space.contested().map { "${it.collection}/${it.id}" }

suspend fun restoreDeleted(space: Space, inspections: DocumentCollection<Inspection>) {
    for (deleted in space.deleted(inspections.name)) inspections.restore(deleted.id)
}

suspend fun updateDocument(inspections: DocumentCollection<Inspection>, id: String) {
    inspections.update(id) { it.copy(isDone = true, minutes = it.minutes + 20) }
}

suspend fun moveMinutes(farm: Space, inspections: DocumentCollection<Inspection>, from: String, to: String): Long =
    farm.transaction { tx ->
        // All of it, or nothing; perhaps more than once.
        val moved = tx.get(inspections, from).value.minutes.sum
        tx.update(inspections, from) { it.copy(minutes = it.minutes - moved) }
        tx.update(inspections, to) { it.copy(minutes = it.minutes + moved) }
        moved
    }

suspend fun saveForm(inspections: DocumentCollection<Inspection>, id: String, title: String) {
    val shown = inspections.get(id)
    // The person takes a while. Only what they changed is written, over whatever others wrote since.
    inspections.save(shown, shown.value.copy(title = title))
}

suspend fun editDocument(inspections: DocumentCollection<Inspection>, id: String) {
    inspections.edit(id) {
        set("/title", "Pump 3, north")
        remove("/due")
        increment("/minutes", by = 5)
        splice("/notes", at = 0, insert = "Seal leaks. ")
        insert("/steps", at = 0, "Close the valve")
    }
}

suspend fun deleteAndRestore(inspections: DocumentCollection<Inspection>, id: String): Boolean {
    inspections.delete(id)
    val wasDeleted = inspections.inspect(id).isDeleted
    inspections.restore(id)
    return wasDeleted
}

fun watchOpenInspections(inspections: DocumentCollection<Inspection>): Flow<List<String>> =
    inspections
        .watch("json_extract(doc, '$.isDone') = ?", false, orderBy = "json_extract(doc, '$.title')", limit = 50)
        .map { open -> open.values.map { it.title } + if (open.hasMore) listOf("and more") else emptyList() }

fun countOpenInspections(inspections: DocumentCollection<Inspection>): Flow<String> =
    inspections.watchCount("json_extract(doc, '$.isDone') = ?", false).map { "$it to do" }

fun showEveryEntry(inspections: DocumentCollection<Inspection>): Flow<List<String>> =
    inspections.watch().map { entries ->
        entries.map { entry ->
            // A peer's newer app may have written what this one does not know.
            entry.value?.title ?: "${entry.id}: ${entry.failure?.path} ${entry.failure?.reason}"
        }
    }

suspend fun inspectOddDocument(inspections: DocumentCollection<Inspection>, id: String): String {
    val read = inspections.inspect(id)
    val failure = read.failure ?: return "sound"
    // Mended by path, since there is no model to change and save.
    inspections.edit(id, base = read.version) { set(failure.path, "Unnamed") }
    return "mended"
}

fun watchOneDocument(inspections: DocumentCollection<Inspection>, id: String): Flow<String> =
    inspections.watchDocument(id).map { document -> document?.value?.title ?: "deleted" }

suspend fun editNotes(
    inspections: DocumentCollection<Inspection>,
    id: String,
    scope: CoroutineScope,
    show: (text: String, selection: TextSelection) -> Unit,
): TextEditor {
    val editor = inspections.editText(id, "/notes", scope)
    scope.launch { editor.state.collect { show(it.text, it.selection) } }
    return editor
}

suspend fun typeNotes(editor: TextEditor) {
    editor.change("Seal leaks", TextSelection(10))
    editor.flush()
}

suspend fun markPlace(inspections: DocumentCollection<Inspection>, id: String): Int {
    val mark = inspections.anchor(id, "/notes", index = 5)
    inspections.edit(id) { splice("/notes", at = 0, insert = "North: ") }
    return inspections.resolve(id, mark)
}
