package dev.dunlin.samples

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.extension
import kotlin.io.path.isRegularFile
import kotlin.io.path.readText

/** The modules with documented API, beside this one. */
private val MODULES = listOf("dunlin", "android", "compose")

private val REFERENCE = Regex("""@sample\s+(\S+)""")
private val PACKAGE = Regex("""^package (\S+)""", RegexOption.MULTILINE)
private val FUNCTION = Regex("""^(?:internal )?(?:suspend )?fun (\w+)\(""", RegexOption.MULTILINE)

/** What `@sample` names is there, compiled with the tests, and nothing is left over. */
class SampleNamesTest {
    @TestFactory
    fun `every sample that the documentation names is a function, and each is named`(): List<DynamicTest> =
        MODULES.map { module ->
            dynamicTest(module) {
                val named = sources(module, "main").flatMap(::references).toSet()
                val written = sources(module, "test").flatMap(::functions).toSet()
                assertTrue(named.isNotEmpty()) { "the module $module names no sample" }
                assertEquals(emptySet<String>(), named - written, "named, but no function of a samples package")
                assertEquals(emptySet<String>(), written - named, "a sample that no documentation names")
            }
        }

    private fun references(source: String) = REFERENCE.findAll(source).map { it.groupValues[1] }

    private fun functions(source: String): Sequence<String> {
        val home = PACKAGE.find(source)?.groupValues?.get(1).orEmpty()
        if (!home.endsWith(".samples")) return emptySequence()
        return FUNCTION.findAll(source).map { "$home.${it.groupValues[1]}" }
    }

    private fun sources(module: String, kind: String): Sequence<String> {
        val folder = Path.of("..", module, "src", kind, "kotlin")
        val files = Files.walk(folder).use { paths -> paths.filter { it.isRegularFile() }.toList() }
        return files.asSequence().filter { it.extension == "kt" }.map { it.readText() }
    }
}
