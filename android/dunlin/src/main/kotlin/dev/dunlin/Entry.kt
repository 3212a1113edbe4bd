package dev.dunlin

import kotlinx.serialization.json.JsonElement

/**
 * A document, or a row of a query, in a list: what a model reads of it, or why the model does not
 * read it. One odd document ends no list, and is there again as a value when it is mended.
 *
 * @param T the model.
 * @property id the id within its collection; of a row its column `id`, else its place from 0.
 * @property value what the model reads, unless there is a [failure].
 * @property failure why the model does not read it. It can still be shown, be deleted by its id,
 *   and be changed with [DocumentCollection.edit].
 * @sample dev.dunlin.samples.showEveryEntry
 */
public data class Entry<out T : Any>(
    public val id: String,
    public val value: T? = null,
    public val failure: Unreadable? = null,
) {
    init {
        require((value == null) != (failure == null)) { "an entry has a value or a failure" }
    }
}

/**
 * Why a model does not read what is stored.
 *
 * @property path where, as a JSON pointer, as far as the model's decoder tells; empty for the whole.
 * @property reason what is wrong there, in words.
 * @property json everything that is stored.
 */
public data class Unreadable(
    public val path: String,
    public val reason: String,
    public val json: JsonElement,
)

/**
 * What a list shows: its entries, whether there are more, and whether they are up to date.
 *
 * Two of them are equal if all of that is; one equals a plain list of the same entries.
 *
 * @param T the model.
 * @property hasMore whether there are more than these: beyond the limit that was asked for, 10,000,
 *   or 8 MiB.
 * @property refusal why the entries are those of an earlier moment: a document holds something that
 *   the query cannot be carried out on, or it took longer than allowed. Null when they are up to date.
 */
public class Entries<out T : Any>(
    private val entries: List<Entry<T>> = emptyList(),
    public val hasMore: Boolean = false,
    public val refusal: DunlinException? = null,
) : List<Entry<T>> by entries {
    /** What the model reads, without the rest. */
    public val values: List<T> get() = entries.mapNotNull { it.value }

    /** The entries that the model does not read. */
    public val failures: List<Entry<T>> get() = entries.filter { it.failure != null }

    override fun equals(other: Any?): Boolean =
        if (other is Entries<*>) {
            entries == other.entries && hasMore == other.hasMore && refusal == other.refusal
        } else {
            entries == other
        }

    override fun hashCode(): Int = entries.hashCode()

    override fun toString(): String = "Entries($entries, hasMore=$hasMore, refusal=$refusal)"
}
