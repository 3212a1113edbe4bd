package dev.dunlin.samples

import dev.dunlin.Dunlin
import dev.dunlin.LinkInbox
import dev.dunlin.Listed
import dev.dunlin.Node
import dev.dunlin.Nodes
import dev.dunlin.TextSelection
import dev.dunlin.syncOnLoopback
import dev.dunlin.test
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.concurrent.ConcurrentHashMap
import javax.crypto.KeyGenerator

/** Runs what the documentation shows. */
class SamplesTest {
    private suspend fun Nodes.inspections() =
        node("barn").createSpace("farm").let { farm -> farm to openCollection(farm) }

    @Test
    fun `documents are written and read as shown`() =
        test {
            val (farm, inspections) = inspections()
            val id = insertDocument(inspections)
            assertEquals("pump-3", putDocument(inspections).id)
            assertEquals("pump-3", replaceDocument(inspections).id)
            assertEquals(emptyList<String>(), putManyDocuments(inspections))
            assertEquals("Pump 3 is open", readDocument(inspections, id))
            assertEquals("there is none", readDocument(inspections, "nowhere"))
            updateDocument(inspections, id)
            assertEquals("Pump 3 is done", readDocument(inspections, id))
            saveForm(inspections, id, "Pump 4")
            editDocument(inspections, id)
            val edited = inspections.get(id).value
            assertEquals("Pump 3, north", edited.title)
            assertEquals(25, edited.minutes.sum)
            assertEquals("Seal leaks. ", edited.notes.text)
            assertEquals(listOf("Close the valve"), edited.steps)
            assertEquals(5 + "North: ".length, markPlace(inspections, id))
            val other = inspections.insert(edited).id
            assertEquals(25, moveMinutes(farm, inspections, other, id))
            assertEquals(listOf(50L, 0L), listOf(id, other).map { inspections.get(it).value.minutes.sum })
            inspections.delete(other)
            assertTrue(deleteAndRestore(inspections, id))
            assertEquals("Pump 3, north", watchOneDocument(inspections, id).first())
            assertEquals(List(3) { "Pump ${it + 1}" }, watchOpenInspections(inspections).first().sorted())
            assertEquals("3 to do", countOpenInspections(inspections).first())
            assertTrue(readConflicts(inspections, id).isEmpty())
            assertEquals("sound", inspectOddDocument(inspections, id))
            inspections.edit(id) { set("/title", listOf("of", "another", "release")) }
            assertTrue(showEveryEntry(inspections).first().any { it.startsWith("$id: /title") })
            assertEquals("mended", inspectOddDocument(inspections, id))
            assertEquals("Unnamed", inspections.get(id).value.title)
        }

    @Test
    fun `what two wrote apart is a conflict as shown`() =
        test {
            val (barn, other) = node("barn") to node("field")
            val farm = barn.createSpace("farm")
            val here = openCollection(farm)
            val there = openCollection(inviteAndJoin(farm, other))
            here.put("pump", Inspection("Pump"))
            there.put("pump", Inspection("Pump 3"))
            barn.syncOnLoopback()
            other.syncOnLoopback(barn)
            here.watchDocument("pump").first { !it?.conflicts.isNullOrEmpty() }
            assertTrue(readConflicts(here, "pump").any { it.path == "/title" })
            assertEquals(listOf("inspections/pump"), listContested(farm))
            val lost = readConflicts(here, "pump").single().lost
            assertTrue(lost.isAtCreation)
            settleConflicts(here, "pump") { it.lost.value == lost.value }
            assertEquals(lost.value?.jsonPrimitive?.content, here.get("pump").value.title)
            assertEquals(emptyList<String>(), listContested(farm))
            here.delete("pump")
            restoreDeleted(farm, here)
            assertEquals(emptyList<Listed>(), farm.deleted())
        }

