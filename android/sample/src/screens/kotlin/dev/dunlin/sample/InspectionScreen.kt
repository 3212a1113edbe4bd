package dev.dunlin.sample

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material3.Button
import androidx.compose.material3.FilterChip
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import dev.dunlin.Conflict
import dev.dunlin.DocumentCollection
import dev.dunlin.Inspected
import dev.dunlin.Space
import dev.dunlin.TextEditor
import dev.dunlin.compose.collectAsLive
import dev.dunlin.compose.rememberTextFieldBinding
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.serialization.json.JsonPrimitive

/** One inspection: its condition, what lost a conflict, how often it was seen, and its notes. */
@Composable
fun InspectionScreen(space: Space, id: String) {
    val tasks = LocalTasks.current
    val inspections = remember(space) { space.inspections() }
    val read by remember(inspections, id) { inspections.watchDocument(id).filterNotNull() }.collectAsLive()
    val document = read.value ?: return
    val inspection = document.value
    if (inspection == null) {
        Text("Of another version of this app: ${document.failure?.reason}")
        return
    }
    Column {
        Text(inspection.place)
        Row {
            for (condition in CONDITIONS) {
                FilterChip(
                    selected = inspection.condition == condition,
                    onClick = { tasks.start { inspections.update(id) { it.copy(condition = condition) } } },
                    label = { Text(condition) },
                )
            }
        }
        for (conflict in document.conflicts) ConflictLine(document, conflict, inspections)
        Row {
            Text("Visits: ${inspection.visits}")
            Button({
                tasks.start { inspections.update(id) { it.copy(visits = it.visits + 1) } }
            }) { Text("Visited") }
        }
        Notes(inspections, id)
    }
}

/** What somebody wrote meanwhile and lost: the person keeps what is shown, or takes it. */
@Composable
private fun ConflictLine(
    document: Inspected<Inspection>,
    conflict: Conflict,
    inspections: DocumentCollection<Inspection>,
) {
    val tasks = LocalTasks.current
    val lost = conflict.lost.value ?: return
    val author = conflict.lost.author?.let { " by ${it.device.name}" }.orEmpty()
    Row {
        Text("${conflict.path} was also ${(lost as? JsonPrimitive)?.content ?: lost}$author")
        TextButton({ tasks.start { inspections.keep(document, conflict) } }) { Text("Keep mine") }
        TextButton({ tasks.start { inspections.take(document, conflict) } }) { Text("Take it") }
    }
}

@Composable
private fun Notes(inspections: DocumentCollection<Inspection>, id: String) {
    val tasks = LocalTasks.current
    var editor by remember(id) { mutableStateOf<TextEditor?>(null) }
    LaunchedEffect(id) {
        tasks.run {
            // Ends with this screen, and writes what is left of the typing.
            coroutineScope {
                editor = inspections.editText(id, "/notes", this)
                awaitCancellation()
            }
        }
    }
    editor?.let { NotesField(it) }
}

@Composable
private fun NotesField(editor: TextEditor) {
    val notes = rememberTextFieldBinding(editor)
    OutlinedTextField(notes.value, notes::onValueChange, Modifier.fillMaxWidth(), label = { Text("Notes") })
}
