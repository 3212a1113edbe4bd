package dev.dunlin

import com.github.difflib.DiffUtils
import com.github.difflib.UnifiedDiffUtils
import kotlinx.validation.api.dump
import kotlinx.validation.api.filterOutNonPublic
import kotlinx.validation.api.loadApiFromJvmClasses
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.ByteArrayInputStream
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.createDirectories
import kotlin.io.path.extension
import kotlin.io.path.readBytes
import kotlin.io.path.readLines
import kotlin.io.path.toPath
import kotlin.io.path.writeLines

/** What apps compiled against the library link to, as class files have it. */
class ApiTest {
    private val record = Path.of("api/dunlin.api")

    @Test
    fun `the public API is the one on record`() {
        val api = publicApi()
        if (System.getProperty("dunlin.api.write") != null) {
            record.parent.createDirectories()
            record.writeLines(api)
        }
        val recorded = if (Files.exists(record)) record.readLines() else emptyList()
        val patch = DiffUtils.diff(recorded, api)
        val diff = UnifiedDiffUtils.generateUnifiedDiff("$record", "the library", recorded, patch, 3)
        assertTrue(diff.isEmpty()) {
            "the public API is not the one in android/dunlin/$record; if that is intended, have it " +
                "rewritten with -Ddunlin.api.write and commit it:\n\n${diff.joinToString("\n")}\n"
        }
    }

    @Test
    fun `the record has what apps call, and nothing internal`() {
        val api = publicApi()
        assertTrue(api.any { it.startsWith("public final class dev/dunlin/Node ") })
        assertTrue(api.any { "fun editText (" in it })
        assertEquals(emptyList<String>(), api.filter { "LeakWatch" in it || "dev/dunlin/ffi" in it })
    }

    private fun publicApi(): List<String> {
        val classes = Dunlin::class.java.protectionDomain.codeSource.location.toURI().toPath()
        val files = Files.walk(classes).use { paths -> paths.filter { it.extension == "class" }.sorted().toList() }
        val streams = files.asSequence().map { ByteArrayInputStream(it.readBytes()) }
        val dump = streams.loadApiFromJvmClasses().filterOutNonPublic().dump(StringBuilder())
        return dump.trimEnd().lines()
    }
}
