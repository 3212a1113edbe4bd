package dev.dunlin

import dev.dunlin.ffi.ChangeFeed as FfiChangeFeed
import dev.dunlin.ffi.Event as FfiEvent
import dev.dunlin.ffi.Origin as FfiOrigin

/**
 * Some commits of a space, in order.
 *
 * @property changes the commits: at least one, at most 256.
 * @sample dev.dunlin.samples.followChanges
 */
public class ChangeBatch internal constructor(
    public val changes: List<Change>,
    private val feed: FfiChangeFeed?,
) {
    /** Makes one of no feed, for tests: acknowledging it does nothing. */
    public constructor(changes: List<Change>) : this(changes, null)

    /**
     * Remembers durably that everything up to the last of these changes has been dealt with;
     * nothing for a feed without a consumer's name.
     *
     * @throws DunlinException `Closed` after shutdown, `StorageFull`.
     */
    public suspend fun acknowledge() {
        native { feed?.acknowledge(changes.last().seq) }
    }

    override fun equals(other: Any?): Boolean = other is ChangeBatch && changes == other.changes

    override fun hashCode(): Int = changes.hashCode()
}

/**
 * One commit.
 *
 * @property seq its place in this device's feed; local, ascending, with gaps.
 * @property collection the collection of the document that changed.
 * @property id the id of the document that changed.
 * @property paths the paths that changed.
 * @property device the id of the device that handed the change over: this one, or the peer it came
 *   from.
 * @property kind what kind of device that is.
 * @property origin whether it was made here.
 * @property timeMillis this device's clock at the commit, in milliseconds since 1970.
 */
public data class Change(
    public val seq: Long,
    public val collection: String,
    public val id: String,
    public val paths: List<String>,
    public val device: String,
    public val kind: DeviceKind,
    public val origin: Origin,
    public val timeMillis: Long,
) {
    internal constructor(event: FfiEvent) : this(
        event.seq,
        event.collection,
        event.id,
        event.paths,
        event.device,
        event.kind.toDunlin(),
        event.origin.toDunlin(),
        event.timeMs,
    )

    override fun toString(): String = "Change($seq: $collection/$id $paths, $origin)"
}

/** Where a change was made. */
public enum class Origin {
    /** On this device. */
    Local,

    /** On another one. */
    Remote,
}

private fun FfiOrigin.toDunlin(): Origin =
    when (this) {
        FfiOrigin.LOCAL -> Origin.Local
        FfiOrigin.REMOTE -> Origin.Remote
    }
