package dev.dunlin.sample

import androidx.compose.ui.test.ComposeUiTest
import androidx.compose.ui.test.ExperimentalTestApi
import androidx.compose.ui.test.hasSetTextAction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.onAllNodesWithText
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performTextInput
import androidx.compose.ui.test.runComposeUiTest
import dev.dunlin.Counter
import dev.dunlin.Dunlin
import dev.dunlin.Node
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import java.nio.file.Files

/** Far more than anything takes. */
private const val DEADLINE = 60_000L

/** The screens over real nodes; what Android adds around them is not here. */
@OptIn(ExperimentalTestApi::class)
class SampleScreensTest {
    private val directory = Files.createTempDirectory("dunlin")
    private val open = mutableListOf<Node>()

    private fun node(name: String): Node =
        runBlocking { Dunlin.open(directory.resolve(name)) { this.name = name } }.also { open += it }

    @AfterEach
    fun closeAll() {
        open.forEach(Node::close)
        directory.toFile().deleteRecursively()
    }

    private fun ComposeUiTest.awaitText(text: String) =
        waitUntil(text, DEADLINE) {
            onAllNodesWithText(text, substring = true).fetchSemanticsNodes().isNotEmpty()
        }

    private fun ComposeUiTest.type(field: String, text: String) =
        onNode(hasSetTextAction() and hasText(field, substring = true)).performTextInput(text)

    private fun ComposeUiTest.click(text: String) {
        awaitText(text)
        onNodeWithText(text, substring = true).performClick()
    }

    @Test
    fun `an inspection is founded, found, visited and described`() {
        val ann = node("ann")
        runComposeUiTest {
            setContent { SampleScreens(ann) }
            type("New space", "farm")
            click("Found")
            click("farm")
            awaitText("Add")
            type("Place", "North fence")
            click("Add")
            click("North fence: unknown")
            click("worn")
            click("Visited")
            awaitText("Visits: 1")
            awaitText("Notes")
            type("Notes", "two posts")
            val inspections = ann.space("farm").inspections()
            val expected = Inspection("North fence", "worn", visits = Counter(1))
            runBlocking {
                withTimeout(DEADLINE) {
                    val entry = inspections.watch().first { it.single().value?.notes?.text == "two posts" }.single()
                    assertEquals(expected, entry.value?.copy(notes = expected.notes))
                    inspections.edit(entry.id) { splice("/notes", at = 9, insert = " to mend") }
                }
            }
            awaitText("two posts to mend")
        }
    }

    @Test
    fun `a conflict is shown, and taking what lost settles it`() {
        val (ann, ben) = node("ann") to node("ben")
        val id =
            runBlocking {
                val farm = ann.createSpace("farm")
                val id = farm.inspections().insert(Inspection("Gate")).id
                val joined = ben.join(farm.invite()).inspections()
                withTimeout(DEADLINE) {
                    exchange(ann, ben)
                    joined.watch().first { it.isNotEmpty() }
                    listOf(ann, ben).forEach { it.stopSync() }
                    farm.inspections().update(id) { it.copy(condition = "good") }
                    joined.update(id) { it.copy(condition = "broken") }
                    exchange(ann, ben)
                    farm.inspections().watchDocument(id).first { it?.conflicts?.isNotEmpty() == true }
                }
                id
            }
        val won = runBlocking { ann.space("farm").inspections().get(id) }.value.condition
        val lost = if (won == "good") "broken" else "good"
        runComposeUiTest {
            setContent { SampleScreens(ann) }
            click("farm")
            click("Gate: ")
            awaitText("/condition was also $lost by ")
            click("Take it")
            waitUntil("settled", DEADLINE) {
                onAllNodesWithText("Take it").fetchSemanticsNodes().isEmpty()
            }
        }
        val settled = runBlocking { ann.space("farm").inspections().get(id) }
        assertEquals(lost to emptyList<Any>(), settled.value.condition to settled.conflicts)
    }

    @Test
    fun `a ticket is shown as a code, joined when scanned, and a bad one says what is wrong`() {
        val (ann, ben) = node("ann") to node("ben")
        val ticket = runBlocking { ann.createSpace("farm").invite() }
        runComposeUiTest {
            setContent { SampleScreens(ann) }
            click("farm")
            click("Invite")
            awaitText("dunlin1")
        }
        runComposeUiTest {
            setContent { SampleScreens(ben) }
            type("Ticket", "dunlin1nonsense")
            click("Join")
            awaitText("Dismiss")
            click("Dismiss")
        }
        runComposeUiTest {
            setContent { SampleScreens(ben, scanned = ticket.uppercase()) }
            awaitText("Add")
            click("Sync")
            awaitText("farm: 0 documents")
        }
        assertEquals("farm", ben.spaces.single().name)
    }

    private suspend fun exchange(ann: Node, ben: Node) {
        ann.startSync { listen = "127.0.0.1:0"; mdns = false }
        val address = ann.status().listen
        ben.startSync { listen = "127.0.0.1:0"; mdns = false; peers += address }
    }
}
