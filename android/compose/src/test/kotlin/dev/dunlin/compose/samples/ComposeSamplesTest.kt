package dev.dunlin.compose.samples

import androidx.compose.foundation.layout.Column
import androidx.compose.ui.test.ComposeUiTest
import androidx.compose.ui.test.ExperimentalTestApi
import androidx.compose.ui.test.onAllNodesWithText
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performTextInput
import androidx.compose.ui.test.runComposeUiTest
import dev.dunlin.MergeableText
import dev.dunlin.compose.models
import dev.dunlin.compose.onNode
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Far more than anything takes. */
private const val DEADLINE = 60_000L

@OptIn(ExperimentalTestApi::class)
class ComposeSamplesTest {
    private fun ComposeUiTest.awaitText(text: String) =
        waitUntil(text, DEADLINE) { onAllNodesWithText(text).fetchSemanticsNodes().isNotEmpty() }

    @Test
    fun `the samples show documents, counts, one document and peers`() =
        onNode { node, space ->
            val models = space.models()
            runBlocking { models.put("a", mapOf("text" to MergeableText("fence"))) }
            runComposeUiTest {
                setContent {
                    Column {
                        DocumentList(models)
                        DocumentCount(models)
                        QueryCount(space)
                        OneDocument(models, "a")
                        PeerList(node)
                    }
                }
                listOf("a: fence", "1 from a", "1 in all", "shown: fence", "0 in sync").forEach { awaitText(it) }
            }
        }

    @Test
    fun `what is typed into the sample's field is written`() =
        onNode { _, space ->
            val models = space.models()
            val scope = CoroutineScope(Dispatchers.Default)
            val editor =
                runBlocking {
                    models.put("a", mapOf("text" to MergeableText("fence")))
                    models.editText("a", "/text", scope)
                }
            runComposeUiTest {
                setContent { NotesField(editor) }
                onNodeWithText("fence").performTextInput("oak ")
                waitForIdle()
            }
            val text = runBlocking {
                editor.close()
                models.get("a").value.getValue("text").text
            }
            scope.cancel()
            assertTrue("oak " in text, text)
        }
}
