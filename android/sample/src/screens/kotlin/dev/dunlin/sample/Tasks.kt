package dev.dunlin.sample

import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.runtime.staticCompositionLocalOf
import dev.dunlin.DunlinException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.launch

/** Runs what buttons ask for, and keeps the last refusal for the user to read. */
class Tasks(
    private val scope: CoroutineScope,
) {
    var refusal by mutableStateOf<DunlinException?>(null)
        private set

    fun start(task: suspend () -> Unit) {
        scope.launch { run(task) }
    }

    suspend fun run(task: suspend () -> Unit) {
        try {
            task()
            refusal = null
        } catch (refused: DunlinException) {
            refusal = refused
        }
    }

    fun dismiss() {
        refusal = null
    }
}

val LocalTasks = staticCompositionLocalOf<Tasks> { error("outside of SampleScreens") }

@Composable
fun RefusalLine(tasks: Tasks) {
    val refusal = tasks.refusal ?: return
    Text("${refusal.reason}. ${refusal.remedy}.", color = MaterialTheme.colorScheme.error)
    TextButton(tasks::dismiss) { Text("Dismiss") }
}
