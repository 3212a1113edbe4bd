package dev.dunlin.android

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private val GRACE = 2.seconds

@OptIn(ExperimentalCoroutinesApi::class)
class AwakeTest {
    private val calls = mutableListOf<String>()
    private var suspended = CompletableDeferred(Unit)
    private var refusal: Exception? = null
    private var goOn = true

    private val awake =
        Awake(
            GRACE,
            fallAsleep = {
                calls += "suspend"
                suspended.await()
            },
            wake = {
                calls += "resume"
                refusal?.let { throw it }
            },
            failed = {
                calls += "failed: ${it.message}"
                goOn
            },
        )

    private fun running(test: suspend TestScope.() -> Unit) =
        runTest {
            val running = launch { awake.run() }
            runCurrent()
            test()
            running.cancel()
        }

    private fun TestScope.waitOutGrace() = advanceTimeBy(GRACE + 1.milliseconds)

    @Test
    fun `turning the screen does not suspend`() =
        running {
            val before = awake.hold()
            runCurrent()
            before.close()
            advanceTimeBy(GRACE - 1.milliseconds)
            awake.hold()
            advanceTimeBy(GRACE * 5)
            assertEquals(emptyList<String>(), calls)
        }

    @Test
    fun `suspends once nobody holds it, and resumes for the next who does`() =
        running {
            val screen = awake.hold()
            val service = awake.hold()
            screen.close()
            screen.close()
            waitOutGrace()
            assertEquals(emptyList<String>(), calls, "the service holds it, and a hold ends once")
            service.close()
            waitOutGrace()
            assertEquals(listOf("suspend"), calls)
            awake.hold()
            awake.awaitAwake()
            assertEquals(listOf("suspend", "resume"), calls)
        }

    @Test
    fun `opened with nobody there, it is suspended`() =
        running {
            waitOutGrace()
            assertEquals(listOf("suspend"), calls)
        }

    @Test
    fun `a suspend under way comes to its end before the resume`() =
        running {
            suspended = CompletableDeferred()
            waitOutGrace()
            awake.hold()
            val waiting = launch { awake.awaitAwake() }
            runCurrent()
            assertEquals(listOf("suspend"), calls)
            assertFalse(waiting.isCompleted)
            suspended.complete(Unit)
            runCurrent()
            assertEquals(listOf("suspend", "resume"), calls)
            assertTrue(waiting.isCompleted)
        }

    @Test
    fun `a refused resume is reported and tried again while somebody waits`() =
        running {
            waitOutGrace()
            refusal = IllegalStateException("full")
            awake.hold()
            runCurrent()
            assertEquals(listOf("suspend", "resume", "failed: full"), calls)
            refusal = null
            advanceTimeBy(RESUME_PAUSE + 1.milliseconds)
            awake.awaitAwake()
            assertEquals("resume", calls.last())
        }

    @Test
    fun `a failure that ends it ends it`() =
        runTest {
            val running = launch { awake.run() }
            waitOutGrace()
            refusal = IllegalStateException("closed")
            goOn = false
            awake.hold()
            running.join()
            assertEquals(listOf("suspend", "resume", "failed: closed"), calls)
        }
}
