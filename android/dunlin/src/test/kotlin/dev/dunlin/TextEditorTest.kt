package dev.dunlin

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.emptyFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.job
import kotlinx.serialization.Serializable
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.measureTime

@Serializable
private data class Plan(
    val stages: List<Stage>,
)

@Serializable
private data class Stage(
    val note: MergeableText,
) {
    constructor(note: String) : this(MergeableText(note))
}

class TextEditorTest {
    @Test
    fun `what is typed shows at once`() =
        test {
            val (_, tasks) = tasks("posts")
            editing(tasks) { editor ->
                "oak ".indices.forEach { editor.type(it, "oak "[it].toString()) }
                assertEquals(TextState("oak posts", TextSelection(4)), editor.state.value)
                tasks.awaitNotes("oak posts")
            }
        }

    @Test
    fun `key strokes of 50 ms are one edit`() =
        test {
            val (farm, tasks) = tasks("")
            val seq = tasks.edit("a") { set("/done", true) }.seq
            var took = Duration.ZERO
            editing(tasks) { editor ->
                took = measureTime {
                    repeat(200) {
                        editor.type(it, "x")
                        delay(1.milliseconds)
                    }
                }
            }
            val changes = farm.changesAfter(seq).first().changes
            assertTrue(changes.all { it.paths == listOf("/notes") })
            // One more when the editor begins to listen, one for what is begun and one at the end.
            val most = took / 50.milliseconds + 3
            assertTrue(changes.size <= most, "${changes.size} edits in $took")
            assertEquals("x".repeat(200), tasks.get("a").value.notes.text)
        }

    @Test
    fun `what was typed last before the node was suspended is written when it is back`() =
        test {
            val ann = node("ann")
            val tasks = ann.createSpace("farm").collection<Task>("tasks")
            tasks.insert(Task("Fence", notes = MergeableText("posts")), "a")
            editing(tasks) { editor ->
                coroutineScope {
                    val written = async { tasks.awaitNotes("oak posts") }
                    ann.suspend()
                    editor.change("oak posts")
                    editor.refusal.first { it?.code == ErrorCode.Suspended }
                    ann.resume()
                    written.await()
                }
                editor.refusal.first { it == null }
            }
        }

    @Test
    fun `what others write comes under what is not written, and the selection moves with its text`() =
        test {
            val (_, tasks) = tasks("posts and wire")
            editing(tasks) { editor ->
                editor.change("posts and wire", TextSelection(6, 9))
                tasks.edit("a") { splice("/notes", at = 0, insert = "\uD83D\uDC26 oak ") }
                val state = editor.state.first { it.text == "\uD83D\uDC26 oak posts and wire" }
                assertEquals(TextSelection(13, 16), state.selection)
                tasks.update("a") { it.copy(notes = MergeableText("and wire")) }
                assertEquals(TextSelection(0, 3), editor.state.first { it.text == "and wire" }.selection)
                tasks.update("a") { it.copy(notes = MergeableText("wire")) }
                assertEquals(TextSelection(0), editor.state.first { it.text == "wire" }.selection)
            }
        }

    @Test
    fun `a field that has not shown yet what others wrote takes nothing of it back`() =
        test {
            val (_, tasks) = tasks("posts")
            editing(tasks) { editor ->
                tasks.edit("a") { splice("/notes", at = 0, insert = "oak ") }
                editor.state.first { it.text == "oak posts" }
                editor.change("posts!", TextSelection(6), before = "posts")
                assertEquals(TextState("oak posts!", TextSelection(10)), editor.state.value)
                editor.flush()
                assertEquals("oak posts!", tasks.get("a").value.notes.text)
            }
        }

    @Test
    fun `a text in a list is followed when items move, until its item is deleted`() =
        test {
            val plans = node("ann").createSpace("farm").collection<Plan>("plans")
            plans.insert(Plan(listOf(Stage("dig"), Stage("posts"))), "a")
            coroutineScope {
                val editor = plans.editText("a", "/stages/1/note", this)
                plans.edit("a") { move("/stages", from = 1, to = 0) }
                editor.change("oak posts")
                editor.flush()
                assertEquals(listOf("oak posts", "dig"), plans.notes())
                plans.edit("a") { splice("/stages/0/note", at = 9, insert = ", wire") }
                editor.state.first { it.text == "oak posts, wire" }
                plans.edit("a") { deleteItem("/stages", at = 0) }
                editor.refusal.first { it?.code == ErrorCode.NotFound }
                assertEquals(listOf("dig"), plans.notes())
                editor.close()
            }
        }

    @Test
    fun `a text that is not there yet is made by the first letter`() =
        test {
            val farm = node("ann").createSpace("farm")
            farm.collection<Title>("tasks").put("a", Title("Fence"))
            val tasks = farm.collection<Task>("tasks")
            editing(tasks) { editor ->
                editor.change("o")
                editor.flush()
                assertEquals("o", tasks.get("a").value.notes.text)
            }
        }

