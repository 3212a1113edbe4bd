package dev.dunlin

/**
 * What a text field shows.
 *
 * @property text the text: the document's, with what was typed and is not written yet.
 * @property selection what is selected, or where the cursor is.
 */
public data class TextState(
    public val text: String,
    public val selection: TextSelection = TextSelection(text.length),
)

/**
 * What is selected in a text, in UTF-16 code units.
 *
 * @property start where the selection began; behind [end] if it was made backwards.
 * @property end where it ends: where the cursor is.
 */
public data class TextSelection(
    public val start: Int,
    public val end: Int = start,
) {
    internal fun map(place: (Int) -> Int) = TextSelection(place(start), place(end))
}
