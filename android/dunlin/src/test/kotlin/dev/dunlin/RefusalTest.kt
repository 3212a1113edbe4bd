package dev.dunlin

import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.RandomAccessFile
import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/**
 * Every code that a call can be refused with today. Not here: `Suspended`, which nothing answers
 * yet, and `StorageFull` and `Internal`, which the library's own tests bring about.
 */
class RefusalTest {
    @Test
    fun `what cannot be stored, parsed or asked is InvalidInput`() =
        test {
            val node = node("ann")
            val farm = node.createSpace("farm")
            val tasks = farm.collection<Task>("tasks")
            tasks.put("a", Task("Fence"))
            val refusals =
                listOf(
                    refused { node.createSpace("") },
                    refused { node.join("no ticket") },
                    refused { node.startSync { listen = "somewhere" } },
                    refused { farm.collection<Task>("No!") },
                    refused { farm.query("SELEC") },
                    refused { farm.query("DELETE FROM tasks") },
                    refused { farm.query("SELECT ?", listOf(1)) },
                    refused { farm.watch("SELEC").first() },
                    refused { farm.invite(uses = 0) },
                    refused { farm.changes("").first() },
                    refused { tasks.edit("a", base = "no version") { remove("/title") } },
                )
            assertEquals(refusals.map { ErrorCode.InvalidInput }, refusals.map { it.code })
            refusals.forEach { assertTrue(it.reason.isNotEmpty() && it.remedy.isNotEmpty()) }
            refusals.forEach { assertTrue(!it.isRetryable, it.message) }
            assertEquals(ErrorCode.WrongKind, refused { farm.collection<LaterTask>("tasks").get("a") }.code)
        }

    @Test
    fun `what is there already is AlreadyExists`() =
        test {
            val node = node("ann")
            val farm = node.createSpace("farm")
            val barn = node.createSpace("barn")
            val tasks = farm.collection<Task>("tasks")
            tasks.put("a", Task("Fence"))
            val refusals =
                listOf(
                    refused { tasks.insert(Task("Fence"), id = "a") },
                    refused { farm.transaction { it.insert(tasks, Task("Fence"), id = "a") } },
                    refused { node.createSpace("farm") },
                    refused { node.join(barn.invite(), alias = "farm") },
                )
            assertEquals(refusals.map { ErrorCode.AlreadyExists }, refusals.map { it.code })
            refusals.forEach { assertTrue(!it.isRetryable, it.message) }
        }

    @Test
    fun `a ticket whose time is over is Expired`() =
        test {
            val ticket = node("ann").createSpace("farm").invite(expiresIn = Duration.ZERO)
            delay(5.milliseconds)
            val refusal = refused { node("ben").join(ticket) }
            assertEquals(ErrorCode.Expired, refusal.code)
            assertTrue("new ticket" in refusal.remedy, refusal.remedy)
        }

    @Test
    fun `what is not there is NotFound`() =
        test {
            val node = node("ann")
            val farm = node.createSpace("farm")
            val tasks = farm.collection<Task>("tasks")
            val refusals =
                listOf(
                    refused { node.space("barn") },
                    refused { tasks.get("a") },
                    refused { tasks.delete("a") },
                    refused { tasks.update("a") { it } },
                    refused { farm.query("SELECT id FROM birds") },
                )
            assertEquals(refusals.map { ErrorCode.NotFound }, refusals.map { it.code })
            assertEquals("NotFound", ErrorCode.NotFound.toString())
        }

    @Test
    fun `an edit that does not fit what is there is WrongKind`() =
        test {
            val tasks = node("ann").createSpace("farm").collection<Task>("tasks")
            tasks.put("a", Task("Fence"))
            val refusal = refused { tasks.edit("a") { increment("/title") } }
            assertEquals(ErrorCode.WrongKind, refusal.code)
            assertTrue("tasks/a" in refusal.reason, refusal.reason)
        }

