package dev.dunlin.sample

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material3.Button
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import dev.dunlin.Node
import dev.dunlin.Space

/** The spaces of this device, founding one, and joining one by a ticket. */
@Composable
fun SpacesScreen(node: Node, scan: (() -> Unit)?, open: (Space) -> Unit) {
    val tasks = LocalTasks.current
    var spaces by remember { mutableStateOf(node.spaces) }
    var name by remember { mutableStateOf("") }
    var ticket by remember { mutableStateOf("") }
    Column {
        for (space in spaces) {
            TextButton({ open(space) }) { Text(space.alias ?: space.name) }
        }
        Row {
            OutlinedTextField(name, { name = it }, label = { Text("New space") })
            Button({
                tasks.start {
                    node.createSpace(name.trim())
                    name = ""
                    spaces = node.spaces
                }
            }) { Text("Found") }
        }
        OutlinedTextField(ticket, { ticket = it }, Modifier.fillMaxWidth(), label = { Text("Ticket") })
        Row {
            Button({
                tasks.start {
                    open(node.join(ticket.trim()))
                    ticket = ""
                }
            }) { Text("Join") }
            if (scan != null) TextButton(scan) { Text("Scan") }
        }
    }
}
