package dev.dunlin.compose.samples

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.text.BasicText
import androidx.compose.foundation.text.BasicTextField
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.remember
import dev.dunlin.DocumentCollection
import dev.dunlin.Node
import dev.dunlin.Space
import dev.dunlin.TextEditor
import dev.dunlin.compose.Model
import dev.dunlin.compose.collectAsLive
import dev.dunlin.compose.peersAsLive
import dev.dunlin.compose.rememberTextFieldBinding
import dev.dunlin.compose.watchAsLive
import dev.dunlin.compose.watchCountAsLive
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.serialization.json.jsonPrimitive

@Composable
internal fun DocumentList(models: DocumentCollection<Model>) {
    val live by models.watchAsLive("json_extract(doc, '$.text') <> ?", "")
    Column {
        live.refusal?.let { BasicText("Not followed any more: ${it.reason}") }
        live.value?.forEach { entry ->
            val text = entry.value?.let { it["text"] } ?: "of another release: ${entry.failure?.reason}"
            BasicText("${entry.id}: $text")
        }
        if (live.value?.hasMore == true) BasicText("There are more.")
    }
}

@Composable
internal fun DocumentCount(models: DocumentCollection<Model>) {
    val count by models.watchCountAsLive("id >= ?", "a")
    BasicText("${count.value ?: "?"} from a")
}

@Composable
internal fun QueryCount(space: Space) {
    val live by space.watchAsLive("SELECT count(*) AS n FROM models")
    val count = live.value?.rows?.single()?.get("n")
    BasicText(if (live.isLoading) "loading" else "${count?.jsonPrimitive?.content} in all")
}

@Composable
internal fun OneDocument(models: DocumentCollection<Model>, id: String) {
    val live by remember(models, id) { models.watchDocument(id).filterNotNull() }.collectAsLive()
    BasicText("shown: ${live.value?.value?.get("text")}")
}

@Composable
internal fun PeerList(node: Node) {
    val live by node.peersAsLive()
    BasicText("${live.value?.count { it.inSync } ?: 0} in sync")
}

@Composable
internal fun NotesField(editor: TextEditor) {
    val notes = rememberTextFieldBinding(editor)
    BasicTextField(notes.value, notes::onValueChange)
}