    @Test
    fun `an index as of a version that nobody remembers is StaleVersion`() =
        test {
            val node = node("ann")
            val tasks = node.createSpace("farm").collection<Task>("tasks")
            tasks.insert(Task("Fence", notes = MergeableText("posts")), id = "a")
            val old = tasks.get("a").version
            tasks.edit("a") { splice("/notes", at = 0, insert = "oak ") }
            node.close()
            val again = node("ann").space("farm").collection<Task>("tasks")
            val refusal = refused { again.edit("a", base = old) { splice("/notes", at = 5, insert = "!") } }
            assertEquals(ErrorCode.StaleVersion, refusal.code)
            assertTrue(refusal.isRetryable)
        }

    @Test
    fun `a reader that writes is Denied, and so is SQL that looks past the collections`() =
        test {
            val ann = node("ann")
            val farm = ann.createSpace("farm")
            val seen = node("ben").join(farm.invite(Role.Reader))
            assertEquals(Role.Reader, seen.role)
            val tasks = seen.collection<Task>("tasks")
            val refusal = refused { tasks.put("a", Task("Fence")) }
            assertEquals(ErrorCode.Denied, refusal.code)
            assertEquals(ErrorCode.Denied, refused { seen.invite() }.code)
            assertEquals(ErrorCode.Denied, tasks.putAll(mapOf("a" to Task("x"))).single().refusal?.code)
            assertEquals(ErrorCode.Denied, refused { farm.query("SELECT * FROM sqlite_schema") }.code)
        }

    @Test
    fun `a result that is too large is LimitExceeded`() =
        test {
            val farm = node("ann").createSpace("farm")
            val endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
            assertEquals(ErrorCode.LimitExceeded, refused { farm.query(endless) }.code)
        }

    @Test
    fun `a directory that is open already is AlreadyOpen`() =
        test {
            val node = node("ann")
            val here = refused { node("ann", lockWait = Duration.ZERO) }
            assertEquals(ErrorCode.AlreadyOpen to false, here.code to here.isRetryable)
            assertTrue("share the node" in here.remedy, here.remedy)
            node.close()
            val lock = ProcessBuilder("flock", "${directory("ann").resolve("lock")}", "cat").start()
            try {
                lock.outputStream.run { write('x'.code).also { flush() } }
                lock.inputStream.read()
                val elsewhere = refused { node("ann", lockWait = Duration.ZERO) }
                assertEquals(ErrorCode.AlreadyOpen to true, elsewhere.code to elsewhere.isRetryable)
                assertTrue("another process" in elsewhere.reason, elsewhere.reason)
            } finally {
                lock.destroy()
            }
        }

    @Test
    fun `whatever is called after shutdown is Closed`() =
        test {
            val node = node("ann")
            val farm = node.createSpace("farm")
            val tasks = farm.collection<Task>("tasks")
            node.close()
            val refusals =
                listOf(
                    refused { tasks.put("a", Task("Fence")) },
                    refused { tasks.get("a") },
                    refused { farm.query("SELECT 1") },
                    refused { node.status() },
                    refused { node.createSpace("barn") },
                )
            assertEquals(refusals.map { ErrorCode.Closed }, refusals.map { it.code })
        }

    @Test
    fun `an address that is in use or not this host's is Network`() =
        test {
            val (ann, ben) = node("ann") to node("ben")
            ann.syncOnLoopback()
            val taken = ann.status().listen.single()
            for (address in listOf(taken, "192.0.2.1:0")) {
                val refusal = refused { ben.startSync { listen = address } }
                assertEquals(ErrorCode.Network, refusal.code)
                assertTrue(refusal.isRetryable)
            }
        }

    @Test
    fun `damaged files are Corrupt, and those of a later release NewerSchema`() =
        test {
            node("ann").close()
            val file = directory("ann").resolve("device.sqlite")
            // The header's user version, big-endian: SQLite file format, section 1.3.
            overwrite(file, at = 60, byteArrayOf(0x7f, 0, 0, 0))
            assertEquals(ErrorCode.NewerSchema, refused { node("ann") }.code)
            overwrite(file, at = 0, ByteArray(Files.size(file).toInt()) { 0x55 })
            assertEquals(ErrorCode.Corrupt, refused { node("ann") }.code)
        }

    private fun overwrite(file: Path, at: Long, bytes: ByteArray) =
        RandomAccessFile(file.toFile(), "rw").use {
            it.seek(at)
            it.write(bytes)
        }
}
