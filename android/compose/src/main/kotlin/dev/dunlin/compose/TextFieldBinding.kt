package dev.dunlin.compose

import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.Stable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.text.TextRange
import androidx.compose.ui.text.input.TextFieldValue
import dev.dunlin.TextEditor
import dev.dunlin.TextSelection
import dev.dunlin.TextState

/**
 * Binds a text field to a collaborative text.
 *
 * @sample dev.dunlin.compose.samples.NotesField
 */
@Stable
public class TextFieldBinding internal constructor(
    private val editor: TextEditor,
) {
    /** What the field is to show. */
    public var value: TextFieldValue by mutableStateOf(editor.state.value.toField(null))
        private set

    /** Takes over what the user did; it is shown at once. */
    public fun onValueChange(new: TextFieldValue) {
        val selection = TextSelection(new.selection.start, new.selection.end)
        editor.change(new.text, selection, before = value.text)
        val shown = editor.state.value
        // What a keyboard composes is a range of its own text, not of one that others changed.
        value = shown.toField(new.composition.takeIf { shown.text == new.text })
    }

    internal suspend fun follow() {
        editor.state.collect { shown ->
            val isSame = shown.text == value.text
            value = shown.toField(value.composition.takeIf { isSame })
        }
    }
}

/**
 * A [TextFieldBinding] that follows what others write while it is in the composition.
 *
 * @sample dev.dunlin.compose.samples.NotesField
 */
@Composable
public fun rememberTextFieldBinding(editor: TextEditor): TextFieldBinding {
    val binding = remember(editor) { TextFieldBinding(editor) }
    LaunchedEffect(binding) { binding.follow() }
    return binding
}

private fun TextState.toField(composition: TextRange?) =
    TextFieldValue(text, TextRange(selection.start, selection.end), composition)
