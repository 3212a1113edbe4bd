package dev.dunlin

import dev.dunlin.ffi.keepWorkersAttached
import java.nio.file.Path
import kotlin.time.Duration
import dev.dunlin.ffi.Config as FfiConfig
import dev.dunlin.ffi.Node as FfiNode

/** Where everything begins. */
public object Dunlin {
    init {
        keepWorkersAttached()
    }

    /**
     * Told of each node that nobody can reach any more and nobody has closed: in words, and with a
     * trace of where it was opened. A warning to the logger `dev.dunlin` of `java.util.logging`
     * unless it is replaced. Called on a thread of the library.
     */
    @Volatile
    public var onLeak: (message: String, opened: Throwable) -> Unit = ::logLeak

    /**
     * Opens this device's node; makes the directory one if it is none yet.
     *
     * One node at a time has a directory open, in this process or another: share it. On Android it belongs under
     * `noBackupFilesDir`: a restored copy of it would be a second device with the same key.
     *
     * @throws DunlinException `AlreadyOpen`, retryable if another process has it open, or this one is about
     *   to close it; else share the node that this process has open. `KeyUnavailable` while the sealer
     *   cannot unseal the device's key, `KeyLost` if it never will, `Denied` for a sealed key without a
     *   sealer; `NewerSchema`, `Corrupt`, `StorageFull`; `InvalidInput` for an improper name.
     * @sample dev.dunlin.samples.openNode
     */
    public suspend fun open(directory: Path, configure: NodeOptions.() -> Unit = {}): Node {
        val options = NodeOptions().apply(configure)
        val config = options.config(directory)
        val node =
            try {
                native(config.directory) { FfiNode.open(config) }
            } catch (refusal: DunlinException) {
                if (refusal.code != ErrorCode.NotFound) throw refusal
                native(options.name) { FfiNode.create(config, options.name, options.kind.toFfi()) }
            }
        return Node(node)
    }

    /**
     * Hands what the library logs, of this level and above, to [sink] instead of the one before;
     * null ends it. Holds for the whole process.
     *
     * @sample dev.dunlin.samples.logToConsole
     */
    public fun log(level: LogLevel = LogLevel.Warn, sink: LogSink?): Unit = hand(level, sink)
}

/** How a node is opened. */
public class NodeOptions internal constructor() {
    /** What a new device calls itself; a device that exists already keeps its name. */
    public var name: String = "device"

    /** What acts through a new device. */
    public var kind: DeviceKind = DeviceKind.Human

    /** When a commit counts as durable. */
    public var durability: Durability = Durability.Flushed

    /** How long to wait for another process to release the directory; five seconds if null. */
    public var lockWait: Duration? = null

    /** The number of documents that one space keeps in memory; 256 if null. */
    public var openDocuments: Int? = null

    /**
     * What seals the seed of the device's key where it is stored. A seed that was stored before
     * without one is sealed when the node is opened.
     *
     * @sample dev.dunlin.samples.openWithSealer
     */
    public var sealer: KeySealer? = null

    internal fun config(directory: Path) =
        FfiConfig(
            directory = directory.toString(),
            durability = durability.toFfi(),
            lockWaitMs = lockWait?.inWholeMilliseconds?.coerceIn(0, UInt.MAX_VALUE.toLong())?.toUInt(),
            openDocuments = openDocuments?.coerceAtLeast(1)?.toUInt(),
            sealer = sealer?.let(::ForeignSealer),
        )
}

/** When a commit counts as durable. */
public enum class Durability {
    /** After it has reached the disk. */
    Flushed,

    /**
     * After it has reached the operating system: survives a crash of the app, not a power failure,
     * after which peers hand the lost tail back.
     */
    Relaxed,
    ;

    internal fun toFfi(): dev.dunlin.ffi.Durability =
        when (this) {
            Flushed -> dev.dunlin.ffi.Durability.FLUSHED
            Relaxed -> dev.dunlin.ffi.Durability.RELAXED
        }
}
