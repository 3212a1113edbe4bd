package dev.dunlin

import dev.dunlin.ffi.Collection as FfiCollection
import dev.dunlin.ffi.Text as FfiText

/**
 * A collaborative text of a document: reading it with its version, and writing splices at one.
 *
 * @property path names list items by id, so that it stays good when they move.
 */
internal class TextPlace private constructor(
    private val collection: FfiCollection,
    private val id: String,
    private val path: String,
) {
    /** The text, empty where nothing is yet, and the version of the document. */
    suspend fun read(): FfiText = native(id, path) { collection.readText(id, path) }

    /** Writes a change of the text as it was at [base]; the commit's place in the change feed. */
    suspend fun write(change: TextChange, base: String): Long {
        val edits = Edits(isPlain = false)
        change.splices().forEach { edits.splice(path, it.at, it.delete, it.insert) }
        val json = edits.toJson()
        return native(id, base) { collection.edit(id, json, base) }.seq
    }

    companion object {
        /** Finds a text, and reads it for the first time. */
        suspend fun find(
            collection: FfiCollection,
            id: String,
            path: String,
        ): Pair<TextPlace, FfiText> {
            val text = native(id, path) { collection.readText(id, path) }
            return TextPlace(collection, id, text.path) to text
        }
    }
}
