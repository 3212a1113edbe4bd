package dev.dunlin.compose

import androidx.compose.foundation.text.BasicText
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.test.ComposeUiTest
import androidx.compose.ui.test.ExperimentalTestApi
import androidx.compose.ui.test.onAllNodesWithText
import androidx.compose.ui.test.runComposeUiTest
import dev.dunlin.ErrorCode
import dev.dunlin.MergeableText
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** Far more than anything takes. */
private const val DEADLINE = 60_000L

@OptIn(ExperimentalTestApi::class)
class LiveTest {
    private fun ComposeUiTest.awaitText(text: String) =
        waitUntil(text, DEADLINE) { onAllNodesWithText(text).fetchSemanticsNodes().isNotEmpty() }

    @Test
    fun `a screen shows documents as they come, and another condition starts anew`() =
        onNode { _, space ->
            val models = space.models()
            var id by mutableStateOf("a")
            runComposeUiTest {
                setContent {
                    val live by models.watchAsLive("id = ?", id)
                    BasicText(live.value?.joinToString { "${it.id}: ${it.value?.get("text")}" } ?: "loading")
                }
                awaitText("")
                runBlocking { models.put("a", mapOf("text" to MergeableText("first"))) }
                awaitText("a: first")
                runBlocking { models.put("b", mapOf("text" to MergeableText("second"))) }
                id = "b"
                awaitText("b: second")
            }
        }

    @Test
    fun `a refusal is shown beside the latest value instead of ending the app`() =
        onNode { _, space ->
            var last = Live<Any>()
            runComposeUiTest {
                setContent {
                    val live by space.watchAsLive("SELECT FROM nowhere")
                    last = live
                    BasicText(live.refusal?.code?.name ?: "loading: ${live.isLoading}")
                }
                awaitText("InvalidInput")
            }
            assertEquals(ErrorCode.InvalidInput, last.refusal?.code)
        }
}
