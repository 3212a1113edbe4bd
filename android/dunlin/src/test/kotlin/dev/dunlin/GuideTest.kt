package dev.dunlin

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** What docs/android.md shows, line by line. */
class GuideTest {
    @Test
    fun `who has a ticket joins, and who opens again has the same space`() =
        test {
            val (barn, shed) = node("barn") to node("shed")
            val founded = openFarm(barn, ticket = null)
            val joined = openFarm(shed, founded.invite())
            assertEquals(founded.id, joined.id)
            assertEquals(founded.id, openFarm(barn, ticket = null).id)
            assertEquals(1, barn.spaces.size)
        }

    @Test
    fun `the guide's examples compile and do what it says`() =
        test {
            val node = Dunlin.open(directory("barn")) { name = "barn" }
            val farm = openFarm(node, ticket = null)
            val tasks = farm.collection<Task>("tasks")

            val id = tasks.insert(Task("Mend the fence")).id
            tasks.update(id) { it.copy(done = true, minutes = it.minutes + 20) }
            tasks.edit(id) { splice("/notes", at = 0, insert = "oak") }
            val expected =
                Task("Mend the fence", true, notes = MergeableText("oak"), minutes = Counter(20))
            assertEquals(expected, tasks.get(id).value)

            val (from, to) = id to tasks.insert(Task("Paint the gate", done = true)).id
            farm.transaction { tx ->
                val moved = tx.get(tasks, from).value.minutes.sum
                tx.update(tasks, from) { it.copy(minutes = it.minutes - moved) }
                tx.update(tasks, to) { it.copy(minutes = it.minutes + moved) }
            }
            assertEquals(listOf(0L, 20L), listOf(from, to).map { tasks.get(it).value.minutes.sum })

            val scope = CoroutineScope(Dispatchers.Default + Job())
            val field = Field()
            val editor = tasks.editText(id, "/notes", scope)
            scope.launch { editor.state.collect { state -> field.show(state.text, state.selection) } }
            field.onEdit = { before, text, selection -> editor.change(text, selection, before) }
            field.onEdit("oak", "oak posts", TextSelection(9))
            field.shown.first { it == TextState("oak posts", TextSelection(9)) }
            editor.flush()
            editor.close()
            assertNull(editor.refusal.value)
            scope.cancel()
            assertEquals("oak posts", tasks.watchDocument(id).first()?.value?.notes?.text)

            val open = tasks.watch("json_extract(doc, '$.done') = ?", false).first()
            assertTrue(open.isEmpty())
            farm.watch("SELECT id, doc->>'$.title' AS title FROM tasks ORDER BY title").first()
            farm.changes("indexer").first().acknowledge()

            node.watchStatus().first()
            farm.setPresence(Cursor(document = id, at = 7))
            assertTrue(farm.watchPresence<Cursor>().first().isEmpty())
            farm.clearPresence()

            val ticket = farm.invite(Role.Writer, expiresIn = 1.hours)
            val other = Dunlin.open(directory("field"))
            other.join(ticket)
            other.startSync {
                listen = "127.0.0.1:0"
                peers += "127.0.0.1:9"
                mdns = false
            }
            assertEquals("device", other.device.name)

            val refusal = refused { other.space("farm").invite() }
            val advice =
                when (refusal.code) {
                    ErrorCode.StorageFull -> "make room"
                    else -> refusal.remedy
                }
            assertTrue(advice.isNotEmpty())
            node.close()
            other.close()
            val usual = Dunlin.onLeak
            Dunlin.onLeak = { message, opened -> throw AssertionError(message, opened) }
            Dunlin.onLeak = usual
        }

    @Test
    fun `what an app brings along is taken as the guide shows it`() =
        test {
            val log = { level: LogLevel, target: String, message: String ->
                assertTrue("$level $target $message".isNotEmpty())
            }
            val keys =
                object : KeySealer {
                    override fun seal(seed: ByteArray) = seed.reversedArray()

                    override fun unseal(sealed: ByteArray) = sealed.reversedArray()
                }
            val finder =
                object : Discovery {
                    override fun start(port: Int, peers: DiscoveredPeers) = peers.active()

                    override fun stop() = Unit
                }
            val bluetooth =
                object : PacketLink {
                    override val maxPacketBytes = 1_200

                    override fun start(inbox: LinkInbox) = Unit

                    override fun send(peer: String, packet: ByteArray) = Unit

                    override fun stop() = Unit
                }
            Dunlin.log(LogLevel.Info) { level, target, message -> log(level, target, message) }
            val node = Dunlin.open(directory("bringer")) { sealer = keys }
            node.startSync {
                listen = "127.0.0.1:0"
                mdns = false
                discovery = finder
                links += bluetooth
            }
            node.suspend(deadline = 5.seconds)
            node.resume()
            val outcome = node.syncOnce(deadline = 20.milliseconds)
            assertTrue(outcome.peers.isEmpty())
            node.close()
            Dunlin.log(sink = null)
        }

    /** Stands for a text field. */
    private class Field {
        val shown = MutableStateFlow(TextState(""))
        var onEdit: (String, String, TextSelection) -> Unit = { _, _, _ -> }

        fun show(text: String, selection: TextSelection) {
            shown.value = TextState(text, selection)
        }
    }
}

/** Whoever is first founds the farm; every other device joins it, with a ticket of one that is in it. */
private suspend fun openFarm(node: Node, ticket: String?): Space =
    node.spaces.firstOrNull() ?: if (ticket == null) node.createSpace("farm") else node.join(ticket)