    @Test
    fun `what was typed is written when the editor is closed, or its scope cancelled`() =
        test {
            val (_, tasks) = tasks("")
            coroutineScope {
                val editor = tasks.editText("a", "/notes", this)
                editor.change("oak")
                editor.close()
                assertEquals("oak", tasks.get("a").value.notes.text)
                assertEquals(ErrorCode.Closed, refused { editor.change("oaks") }.code)
                editor.close()
            }
            val scope = CoroutineScope(Dispatchers.Default + Job())
            val editor = tasks.editText("a", "/notes", scope)
            editor.change("oak posts")
            scope.coroutineContext.job.cancelAndJoin()
            assertEquals("oak posts", tasks.get("a").value.notes.text)

            // In a scope that has ended, what is typed is refused or written, never lost.
            val late = tasks.editText("a", "/notes", scope)
            val isTaken = runCatching { late.change("oak posts!") }.isSuccess
            late.close()
            assertEquals(if (isTaken) "oak posts!" else "oak posts", tasks.get("a").value.notes.text)
            assertEquals(ErrorCode.Closed, refused { late.change("") }.code)
        }

    @Test
    fun `a base that is too old costs nothing that was typed`() =
        test {
            val (_, tasks) = tasks("posts")
            val (place, version) = tasks.overtaken {
                // More than the core remembers.
                edit("a") { repeat(5000) { splice("/notes", at = 0, insert = "x") } }
            }
            val stale = refused { place.write(TextChange.of(Splice(0, 0, "oak ")), version) }
            assertEquals(ErrorCode.StaleVersion, stale.code)
            val notes = tasks.get("a").value.notes.text
            assertEquals("oak posts!", notes.replace("x", ""))
            assertEquals(5000, notes.count { it == 'x' })
        }

    @Test
    fun `a base in another life of the text costs nothing that was typed`() =
        test {
            val (_, tasks) = tasks("posts")
            val (place, version) = tasks.overtaken {
                // Indices of the old text mean nothing in the new one.
                edit("a") { remove("/notes"); splice("/notes", at = 0, insert = "wire") }
            }
            val outside = refused { place.write(TextChange.of(Splice(5, 0, "!")), version) }
            assertEquals(ErrorCode.InvalidInput, outside.code)
            val notes = tasks.get("a").value.notes.text
            assertEquals("oak posts!", notes.replace("wire", ""))
        }

    @Test
    fun `a refusal shows, keeps what was typed, and ends with its cause`() =
        test {
            val (_, tasks) = tasks("posts")
            editing(tasks) { editor ->
                tasks.delete("a")
                editor.change("oak posts")
                assertEquals(ErrorCode.NotFound, refused { editor.flush() }.code)
                assertEquals(ErrorCode.NotFound, editor.refusal.first { it != null }?.code)
                assertEquals("oak posts", editor.state.value.text)
                tasks.restore("a")
                tasks.awaitNotes("oak posts")
                assertNull(editor.refusal.first { it == null })
            }
        }

    @Test
    fun `what is no text, or nowhere, is refused`() =
        test {
            val (_, tasks) = tasks("posts")
            tasks.update("a") { it.copy(steps = listOf(Step("dig"))) }
            val expected =
                mapOf(
                    "/title" to ErrorCode.WrongKind,
                    "/steps/0/text" to ErrorCode.WrongKind,
                    "/minutes" to ErrorCode.WrongKind,
                    "" to ErrorCode.WrongKind,
                    "/steps/1/text" to ErrorCode.InvalidInput,
                    "notes" to ErrorCode.InvalidInput,
                )
            val refusals =
                expected.mapValues { (path, _) ->
                    refused { coroutineScope { tasks.editText("a", path, this) } }.code
                }
            assertEquals(expected, refusals)
            val nowhere = refused { coroutineScope { tasks.editText("b", "/notes", this) } }
            assertEquals(ErrorCode.NotFound, nowhere.code)
        }

    @Test
    fun `a document is followed with its version, from before it is there`() =
        test {
            val tasks = node("ann").createSpace("farm").collection<Task>("tasks")
            val flow = tasks.watchDocument("a")
            assertNull(flow.first())
            val made = tasks.insert(Task("Fence"), "a")
            assertEquals(made.version, flow.first()?.version)
            coroutineScope {
                val deleted = async { flow.first { it == null } }
                val done = async { flow.first { it?.value?.done == true } }
                tasks.update("a") { it.copy(done = true) }
                assertEquals("Fence", done.await()?.value?.title)
                tasks.delete("a")
                assertNull(deleted.await())
            }
        }

