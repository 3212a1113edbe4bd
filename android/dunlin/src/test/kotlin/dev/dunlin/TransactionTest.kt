package dev.dunlin

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

class TransactionTest {
    @Serializable
    data class Tally(
        val n: Long,
    )

    private suspend fun Nodes.tallies(): Pair<Space, DocumentCollection<Tally>> =
        node("ann").createSpace("farm").let { farm -> farm to farm.collection<Tally>("tallies") }

    @Test
    fun `fifty updates at once that add one make fifty without a second run`() =
        test {
            val (_, tallies) = tallies()
            tallies.insert(Tally(0), "a")
            val runs = AtomicInteger()
            withContext(Dispatchers.Default) {
                List(50) {
                    launch {
                        tallies.update("a") { tally ->
                            runs.incrementAndGet()
                            tally.copy(n = tally.n + 1)
                        }
                    }
                }.joinAll()
            }
            assertEquals(50L to 50, tallies.get("a").value.n to runs.get())
        }

    @Test
    fun `a write meanwhile makes it run again on what is there`() =
        test {
            val (farm, tallies) = tallies()
            tallies.insert(Tally(1), "a")
            val runs = AtomicInteger()
            val read =
                farm.transaction { tx ->
                    val read = tx.get(tallies, "a")
                    if (runs.incrementAndGet() == 1) {
                        tallies.put("a", Tally(10))
                        // What it would read here is of another moment; so it runs again whatever it throws.
                        assertEquals(ErrorCode.Busy, refused { tx.get(tallies, "b") }.code)
                        error("on what is not there any more")
                    }
                    tx.save(tallies, read, Tally(read.value.n + 1))
                    tx.get(tallies, "a").value.n
                }
            assertEquals(listOf(11L, 11L, 2L), listOf(read, tallies.get("a").value.n, runs.get().toLong()))
        }

    @Test
    fun `it is all or nothing, and one batch of the feed`() =
        test {
            val (farm, tallies) = tallies()
            tallies.insert(Tally(1), "a")
            val refusal =
                refused {
                    farm.transaction { tx ->
                        tx.put(tallies, "b", Tally(2))
                        tx.edit(tallies, "a") { set("/n", 3) }
                        tx.delete(tallies, "nobody")
                    }
                }
            assertEquals(ErrorCode.NotFound, refusal.code)
            assertTrue("tallies/nobody" in refusal.reason, refusal.reason)
            assertEquals(Tally(1), tallies.get("a").value)
            assertNull(tallies.find("b"))
            val own = runCatching { farm.transaction { tx -> tx.put(tallies, "b", Tally(2)); error("no") } }
            assertEquals("no", own.exceptionOrNull()?.message)
            assertNull(tallies.find("b"))

            val after = farm.changesAfter(0).first().changes.last().seq
            val id =
                farm.transaction { tx ->
                    tx.replace(tallies, "a", Tally(5))
                    repeat(300) { tx.put(tallies, "t$it", Tally(it.toLong())) }
                    tx.insert(tallies, Tally(7))
                }
            val batch = farm.changesAfter(after).first().changes
            assertEquals(302, batch.size)
            assertEquals(id, batch.last().id)
            val count = farm.transaction { tx -> tx.query("SELECT count(*) AS n FROM tallies WHERE id LIKE ?", "t%") }
            assertEquals(300, count.rows.single()["n"].jsonPrimitive.long)
        }

    @Test
    fun `one inside another on the same space is refused at once`() =
        test {
            val (farm, tallies) = tallies()
            val others = node("ben").createSpace("farm").collection<Tally>("tallies")
            tallies.insert(Tally(0), "a")
            others.insert(Tally(0), "a")
            val start = TimeSource.Monotonic.markNow()
            tallies.update("a") { tally ->
                coroutineScope {
                    val inner = async(Dispatchers.Default) { refused { tallies.update("a") { it } }.code }
                    assertEquals(ErrorCode.InvalidInput, inner.await())
                }
                assertEquals(ErrorCode.InvalidInput, refused { farm.transaction { } }.code)
                others.update("a") { Tally(it.n + 1) }
                Tally(tally.n + 1)
            }
            assertTrue(start.elapsedNow() < 2.seconds)
            assertEquals(listOf(1L, 1L), listOf(tallies, others).map { it.get("a").value.n })
            val mixed = refused { farm.transaction { tx -> tx.get(others, "a") } }
            assertEquals(ErrorCode.InvalidInput, mixed.code)
        }

    @Test
    fun `a run of two seconds loses its turn and the next in line goes on`() =
        test {
            val (farm, tallies) = tallies()
            tallies.insert(Tally(0), "a")
            coroutineScope {
                val slow =
                    async {
                        refused {
                            farm.transaction { tx ->
                                tx.put(tallies, "a", Tally(-1))
                                while (tallies.get("a").value.n == 0L) delay(10.milliseconds)
                            }
                        }
                    }
                val next = async { tallies.update("a") { Tally(it.n + 1) } }
                awaitAll(slow, next)
                assertEquals(ErrorCode.Busy to true, slow.await().let { it.code to it.isRetryable })
            }
            assertEquals(Tally(1), tallies.get("a").value)
        }

    @Test
    fun `a cancelled transaction writes nothing and gives its turn back`() =
        test {
            val (farm, tallies) = tallies()
            tallies.insert(Tally(0), "a")
            var escaped: Transaction? = null
            val cancelled =
                runCatching {
                    farm.transaction { tx ->
                        escaped = tx
                        tx.put(tallies, "a", Tally(-1))
                        throw CancellationException("no more")
                    }
                }
            assertTrue(cancelled.exceptionOrNull() is CancellationException)
            val start = TimeSource.Monotonic.markNow()
            tallies.update("a") { Tally(it.n + 1) }
            assertTrue(start.elapsedNow() < 2.seconds)
            assertEquals(Tally(1), tallies.get("a").value)
            val late = refused { checkNotNull(escaped).get(tallies, "a") }
            assertEquals(ErrorCode.InvalidInput, late.code)
        }
}
