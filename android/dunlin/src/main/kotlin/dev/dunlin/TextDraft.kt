package dev.dunlin

/**
 * A text as the core has it, what was typed on it, and what both make. Two steps away from the
 * core: what was handed over and not answered yet, and on top of that what was typed since.
 *
 * @property known the text as it was last read.
 * @property base the version of that; null if the core has another text by now.
 * @property sent what was handed over, as a change of [known].
 * @property pending what waits, as a change of what [sent] makes of it.
 * @property shown what the field shows.
 */
internal data class TextDraft(
    val known: String,
    val base: String?,
    val sent: TextChange = TextChange.NONE,
    val pending: TextChange = TextChange.NONE,
    val shown: TextState = TextState(known),
) {
    /** Whether the core has all that was typed. */
    val isWritten: Boolean get() = sent.isEmpty && pending.isEmpty

    /** After the field that held [before] was made to hold [text]. */
    fun typed(text: String, selection: TextSelection, before: String): TextDraft {
        val (from, to) = before.wellFormed() to text.wellFormed()
        val splice = difference(from, to, selection.end)
        val missed = differences(from, shown.text)
        val own = if (splice == null) TextChange.NONE else TextChange.of(splice)
        val change = own.over(missed, isFirst = true)
        val result = change.applyTo(shown.text)
        val unseen = missed.over(own, isFirst = false)
        val cursor = selection.map { result.boundary(unseen.map(to.boundary(it))) }
        return copy(pending = pending.then(change), shown = TextState(result, cursor))
    }

    /** After all that waits was handed over, to be written on [base]; nothing without that. */
    fun handedOver(): TextDraft =
        if (base == null) this else copy(sent = pending, pending = TextChange.NONE)

    /** After what was handed over was written: among what others wrote, perhaps. */
    fun written(): TextDraft = copy(known = sent.applyTo(known), base = null, sent = TextChange.NONE)

    /** After what was handed over was refused: it waits again. */
    fun refused(): TextDraft = copy(sent = TextChange.NONE, pending = sent.then(pending))

    /** After the text was read again, while nothing is handed over: what waits is put on it. */
    fun read(text: String, version: String): TextDraft {
        val foreign = differences(known, text)
        val waiting = pending.over(foreign, isFirst = true)
        val result = waiting.applyTo(text)
        val news = foreign.over(pending, isFirst = false)
        val cursor = shown.selection.map { result.boundary(news.map(it)) }
        return copy(known = text, base = version, pending = waiting, shown = TextState(result, cursor))
    }
}
