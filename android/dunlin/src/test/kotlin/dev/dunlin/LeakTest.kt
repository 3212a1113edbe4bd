package dev.dunlin

import dev.dunlin.ffi.Config
import kotlinx.coroutines.channels.Channel
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.concurrent.LinkedBlockingQueue
import java.util.logging.Handler
import java.util.logging.Level
import java.util.logging.LogRecord
import java.util.logging.Logger
import dev.dunlin.ffi.DeviceKind as FfiDeviceKind
import dev.dunlin.ffi.Durability as FfiDurability
import dev.dunlin.ffi.Node as FfiNode

class LeakTest {
    private val usual = Dunlin.onLeak

    @AfterEach
    fun restore() {
        Dunlin.onLeak = usual
    }

    @Test
    fun `a node that is dropped without being closed is reported once, with where it was opened`() =
        test {
            val leaks = Channel<Pair<String, Throwable>>(Channel.UNLIMITED)
            Dunlin.onLeak = { message, opened -> if ("heron" in message) leaks.trySend(message to opened) }
            val closed = ffiNode("heron-closed")
            Node(closed).shutdown()
            val ffi = ffiNode("heron")
            drop(ffi)

            val (message, opened) = collectGarbage { leaks.tryReceive().getOrNull() }!!
            assertTrue("the node heron was dropped" in message, message)
            assertTrue(opened.stackTrace.any { it.className == LeakTest::class.java.name })
            assertNull(collectGarbage(rounds = 10) { leaks.tryReceive().getOrNull() })
            ffi.shutdown()
        }

    @Test
    fun `a leak is logged as a warning unless the app takes it over`() =
        test {
            val records = LinkedBlockingQueue<LogRecord>()
            val handler =
                object : Handler() {
                    override fun publish(record: LogRecord) = records.put(record)

                    override fun flush() = Unit

                    override fun close() = Unit
                }
            val logger = Logger.getLogger("dev.dunlin")
            logger.addHandler(handler)
            logger.useParentHandlers = false
            try {
                val ffi = ffiNode("egret")
                drop(ffi)
                val record = collectGarbage { records.poll() }!!
                assertEquals(Level.WARNING, record.level)
                assertTrue("the node egret" in record.message, record.message)
                assertNotNull(record.thrown)
                ffi.shutdown()
            } finally {
                logger.removeHandler(handler)
                logger.useParentHandlers = true
            }
        }

    private fun drop(ffi: FfiNode) {
        Node(ffi)
    }

    private suspend fun Nodes.ffiNode(name: String): FfiNode =
        FfiNode.create(Config(directory(name).toString(), FfiDurability.FLUSHED), name, FfiDeviceKind.HUMAN)

    /** Asks for collections until there is an answer; null after as many as would do. */
    private fun <T : Any> collectGarbage(rounds: Int = 200, answer: () -> T?): T? {
        repeat(rounds) {
            System.gc()
            answer()?.let { return it }
            Thread.sleep(10)
        }
        return null
    }
}
