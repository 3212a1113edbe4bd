package dev.dunlin

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import dev.dunlin.ffi.Collection as FfiCollection
import dev.dunlin.ffi.Document as FfiDocument

/** A collaborative text of a document: reading it with its version, and writing splices at one. */
internal class TextPlace(
    private val collection: FfiCollection,
    val id: String,
    val path: String,
) {
    private val keys = keysOf(path)

    /** The text, empty where nothing is yet, and the version of the document. */
    suspend fun read(): Pair<String, String> {
        val document = native { collection.get(id) }
        return textIn(document) to document.version
    }

    /** Writes a change of the text as it was at [base]; the commit's place in the change feed. */
    suspend fun write(change: TextChange, base: String): Long {
        val edits = Edits()
        change.splices().forEach { edits.splice(path, it.at, it.delete, it.insert) }
        return native { collection.edit(id, edits.toJson(), base) }.seq
    }

    private fun textIn(document: FfiDocument): String {
        var here: JsonElement? = ModelJson.parseToJsonElement(document.taggedJson)
        for (key in keys) {
            if (here == null) break
            here = (here as? JsonObject ?: throw noText("no object above it"))[key]
        }
        if (here == null) return ""
        val text = (here as? JsonObject)?.get("\$text") as? JsonPrimitive
        return (text ?: throw noText("no mergeable text")).content
    }

    private fun noText(found: String) =
        DunlinException(
            ErrorCode.WrongKind,
            "there is $found at $path of $id",
            "give the path of a MergeableText; a String has to be replaced whole",
        )
}

/** The keys that a JSON pointer (RFC 6901) names. */
private fun keysOf(path: String): List<String> {
    if (!path.startsWith('/')) {
        throw DunlinException(
            ErrorCode.InvalidInput,
            "$path is not the path of a text",
            "give a path such as /notes",
        )
    }
    return path.drop(1).split('/').map { it.replace("~1", "/").replace("~0", "~") }
}
