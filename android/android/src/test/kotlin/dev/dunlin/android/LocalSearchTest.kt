package dev.dunlin.android

import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.time.Duration.Companion.milliseconds

@OptIn(ExperimentalCoroutinesApi::class)
class LocalSearchTest {
    private val system = FakeSystem()
    private val node = Told()
    private var names = 0
    private val search = LocalSearch(system) { "own-${names++}" }

    private fun searching(test: suspend TestScope.() -> Unit) =
        runTest {
            val running = launch { search.run(4433, node) }
            runCurrent()
            test()
            running.cancel()
            runCurrent()
            assertEquals(0, system.searches, "a search was left running")
            assertTrue(system.announced.isEmpty(), "an announcement was left")
        }

    private fun TestScope.see(vararg seen: Sighting) {
        seen.forEach(system::see)
        runCurrent()
    }

    private fun TestScope.answer(name: String, address: String) {
        system.answer(name, address)
        runCurrent()
    }

    @Test
    fun `announces, searches, and says that it works once both do`() =
        searching {
            assertEquals(mapOf("own-0" to 4433), system.announced)
            assertEquals(listOf("active"), node.told)
        }

    @Test
    fun `resolves one at a time, each once for as long as it waits`() =
        searching {
            see(Sighting.Appeared("a"), Sighting.Appeared("b"), Sighting.Appeared("b"))
            assertEquals(setOf("a"), system.resolving.keys)
            answer("a", "192.168.1.5")
            assertEquals(setOf("b"), system.resolving.keys)
            answer("b", "192.168.1.6")
            assertTrue(system.resolving.isEmpty())
            assertEquals(listOf("a at [192.168.1.5:7]", "b at [192.168.1.6:7]"), node.told.drop(1))
        }

    @Test
    fun `ignores itself, also as the system renamed it and under earlier names`() =
        runTest {
            system.renamed = "own-0 (2)"
            val first = launch { search.run(4433, node) }
            runCurrent()
            first.cancel()
            val second = launch { search.run(4433, node) }
            runCurrent()
            for (name in listOf("own-0", "own-0 (2)", "own-1", "somebody")) see(Sighting.Appeared(name))
            assertEquals(listOf("somebody"), system.asked)
            second.cancel()
        }

    @Test
    fun `a service that never answers holds up the others for its deadlines only`() =
        searching {
            see(Sighting.Appeared("silent"), Sighting.Appeared("b"))
            advanceTimeBy(RESOLVE_DEADLINE * RESOLVE_ATTEMPTS + RETRY_PAUSE * RESOLVE_ATTEMPTS)
            assertEquals(List(RESOLVE_ATTEMPTS) { "silent" } + "b", system.asked)
        }

    @Test
    fun `a busy system is asked again`() =
        searching {
            see(Sighting.Appeared("a"))
            system.resolving.getValue("a").completeExceptionally(ServiceFailure("busy"))
            advanceTimeBy(RETRY_PAUSE + 1.milliseconds)
            answer("a", "10.0.0.2")
            assertEquals("a at [10.0.0.2:7]", node.told.last())
        }

    @Test
    fun `who leaves before being resolved is not asked for, and who leaves after is lost`() =
        searching {
            see(Sighting.Appeared("a"), Sighting.Appeared("b"), Sighting.Vanished("b"))
            answer("a", "10.0.0.2")
            assertEquals(listOf("a"), system.asked)
            see(Sighting.Vanished("a"))
            assertEquals(listOf("active", "a at [10.0.0.2:7]", "lost a"), node.told)
        }

    @Test
    fun `each round searches anew, tells of everybody again and drops whom it does not see`() =
        searching {
            see(Sighting.Appeared("stays"), Sighting.Appeared("goes"))
            answer("stays", "10.0.0.2")
            answer("goes", "10.0.0.3")
            advanceTimeBy(ROUND + 1.milliseconds)
            assertEquals(2 to 1, system.started to system.searches)
            see(Sighting.Appeared("stays"))
            answer("stays", "10.0.0.9")
            advanceTimeBy(ROUND)
            assertEquals(listOf("stays at [10.0.0.9:7]", "lost goes"), node.told.takeLast(2))
        }

    @Test
    fun `a refused search is reported, tried again ever more rarely, and reported when it works`() =
        runTest {
            system.refusal = "no permission"
            val running = launch { search.run(4433, node) }
            advanceTimeBy(RETRY_PAUSE * 3 + 1.milliseconds)
            assertEquals(List(3) { "searching does not work: no permission" }, node.told)
            system.refusal = null
            advanceTimeBy(RETRY_PAUSE * 4)
            assertEquals("active", node.told.last())
            running.cancel()
        }

    @Test
    fun `a flood of announcements is cut off`() =
        searching {
            repeat(MAX_KNOWN + 50) { see(Sighting.Appeared("n$it")) }
            repeat(MAX_KNOWN) { answer("n$it", "10.0.0.2") }
            assertEquals(MAX_KNOWN, system.asked.size)
        }
}
