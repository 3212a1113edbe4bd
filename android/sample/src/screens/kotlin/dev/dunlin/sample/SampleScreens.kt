package dev.dunlin.sample

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.dp
import dev.dunlin.Node
import dev.dunlin.Space

/** Where the user is. */
private sealed interface Place {
    data object Spaces : Place

    data object Status : Place

    data class Inspections(
        val space: Space,
    ) : Place

    data class Invitation(
        val space: Space,
    ) : Place

    data class Detail(
        val space: Space,
        val id: String,
    ) : Place
}

/**
 * The whole app.
 *
 * @param scanned a ticket that was just scanned; joined at once.
 * @param scan opens the scanner; null where there is no camera.
 * @param keepSyncing keeps syncing with the screen off; null where that is no question.
 */
@Composable
fun SampleScreens(
    node: Node,
    scanned: String? = null,
    scan: (() -> Unit)? = null,
    keepSyncing: (() -> Unit)? = null,
) {
    var place by remember { mutableStateOf<Place>(Place.Spaces) }
    val scope = rememberCoroutineScope()
    val tasks = remember(scope) { Tasks(scope) }
    LaunchedEffect(scanned) {
        if (scanned != null) tasks.run { place = Place.Inspections(node.join(scanned)) }
    }
    MaterialTheme {
        Surface(Modifier.fillMaxSize()) {
            CompositionLocalProvider(LocalTasks provides tasks) {
                Column(Modifier.padding(16.dp)) {
                    Row {
                        TextButton({ place = Place.Spaces }) { Text("Spaces") }
                        TextButton({ place = Place.Status }) { Text("Sync") }
                    }
                    RefusalLine(tasks)
                    when (val here = place) {
                        Place.Spaces -> SpacesScreen(node, scan) { place = Place.Inspections(it) }
                        Place.Status -> StatusScreen(node, keepSyncing)
                        is Place.Inspections ->
                            InspectionsScreen(
                                here.space,
                                open = { place = Place.Detail(here.space, it) },
                                invite = { place = Place.Invitation(here.space) },
                            )
                        is Place.Invitation -> InvitationScreen(here.space)
                        is Place.Detail -> InspectionScreen(here.space, here.id)
                    }
                }
            }
        }
    }
}
