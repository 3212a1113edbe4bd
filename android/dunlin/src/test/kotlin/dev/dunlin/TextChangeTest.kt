package dev.dunlin

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.random.Random

class TextChangeTest {
    private fun splice(at: Int, delete: Int, insert: String) = TextChange.of(Splice(at, delete, insert))

    @Test
    fun `what was typed is told by where the cursor is`() {
        assertEquals(Splice(3, 0, "a"), difference("aaa", "aaaa"))
        assertEquals(Splice(1, 0, "a"), difference("aaa", "aaaa", cursor = 2))
        assertEquals(Splice(0, 1, ""), difference("aaa", "aa", cursor = 0))
        assertEquals(Splice(4, 3, "wall"), difference("the oak", "the wall"))
        assertEquals(Splice(0, 1, "x"), difference("ab", "xb", cursor = 2))
        assertNull(difference("ab", "ab", cursor = 1))
    }

    @Test
    fun `a difference takes whole characters`() {
        // They share their first half, and two others their second.
        assertEquals(Splice(0, 2, "\uD83D\uDC27"), difference("\uD83D\uDC26", "\uD83D\uDC27"))
        assertEquals(Splice(0, 2, "\uD83E\uDC26"), difference("\uD83D\uDC26", "\uD83E\uDC26"))
        assertEquals(Splice(1, 0, "\uD83D\uDC26"), difference("x", "x\uD83D\uDC26"))
        assertEquals("a\uFFFD\uD83D\uDC26\uFFFD", "a\uDC26\uD83D\uDC26\uD83D".wellFormed())
        assertEquals(1, "a\uD83D\uDC26".boundary(2))
    }

    @Test
    fun `changes in several places are told apart`() {
        val change = differences("the fence of the barn", "THE fence of oak, the barn!")
        assertEquals("THE fence of oak, the barn!", change.applyTo("the fence of the barn"))
        assertEquals(listOf(3, 6, 12), listOf(3, 6, 12).map(change::map))
        assertEquals("THE fence of oak, the".length, change.map("the fence of the".length))
    }

    @Test
    fun `too many changes are one splice, between what is the same`() {
        val (old, new) = "a".repeat(600) to "b".repeat(600)
        val change = differences("<$old>", "<$new>")
        assertEquals(listOf(Splice(1, 600, new)), change.splices())
    }

    @Test
    fun `an index moves with the text around it`() {
        val change = TextChange.build { keep(2).insert("xyz").delete(2).keep(3).insert("!") }
        assertEquals("abxyzefg!h", change.applyTo("abcdefgh"))
        assertEquals(listOf(0, 1, 2, 5, 5, 6, 7, 8, 10), (0..8).map(change::map))
    }

    @Test
    fun `a deletion spares what others insert into it`() {
        val mine = splice(1, 6, "")
        val theirs = splice(4, 0, "NEW")
        assertEquals("aNEWh", mine.over(theirs, isFirst = true).applyTo("abcdNEWefgh"))
        assertEquals("aNEWh", theirs.over(mine, isFirst = false).applyTo("ah"))
    }

    @Test
    fun `changes of one text meet in one text, whichever comes first`() =
        eachSeed { random ->
            val text = random.text(12)
            val (mine, theirs) = random.change(text) to random.change(text)
            val one = mine.then(theirs.over(mine, isFirst = false))
            val other = theirs.then(mine.over(theirs, isFirst = true))
            assertEquals(one.applyTo(text), other.applyTo(text))
            assertEquals(one.applyTo(text), theirs.over(mine, false).applyTo(mine.applyTo(text)))
        }

    @Test
    fun `changes in a row are the same as one, and as its splices`() =
        eachSeed { random ->
            val text = random.text(12)
            val first = random.change(text)
            val second = random.change(first.applyTo(text))
            val both = first.then(second)
            assertEquals(second.applyTo(first.applyTo(text)), both.applyTo(text))
            val spliced =
                both.splices().fold(text) { it, splice ->
                    it.replaceRange(splice.at, splice.at + splice.delete, splice.insert)
                }
            assertEquals(both.applyTo(text), spliced)
        }

    @Test
    fun `a difference of random texts leads from one to the other and cuts no character`() =
        eachSeed { random ->
            val old = random.text(16)
            val between = random.change(old).applyTo(old)
            val new = random.change(between).applyTo(between)
            val change = differences(old, new)
            assertEquals(new, change.applyTo(old))
            var step = old
            for (splice in change.splices()) {
                step = step.replaceRange(splice.at, splice.at + splice.delete, splice.insert)
                assertEquals(step, step.wellFormed())
            }
            val places = (0..old.length).map(change::map)
            assertEquals(places.sorted(), places)
            assertTrue(places.all { it in 0..new.length })
        }

    @Test
    fun `a draft keeps what was typed through everything that may happen to it`() =
        eachSeed { random ->
            var text = random.text(8)
            var draft = TextDraft(text, "0")
            val typed = mutableListOf<Char>()
            repeat(12) { step ->
                when (random.nextInt(4)) {
                    0 -> {
                        val at = draft.shown.text.boundary(random.nextInt(draft.shown.text.length + 1))
                        typed += 'A' + step
                        val new = draft.shown.text.replaceRange(at, at, "${'A' + step}")
                        draft = draft.typed(new, TextSelection(at + 1), draft.shown.text)
                        assertEquals(new, draft.shown.text)
                    }

                    1 -> if (draft.sent.isEmpty) draft = draft.handedOver()

                    2 -> draft = draft.refused()

                    else -> {
                        // Somebody else inserts, beside what was handed over.
                        val foreign = random.insertion(text)
                        val sent = draft.sent.over(foreign, isFirst = random.nextBoolean())
                        text = sent.applyTo(foreign.applyTo(text))
                        draft = if (draft.sent.isEmpty) draft else draft.written()
                        draft = draft.read(text, "$step")
                    }
                }
                typed.forEach { assertTrue(it in draft.shown.text, "$it is not in ${draft.shown}") }
                val (start, end) = draft.shown.selection
                assertTrue(start == end && draft.shown.text.boundary(end) == end)
            }
            val all = draft.refused()
            assertEquals(all.shown.text, all.pending.applyTo(all.known))
        }

    private fun eachSeed(run: (Random) -> Unit) {
        for (seed in 0..<3000) {
            try {
                run(Random(seed))
            } catch (failure: Throwable) {
                throw AssertionError("seed $seed", failure)
            }
        }
    }

    /** Few different characters, so that many are alike, and some of two units. */
    private fun Random.text(length: Int): String =
        (0..<nextInt(length + 1)).joinToString("") { listOf("a", "b", "\uD83D\uDC26", "\uD83D\uDC27").random(this) }

    private fun Random.change(text: String): TextChange =
        TextChange.build {
            for (character in text.codePoints()) {
                val length = Character.charCount(character)
                if (nextInt(3) == 0) delete(length) else keep(length)
                if (nextInt(3) == 0) insert(text(3))
            }
            if (nextBoolean()) insert(text(3))
        }

    private fun Random.insertion(text: String): TextChange =
        TextChange.of(Splice(text.boundary(nextInt(text.length + 1)), 0, text(4)))
}
