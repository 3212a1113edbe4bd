package dev.dunlin.sample

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.Button
import androidx.compose.material3.Checkbox
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.dp
import dev.dunlin.Space
import dev.dunlin.compose.watchAsLive

/** What is to be inspected, as it is at every moment on every device. */
@Composable
fun InspectionsScreen(space: Space, open: (String) -> Unit, invite: () -> Unit) {
    val tasks = LocalTasks.current
    val inspections = remember(space) { space.inspections() }
    val list by inspections.watchAsLive()
    var place by remember { mutableStateOf("") }
    Column {
        Row(verticalAlignment = Alignment.CenterVertically) {
            OutlinedTextField(place, { place = it }, label = { Text("Place") })
            Button({
                tasks.start {
                    inspections.insert(Inspection(place.trim()))
                    place = ""
                }
            }) { Text("Add") }
            TextButton(invite) { Text("Invite") }
        }
        list.refusal?.let { Text(it.reason) }
        LazyColumn {
            items(list.value.orEmpty(), key = { it.id }) { (id, inspection, failure) ->
                if (inspection == null) {
                    Text("$id is of another version of this app: ${failure?.reason}")
                    return@items
                }
                Row(
                    Modifier.fillMaxWidth().clickable { open(id) }.padding(4.dp),
                    verticalAlignment = Alignment.CenterVertically,
                ) {
                    Checkbox(inspection.done, { done ->
                        tasks.start { inspections.update(id) { it.copy(done = done) } }
                    })
                    Text("${inspection.place}: ${inspection.condition}")
                }
            }
        }
    }
}