    @Test
    fun `two editors of one node meet in one text with every letter`() =
        test {
            val (_, tasks) = tasks(BEGINNING)
            coroutineScope {
                val editors = List(2) { tasks.editText("a", "/notes", this) }
                writeAtRandom(editors, seed = 1)
                val text = tasks.get("a").value.notes.text
                assertEveryLetter(text)
                editors.forEach { editor -> editor.state.first { it.text == text } }
                editors.forEach { it.close() }
            }
        }

    @Test
    fun `editors on two nodes that sync meet in one text with every letter`() =
        test {
            val (ann, ben) = node("ann") to node("ben")
            val farm = ann.createSpace("farm")
            val annTasks = farm.collection<Task>("tasks")
            annTasks.insert(Task("Fence", notes = MergeableText(BEGINNING)), "a")
            val benTasks = ben.join(farm.invite()).collection<Task>("tasks")
            ann.syncOnLoopback()
            ben.syncOnLoopback(ann)
            benTasks.watchDocument("a").first { it != null }
            coroutineScope {
                val editors = listOf(annTasks, benTasks).map { it.editText("a", "/notes", this) }
                writeAtRandom(editors, seed = 2)
                val (text, _) =
                    combine(annTasks.notes(), benTasks.notes()) { one, other -> one to other }
                        .first { (one, other) -> one == other && one.count(Char::isLetter) == 2 * LETTERS }
                assertEveryLetter(text)
                editors.forEach { editor -> editor.state.first { it.text == text } }
                editors.forEach { it.close() }
            }
        }

    /**
     * Each types letters that nobody else types, at random places, and deletes some of the dots
     * that were there, at times in a text that is no longer what the editor has.
     */
    private suspend fun writeAtRandom(editors: List<TextEditor>, seed: Int) =
        coroutineScope {
            editors
                .mapIndexed { index, editor ->
                    async(Dispatchers.Default) {
                        val random = Random(seed + index)
                        for (number in index * LETTERS..<(index + 1) * LETTERS) {
                            val text = editor.state.value.text
                            val at = text.boundary(random.nextInt(text.length + 1))
                            val dot = text.indexOf('.', at)
                            if (dot >= 0 && random.nextInt(4) == 0) {
                                editor.change(text.removeRange(dot, dot + 1), TextSelection(dot), before = text)
                            }
                            val now = editor.state.value.text
                            val place = now.boundary(at)
                            if (random.nextInt(4) == 0) delay(1.milliseconds)
                            val new = now.replaceRange(place, place, letter(number))
                            editor.change(new, TextSelection(place + 1), before = now)
                            if (random.nextInt(8) == 0) editor.flush()
                        }
                        editor.flush()
                    }
                }.awaitAll()
        }

    private fun assertEveryLetter(text: String) {
        val expected = (0..<2 * LETTERS).map { letter(it) }
        assertEquals(expected.sorted(), text.filter(Char::isLetter).map(Char::toString).sorted())
        val rest = text.filterNot(Char::isLetter)
        assertEquals(BIRD, rest.replace(".", ""))
        assertTrue(rest.length < BEGINNING.length, "no dot was deleted")
    }

    /** From a block of ideographs: each is a letter, one unit long. */
    private fun letter(number: Int): String = ('\u4E00' + number).toString()

    private fun DocumentCollection<Task>.notes() = watchDocument("a").map { it!!.value!!.notes.text }

    private suspend fun Nodes.tasks(notes: String): Pair<Space, DocumentCollection<Task>> {
        val farm = node("ann").createSpace("farm")
        val tasks = farm.collection<Task>("tasks")
        tasks.insert(Task("Fence", notes = MergeableText(notes)), "a")
        return farm to tasks
    }

    private suspend fun editing(tasks: DocumentCollection<Task>, use: suspend (TextEditor) -> Unit) =
        coroutineScope {
            val editor = tasks.editText("a", "/notes", this)
            use(editor)
            editor.close()
        }

    /** Types into an editor that is not told of what others do meanwhile; its place and base. */
    private suspend fun DocumentCollection<Task>.overtaken(
        others: suspend DocumentCollection<Task>.() -> Unit,
    ): Pair<TextPlace, String> {
        val (place, text) = TextPlace.find(toFfi(), "a", "/notes")
        others()
        coroutineScope {
            val first = TextDraft(text.content, text.version)
            val editor = TextEditor(place, first, emptyFlow(), this)
            editor.change("oak ${text.content}!")
            editor.close()
        }
        return place to text.version
    }

    private fun TextEditor.type(at: Int, insert: String) =
        change(state.value.text.replaceRange(at, at, insert), TextSelection(at + insert.length))

    private suspend fun DocumentCollection<Plan>.notes() =
        get("a").value.stages.map { it.note.text }

    private suspend fun DocumentCollection<Task>.awaitNotes(text: String) =
        watchDocument("a").first { it?.value?.notes?.text == text }
}

/** How many letters each editor types. */
private const val LETTERS = 300
private const val BIRD = "\uD83D\uDC26"
private val BEGINNING = ".".repeat(60) + BIRD + ".".repeat(60)
