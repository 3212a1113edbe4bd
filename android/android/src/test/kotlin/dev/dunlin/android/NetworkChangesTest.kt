package dev.dunlin.android

import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.asFlow
import kotlinx.coroutines.flow.consumeAsFlow
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runTest
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private val BARN = mapOf("wifi" to setOf("192.168.1.5/24"))
private val FIELD = mapOf("wifi" to setOf("10.0.0.7/8"))

@OptIn(ExperimentalCoroutinesApi::class)
class NetworkChangesTest {
    private val networks = Channel<Addresses<String>>(Channel.UNLIMITED)
    private var restarts = 0

    private fun following(test: suspend TestScope.() -> Unit) =
        runTest {
            val states = networks.consumeAsFlow()
            val following = launch { onNewAddresses(states, QUIET, PATIENCE) { restarts += 1 } }
            test()
            networks.close()
            following.join()
        }

    private fun TestScope.rest(state: Addresses<String>) {
        networks.trySend(state)
        advanceTimeBy(QUIET + 1.milliseconds)
    }

    @Test
    fun `the networks at the start are no change`() =
        following {
            networks.trySend(emptyMap())
            rest(BARN)
            assertEquals(0, restarts)
        }

    @Test
    fun `another address restarts once, however many reports it comes in`() =
        following {
            rest(BARN)
            networks.trySend(emptyMap())
            advanceTimeBy(1.seconds)
            networks.trySend(mapOf("wifi" to emptySet()))
            advanceTimeBy(1.seconds)
            rest(FIELD)
            assertEquals(1, restarts)
        }

    @Test
    fun `a flicker changes nothing, nor does a mere loss`() =
        following {
            rest(BARN)
            networks.trySend(emptyMap())
            advanceTimeBy(1.seconds)
            rest(BARN)
            rest(emptyMap())
            assertEquals(0, restarts)
        }

    @Test
    fun `coming back after a loss that lasted restarts`() =
        following {
            rest(BARN)
            rest(emptyMap())
            rest(BARN)
            assertEquals(1, restarts)
        }

    @Test
    fun `a network beside the other is new, and the same address elsewhere too`() =
        following {
            rest(BARN)
            rest(BARN + ("ethernet" to setOf("192.168.1.6/24")))
            assertEquals(1, restarts)
            rest(mapOf("vpn" to BARN.getValue("wifi")))
            assertEquals(2, restarts)
        }

    @Test
    fun `networks that never rest do not put it off for ever`() =
        following {
            rest(BARN)
            repeat(11) {
                networks.trySend(if (it % 2 == 0) BARN + FIELD else FIELD)
                advanceTimeBy(1.seconds)
            }
            assertEquals(1, restarts)
        }

    @Test
    fun `what networks have is gathered, without those that were lost`() =
        runTest {
            val told = listOf("wifi" to setOf("a"), "cable" to setOf("b"), "wifi" to setOf("c"), "cable" to emptySet())
            val expected =
                listOf(
                    mapOf("wifi" to setOf("a")),
                    mapOf("wifi" to setOf("a"), "cable" to setOf("b")),
                    mapOf("wifi" to setOf("c"), "cable" to setOf("b")),
                    mapOf("wifi" to setOf("c")),
                )
            assertEquals(expected, told.asFlow().gathered().toList())
        }
}