    @Test
    fun `a text is edited as shown`() =
        test {
            val (_, inspections) = inspections()
            val id = insertDocument(inspections)
            val scope = CoroutineScope(Dispatchers.Default)
            val shown = MutableStateFlow("" to TextSelection(0))
            val editor = editNotes(inspections, id, scope) { text, selection -> shown.value = text to selection }
            typeNotes(editor)
            shown.first { it == "Seal leaks" to TextSelection(10) }
            editor.close()
            scope.cancel()
            assertEquals("Seal leaks", inspections.get(id).value.notes.text)
        }

    @Test
    fun `a space is asked and followed as shown`() =
        test {
            val (farm, inspections) = inspections()
            val id = insertDocument(inspections)
            assertEquals(listOf("Pump 3"), runQuery(farm))
            assertEquals(1, watchQuery(farm).first())
            assertEquals(listOf(Due("Pump 3", isDone = false)), queryModels(farm))
            assertEquals(listOf(Due("Pump 3", isDone = false)), watchModels(farm).first())
            assertEquals(1, indexQuery(farm).rows.size)
            assertFalse(farm.createIndex("inspections", "$.due"))
            val indexed = MutableStateFlow<String?>(null)
            val scope = CoroutineScope(Dispatchers.Default)
            scope.launch { followChanges(farm) { collection, changed -> indexed.value = "$collection/$changed" } }
            indexed.first { it == "inspections/$id" }
            val later = MutableStateFlow(emptyList<String>())
            scope.launch { followChangesFromNow(farm).collect { later.value = it } }
            scope.launch {
                // From when the flow is collected is for it to say: so again until it has told.
                while (later.value.isEmpty()) updateDocument(inspections, id)
            }
            later.first { it.isNotEmpty() && it.all { name -> name == "inspections/$id" } }
            scope.cancel()
        }

    @Test
    fun `nodes open, sync and rest as shown`() =
        test {
            val barn = openNode(directory("opened"), ticket = null)
            logToConsole()
            try {
                val farm = barn.space("farm")
                val field = node("field")
                assertTrue("another invitation" in handleRefusal(field, "no ticket"))
                inviteAndJoin(farm, field)
                syncWithPeers(barn, "127.0.0.1:9")
                syncWithPeers(field, barn.status().listen.single())
                watchConnected(field).first { it == listOf("barn") }
                assertEquals(1, watchDocumentCount(field).first { it > 0 })
                sayPresence(field.space("work"), "pump-3")
                assertEquals(listOf("field looks at pump-3"), watchWhoIsHere(farm).first { it.isNotEmpty() })
                assertTrue(syncOnceInBackground(field))
                suspendAndResume(field)
                assertEquals(1, watchDocumentCount(field).first())
            } finally {
                Dunlin.log(sink = null)
                barn.shutdown()
            }
        }

    @Test
    fun `a sealer, a discovery and a link work as shown`() =
        test {
            val key = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()
            val sealed = openWithSealer(directory("sealed"), sealByAes(key)).use { it.device.id }
            openWithSealer(directory("sealed"), sealByAes(key)).use { assertEquals(sealed, it.device.id) }

            val board = ConcurrentHashMap<String, Int>()
            syncs { node, name -> bringDiscovery(node, findOnBoard(name, board)) }
            val inboxes = ConcurrentHashMap<String, LinkInbox>()
            syncs { node, name -> bringLink(node, linkInProcess(name, inboxes)) }
            assertFalse(board.isEmpty() || inboxes.isEmpty())
        }

    /** Two nodes that find each other by what they bring along get the same documents. */
    private suspend fun Nodes.syncs(start: suspend (Node, String) -> Unit) {
        val round = pairs++
        val (ann, ben) = node("ann$round") to node("ben$round")
        val farm = ann.createSpace("farm")
        val there = openCollection(ben.join(farm.invite()))
        start(ann, "ann")
        start(ben, "ben")
        openCollection(farm).put("pump", Inspection("Pump"))
        there.watchDocument("pump").first { it != null }
    }

    private var pairs = 0
}
