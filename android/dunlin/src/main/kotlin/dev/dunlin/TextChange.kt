package dev.dunlin

/** A part of a change: what happens to the next characters of a text. */
internal sealed interface Span {
    /** Leaves some as they are. */
    data class Keep(
        val length: Int,
    ) : Span

    /** Takes some out. */
    data class Delete(
        val length: Int,
    ) : Span

    /** Puts some in. */
    data class Insert(
        val text: String,
    ) : Span
}

/** Deletes and inserts at an index: the form in which the core takes a change. */
internal data class Splice(
    val at: Int,
    val delete: Int,
    val insert: String,
)

/**
 * What turns one text into another: spans from its beginning on, in UTF-16 code units. What the
 * spans do not reach stays. Where a place is replaced, the insertion stands before the deletion.
 *
 * Cuts lie between characters if they do in both changes that one is made of.
 */
internal class TextChange private constructor(
    private val spans: List<Span>,
) {
    val isEmpty: Boolean get() = spans.isEmpty()

    /** The text after the change. */
    fun applyTo(text: String): String {
        val result = StringBuilder(text.length)
        var at = 0
        for (span in spans) {
            when (span) {
                is Span.Keep -> result.append(text, at, at + span.length)
                is Span.Insert -> result.append(span.text)
                is Span.Delete -> Unit
            }
            at += span.consumed
        }
        return result.append(text, at, text.length).toString()
    }

    /** This change, then another one of the text that it leaves: as one. */
    fun then(next: TextChange): TextChange {
        val result = Builder()
        val (first, second) = Reader(spans) to Reader(next.spans)
        while (first.hasNext || second.hasNext) {
            val (before, after) = first.peek to second.peek
            when {
                before is Span.Delete -> result.add(first.take(before.length))

                after is Span.Insert -> result.add(second.take(after.text.length))

                else -> {
                    val length = minOf(first.length, second.length)
                    val (made, met) = first.take(length) to second.take(length)
                    when {
                        met is Span.Keep -> result.add(made)
                        made is Span.Keep -> result.add(met)
                        // Else deleted as soon as inserted.
                    }
                }
            }
        }
        return result.build()
    }

    /**
     * This change of a text, as a change of what [other] made of the same text. What both insert
     * at one place stands in the order that [isFirst] tells.
     */
    fun over(other: TextChange, isFirst: Boolean): TextChange {
        val result = Builder()
        val (mine, theirs) = Reader(spans) to Reader(other.spans)
        while (mine.hasNext) {
            val (own, foreign) = mine.peek to theirs.peek
            when {
                own is Span.Insert && (isFirst || foreign !is Span.Insert) ->
                    result.add(mine.take(own.text.length))

                foreign is Span.Insert -> {
                    theirs.take(foreign.text.length)
                    result.add(Span.Keep(foreign.text.length))
                }

                else -> {
                    val length = minOf(mine.length, theirs.length)
                    val span = mine.take(length)
                    if (theirs.take(length) is Span.Keep) result.add(span)
                }
            }
        }
        return result.build()
    }

    /**
     * Where an index of the text before is afterwards. It stays before what is inserted at it,
     * and where it was deleted from.
     */
    fun map(index: Int): Int {
        var (before, after) = 0 to 0
        for (span in spans) {
            if (before >= index) break
            when (span) {
                is Span.Keep -> after += minOf(span.length, index - before)
                is Span.Insert -> after += span.text.length
                is Span.Delete -> Unit
            }
            before += span.consumed
        }
        return after + (index - before).coerceAtLeast(0)
    }

    /** The same as splices, each at an index of what those before it have left. */
    fun splices(): List<Splice> {
        val splices = mutableListOf<Splice>()
        var at = 0
        for (span in spans) {
            val last = splices.lastOrNull()
            when (span) {
                is Span.Keep -> at += span.length

                is Span.Insert -> {
                    splices += Splice(at, 0, span.text)
                    at += span.text.length
                }

                is Span.Delete ->
                    if (last != null && last.at + last.insert.length == at) {
                        splices[splices.lastIndex] = last.copy(delete = span.length)
                    } else {
                        splices += Splice(at, span.length, "")
                    }
            }
        }
        return splices
    }

    override fun equals(other: Any?): Boolean = other is TextChange && spans == other.spans

    override fun hashCode(): Int = spans.hashCode()

    override fun toString(): String = "TextChange$spans"

    companion object {
        /** The change that changes nothing. */
        val NONE: TextChange = TextChange(emptyList())

        /** One splice. */
        fun of(splice: Splice): TextChange =
            build { keep(splice.at).insert(splice.insert).delete(splice.delete) }

        /** A change from its spans. */
        fun build(spans: Builder.() -> Unit): TextChange = Builder().apply(spans).build()
    }

    /** Puts spans into the one form that a change has: no empty ones, like ones joined. */
    class Builder {
        private val spans = mutableListOf<Span>()

        fun keep(length: Int): Builder = add(Span.Keep(length))

        fun delete(length: Int): Builder = add(Span.Delete(length))

        fun insert(text: String): Builder = add(Span.Insert(text))

        fun add(span: Span): Builder {
            if (span.length == 0) return this
            val last = spans.lastOrNull()
            when {
                last is Span.Keep && span is Span.Keep -> join(Span.Keep(last.length + span.length))
                last is Span.Delete && span is Span.Delete -> join(Span.Delete(last.length + span.length))
                last is Span.Insert && span is Span.Insert -> join(Span.Insert(last.text + span.text))
                last is Span.Delete && span is Span.Insert -> insertBefore(last, span)
                else -> spans += span
            }
            return this
        }

        fun build(): TextChange {
            while (spans.lastOrNull() is Span.Keep) spans.removeAt(spans.lastIndex)
            return TextChange(spans.toList())
        }

        private fun join(span: Span) {
            spans[spans.lastIndex] = span
        }

        private fun insertBefore(deleted: Span.Delete, inserted: Span.Insert) {
            spans.removeAt(spans.lastIndex)
            add(inserted)
            spans += deleted
        }
    }
}

/** Takes spans piece by piece; after the last one, everything is kept. */
private class Reader(
    private val spans: List<Span>,
) {
    private var index = 0
    private var taken = 0

    val hasNext: Boolean get() = index < spans.size

    val peek: Span? get() = spans.getOrNull(index)

    /** What is left of the span. */
    val length: Int get() = peek?.let { it.length - taken } ?: Int.MAX_VALUE

    /** The next span, or [length] of it. */
    fun take(length: Int): Span {
        val span = peek ?: return Span.Keep(length)
        val end = minOf(taken + length, span.length)
        val piece =
            when (span) {
                is Span.Keep -> Span.Keep(end - taken)
                is Span.Delete -> Span.Delete(end - taken)
                is Span.Insert -> Span.Insert(span.text.substring(taken, end))
            }
        taken = end
        if (taken == span.length) {
            index += 1
            taken = 0
        }
        return piece
    }
}

/** How much it keeps, deletes or inserts. */
private val Span.length: Int
    get() =
        when (this) {
            is Span.Keep -> length
            is Span.Delete -> length
            is Span.Insert -> text.length
        }

/** How much of the text before it stands for. */
private val Span.consumed: Int
    get() = if (this is Span.Insert) 0 else length
