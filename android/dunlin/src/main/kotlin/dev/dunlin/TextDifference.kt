package dev.dunlin

/** How many characters may differ for [differences] to tell them apart; time grows by its square. */
private const val MAX_DISTANCE = 512

/**
 * What somebody did who had [old] and has [new], as one splice; null if they are the same. Of the
 * places where it may have happened, such as those of an `a` in `aaa`, it is the one that leaves
 * the cursor at its end.
 */
internal fun difference(old: String, new: String, cursor: Int = new.length): Splice? {
    if (old == new) return null
    val shorter = minOf(old.length, new.length)
    val wanted = new.length - cursor.coerceIn(0, new.length)
    val behind = commonSuffix(old, new, minOf(shorter, wanted))
    val before = commonPrefix(old, new, shorter - behind)
    val end = commonSuffix(old, new, shorter - before)
    return Splice(before, old.length - before - end, new.substring(before, new.length - end))
}

/**
 * What turns [old] into [new], with as little deleted and inserted as possible; as one splice where
 * that would take long.
 */
internal fun differences(old: String, new: String): TextChange {
    val whole = difference(old, new) ?: return TextChange.NONE
    if (whole.delete == 0 || whole.insert.isEmpty()) return TextChange.of(whole)
    val removed = old.substring(whole.at, whole.at + whole.delete).codePoints().toArray()
    val added = whole.insert.codePoints().toArray()
    val steps = ShortestEdit(removed, added).find() ?: return TextChange.of(whole)
    return TextChange.build {
        keep(whole.at)
        steps.forEach(::add)
    }
}

/** Where the text before [index] ends if no character is to be cut in two. */
internal fun String.boundary(index: Int): Int {
    val within = index.coerceIn(0, length)
    return if (cuts(within)) within - 1 else within
}

/** The text with U+FFFD for each half of a character that stands alone: no document holds such. */
internal fun String.wellFormed(): String {
    val isAlone = { index: Int ->
        this[index].isSurrogate() && !cuts(index) && !cuts(index + 1)
    }
    if (indices.none(isAlone)) return this
    return String(CharArray(length) { if (isAlone(it)) '\uFFFD' else this[it] })
}

private fun String.cuts(index: Int): Boolean =
    index in 1..<length && this[index].isLowSurrogate() && this[index - 1].isHighSurrogate()

/** The length of what both begin with, in whole characters. */
private fun commonPrefix(one: String, other: String, limit: Int): Int {
    var length = 0
    while (length < limit && one[length] == other[length]) length += 1
    return if (one.cuts(length) || other.cuts(length)) length - 1 else length
}

/** The length of what both end with, in whole characters. */
private fun commonSuffix(one: String, other: String, limit: Int): Int {
    var length = 0
    while (length < limit && one[one.length - 1 - length] == other[other.length - 1 - length]) length += 1
    val isCut = one.cuts(one.length - length) || other.cuts(other.length - length)
    return if (isCut) length - 1 else length
}

/**
 * The greedy algorithm of E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986),
 * section 4. A diagonal is the number of characters passed in [old] less that in [new].
 */
private class ShortestEdit(
    private val old: IntArray,
    private val new: IntArray,
) {
    /** For each distance, how far the diagonals from -distance on reach into [old], by twos. */
    private val reached = mutableListOf<IntArray>()

    /** The spans, or null if there are too many differences. */
    fun find(): List<Span>? {
        val limit = minOf(old.size + new.size, MAX_DISTANCE)
        for (distance in 0..limit) {
            reached += IntArray(distance + 1)
            for (diagonal in -distance..distance step 2) {
                val passed = slide(start(distance, diagonal), diagonal)
                reached[distance][(diagonal + distance) / 2] = passed
                if (passed >= old.size && passed - diagonal >= new.size) return walkBack(distance)
            }
        }
        return null
    }

    /** Where a diagonal begins: after the last insertion or deletion. */
    private fun start(distance: Int, diagonal: Int): Int =
        when {
            distance == 0 -> 0
            isInsertion(distance, diagonal) -> end(distance - 1, diagonal + 1)
            else -> end(distance - 1, diagonal - 1) + 1
        }

    private fun isInsertion(distance: Int, diagonal: Int): Boolean =
        diagonal == -distance ||
            diagonal != distance && end(distance - 1, diagonal - 1) < end(distance - 1, diagonal + 1)

    private fun end(distance: Int, diagonal: Int): Int = reached[distance][(diagonal + distance) / 2]

    private fun slide(from: Int, diagonal: Int): Int {
        var at = from
        while (at < old.size && at - diagonal < new.size && old[at] == new[at - diagonal]) at += 1
        return at
    }

    private fun walkBack(distance: Int): List<Span> {
        val spans = ArrayDeque<Span>()
        var (passed, diagonal) = old.size to old.size - new.size
        for (step in distance downTo 0) {
            val start = start(step, diagonal)
            spans.addFirst(Span.Keep(units(old, start, passed)))
            if (step == 0) break
            if (isInsertion(step, diagonal)) {
                spans.addFirst(Span.Insert(String(new, start - diagonal - 1, 1)))
                passed = start
                diagonal += 1
            } else {
                spans.addFirst(Span.Delete(Character.charCount(old[start - 1])))
                passed = start - 1
                diagonal -= 1
            }
        }
        return spans
    }

    private fun units(text: IntArray, from: Int, to: Int): Int =
        (from..<to).sumOf { Character.charCount(text[it]) }
}
