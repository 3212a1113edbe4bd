package dev.dunlin.android

import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.test.StandardTestDispatcher
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

@OptIn(ExperimentalCoroutinesApi::class)
class SearchDiscoveryTest {
    private val system = FakeSystem()

    @Test
    fun `a second start replaces the first under a new name, and a stop leaves nothing behind`() =
        runTest {
            val discovery = SearchDiscovery(system, StandardTestDispatcher(testScheduler))
            discovery.start(4433, Told())
            runCurrent()
            val first = system.announced.toMap()
            assertEquals(listOf(4433), first.values.toList())

            discovery.start(4434, Told())
            runCurrent()
            assertEquals(listOf(4434), system.announced.values.toList())
            assertTrue(first.keys.intersect(system.announced.keys).isEmpty())
            assertEquals(1, system.searches)

            discovery.stop()
            discovery.stop()
            runCurrent()
            assertTrue(system.announced.isEmpty())
            assertEquals(0, system.searches)
        }
}
