package dev.dunlin

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.concurrent.ConcurrentHashMap

class LoadTest {
    @Test
    fun `ten thousand batches reach their collectors, each once`() =
        test {
            val tasks = node("ann").createSpace("farm")
            val collection = tasks.collection<Task>("tasks")
            val start = collection.put("start", Task("start")).seq
            val deliveries = Channel<Pair<Int, List<String>>>(Channel.UNLIMITED)
            coroutineScope {
                val collectors =
                    List(COLLECTORS) { number ->
                        launch(Dispatchers.Default) {
                            tasks.changesAfter(start).collect { batch ->
                                deliveries.send(number to batch.changes.map { it.id })
                            }
                        }
                    }
                for (round in 0..<10_000 / COLLECTORS) {
                    collection.put("t$round", Task("task $round"))
                    val told = List(COLLECTORS) { deliveries.receive() }
                    assertEquals((0..<COLLECTORS).toSet(), told.map { it.first }.toSet())
                    assertEquals(setOf(listOf("t$round")), told.map { it.second }.toSet())
                }
                collectors.forEach { it.cancelAndJoin() }
            }
            assertTrue(deliveries.tryReceive().isFailure)
        }

    @Test
    fun `a shutdown amid writes, queries, flows and a text editor ends them all, and keeps what was answered`() =
        test {
            val node = node("ann")
            val farm = node.createSpace("farm")
            val tasks = farm.collection<Task>("tasks")
            tasks.put("text", Task("Fence"))
            val answered = ConcurrentHashMap.newKeySet<String>()
            coroutineScope {
                val editor = tasks.editText("text", "/notes", this)
                val busy =
                    List(4) { writer ->
                        untilClosed { number ->
                            tasks.put("w$writer-$number", Task("task"))
                            answered += "w$writer-$number"
                        }
                    } +
                        List(4) { untilClosed { farm.query("SELECT count(*) FROM tasks") } } +
                        List(2) { untilClosed { tasks.update("text") { it.copy(minutes = it.minutes + 1) } } } +
                        untilClosed {
                            editor.change(editor.state.value.text + "x")
                            editor.flush()
                        } +
                        List(4) { untilEnded(tasks.watch()) } +
                        List(4) { untilEnded(farm.changesAfter(0)) } +
                        untilEnded(tasks.watchDocument("text"))
                busy.forEach { it.await() }
                node.shutdown()
                assertEquals(ErrorCode.Closed, editor.refusal.first { it?.code == ErrorCode.Closed }?.code)
                assertEquals(ErrorCode.Closed, refused { editor.close() }.code)
                // This scope waits for all of them.
            }
            val kept = node("ann").space("farm").collection<Task>("tasks").watch().first().map { it.id }
            assertEquals(emptySet<String>(), answered - kept.toSet())
        }

    @Test
    fun `a scope that is cancelled takes everything in it along, and the node goes on`() =
        test {
            val farm = node("ann").createSpace("farm")
            val tasks = farm.collection<Task>("tasks")
            tasks.put("text", Task("Fence"))
            repeat(20) { round ->
                val scope = CoroutineScope(Dispatchers.Default + Job())
                val begun =
                    listOf(
                        scope.untilEnded(tasks.watch()),
                        scope.untilEnded(farm.changesAfter(0)),
                        scope.untilEnded(tasks.watchDocument("text")),
                        scope.untilClosed { tasks.put("w$round-$it", Task("task")) },
                        scope.untilClosed { farm.query("SELECT count(*) FROM tasks") },
                    )
                val editor = tasks.editText("text", "/notes", scope)
                begun.forEach { it.await() }
                editor.change(editor.state.value.text + ('a' + round))
                scope.coroutineContext[Job]!!.cancelAndJoin()
            }
            val letters = (0..<20).map { 'a' + it }.joinToString("")
            assertEquals(letters, tasks.get("text").value.notes.text)
            assertTrue(tasks.watch().first().size > 20)
        }

    /** Does something over and over until it is refused as `Closed`; completes after the third time. */
    private fun CoroutineScope.untilClosed(work: suspend (Int) -> Any?): CompletableDeferred<Unit> {
        val begun = CompletableDeferred<Unit>()
        launch(Dispatchers.Default) {
            var number = 0
            val refusal =
                refused {
                    while (true) {
                        work(number++)
                        if (number == 3) begun.complete(Unit)
                    }
                }
            assertEquals(ErrorCode.Closed, refusal.code, refusal.message)
        }
        return begun
    }

    /** Collects a flow until it ends; completes at the first item. */
    private fun CoroutineScope.untilEnded(flow: Flow<Any?>): CompletableDeferred<Unit> {
        val begun = CompletableDeferred<Unit>()
        launch(Dispatchers.Default) { flow.collect { begun.complete(Unit) } }
        return begun
    }
}

private const val COLLECTORS = 100
