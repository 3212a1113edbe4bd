package dev.dunlin

import dev.dunlin.ffi.liveObjects
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class LiveObjectsTest {
    @Test
    fun `after a shutdown nothing native is left, once the garbage is collected`() {
        test {
            val (ann, ben) = node("ann") to node("ben")
            val farm = ann.createSpace("farm")
            val tasks = farm.collection<Task>("tasks")
            val theirs = ben.join(farm.invite()).collection<Task>("tasks")
            ann.syncOnLoopback()
            ben.syncOnLoopback(ann)
            tasks.put("a", Task("one"))
            theirs.watch().first { it.isNotEmpty() }
            farm.changes("reader").first().acknowledge()
            ann.watchPeers().first()
            assertTrue(liveObjects() >= 6u)
        }
        runBlocking {
            withTimeout(60.seconds) {
                while (liveObjects() > 0u) {
                    System.gc()
                    delay(20.milliseconds)
                }
            }
        }
    }
}
