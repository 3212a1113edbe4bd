package dev.dunlin.compose

import androidx.compose.foundation.text.BasicTextField
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.test.ExperimentalTestApi
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.performTextInput
import androidx.compose.ui.test.runComposeUiTest
import androidx.compose.ui.text.TextRange
import androidx.compose.ui.text.input.TextFieldValue
import dev.dunlin.DocumentCollection
import dev.dunlin.MergeableText
import dev.dunlin.TextEditor
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Test

private const val DEADLINE = 60_000L

@OptIn(ExperimentalTestApi::class)
class TextFieldBindingTest {
    private fun editing(test: (DocumentCollection<Model>, TextEditor) -> Unit) =
        onNode { _, space ->
            val scope = CoroutineScope(Dispatchers.Default)
            val models = space.models()
            val editor =
                runBlocking {
                    models.put("a", mapOf("text" to MergeableText("fence")))
                    models.editText("a", "/text", scope)
                }
            try {
                test(models, editor)
                runBlocking { editor.close() }
            } finally {
                scope.cancel()
            }
        }

    @Test
    fun `what is typed is shown at once with its selection and what the keyboard composes`() =
        editing { models, editor ->
            val binding = TextFieldBinding(editor)
            assertEquals("fence", binding.value.text)
            val typed = TextFieldValue("fences", TextRange(6), TextRange(0, 6))
            binding.onValueChange(typed)
            assertEquals(typed, binding.value)
            runBlocking { editor.flush() }
            assertEquals("fences", runBlocking { models.get("a") }.value.getValue("text").text)
        }

    @Test
    fun `what others wrote before the screen saw it stays, and ends what the keyboard composes`() =
        editing { models, editor ->
            val binding = TextFieldBinding(editor)
            runBlocking {
                models.edit("a") { splice("/text", 0, insert = "oak ") }
                withTimeout(DEADLINE) { editor.state.first { it.text == "oak fence" } }
            }
            binding.onValueChange(TextFieldValue("fences", TextRange(6), TextRange(0, 6)))
            assertEquals("oak fences" to TextRange(10), binding.value.text to binding.value.selection)
            assertNull(binding.value.composition)
        }

    @Test
    fun `a field in the composition takes key strokes and shows what others write`() =
        editing { models, editor ->
            runComposeUiTest {
                setContent {
                    val binding = rememberTextFieldBinding(editor)
                    BasicTextField(binding.value, binding::onValueChange, Modifier.testTag("field"))
                }
                fun shown() = editor.state.value.text
                onNodeWithTag("field").performTextInput("s ")
                val typed = shown()
                assertEquals("fences ", typed)
                runBlocking {
                    editor.flush()
                    models.edit("a") { splice("/text", 0, insert = "oak ") }
                }
                waitUntil("the other's words", DEADLINE) { shown() == "oak $typed" }
                onNodeWithTag("field").performTextInput("!")
                assertEquals("oak fences !", shown())
            }
        }
}
