package dev.dunlin

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.runBlocking
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import dev.dunlin.ffi.Cancellation
import dev.dunlin.ffi.Node as FfiNode
import dev.dunlin.ffi.SyncConfig as FfiSyncConfig

/**
 * A running device: store, sync and discovery.
 *
 * Functions that suspend do their work on threads of the library: any dispatcher may call them.
 * Cancelling a caller ends its waiting, not a write that was asked for: whether it happened is
 * unknown then, and writing by id again is safe.
 *
 * @sample dev.dunlin.samples.openNode
 */
public class Node internal constructor(
    private val ffi: FfiNode,
) : AutoCloseable {
    /** This device. */
    public val device: Device = native { Device(ffi.device()) }

    private val watched = LeakWatch.watch(this, "the node ${device.name}")

    /** This node's spaces, by id. */
    public val spaces: List<Space>
        get() = native { ffi.spaces().map(::Space) }

    /**
     * Finds a space by alias, name, id, or the first characters of its id.
     *
     * @throws DunlinException `NotFound` if none fits, `InvalidInput` with the list of matches if
     *   several do.
     */
    public fun space(reference: String): Space = native(reference) { Space(ffi.space(reference)) }

    /**
     * Founds a space, with this device as its administrator.
     *
     * @throws DunlinException `AlreadyExists` for a name that a space here has, `InvalidInput` for an
     *   improper one; `StorageFull`.
     */
    public suspend fun createSpace(name: String): Space = native(name) { Space(ffi.createSpace(name)) }

    /**
     * Joins a space with a ticket, offline: members learn of it when they meet this device.
     *
     * @param alias this device's own name for the space.
     * @throws DunlinException `Expired` for a ticket whose time is over, `AlreadyExists` for an alias that
     *   is taken; `InvalidInput`, `StorageFull`. Whether the invitation is used up, members tell when they
     *   meet this device: see [NodeStatus.refusals].
     * @sample dev.dunlin.samples.inviteAndJoin
     */
    public suspend fun join(ticket: String, alias: String? = null): Space =
        native(ticket, alias) { Space(ffi.join(ticket, alias)) }

    /**
     * Starts to exchange with peers; replaces a sync that runs already.
     *
     * @throws DunlinException `InvalidInput` for what is not an address, `Network` where it is in
     *   use or not this host's, `Closed` after shutdown.
     * @sample dev.dunlin.samples.syncWithPeers
     */
    public suspend fun startSync(configure: SyncOptions.() -> Unit = {}) {
        val config = SyncOptions().apply(configure).toFfi()
        native(config.listen, *config.peers.toTypedArray()) { ffi.startSync(config) }
    }

    /** Ends the exchange with peers; nothing happens if there is none. */
    public suspend fun stopSync(): Unit = native { ffi.stopSync() }

    /**
     * Starts the sync that runs anew, with a new socket: for a device whose network has changed.
     * Nothing happens if there is none.
     *
     * @throws DunlinException as [startSync]; another attempt starts it.
     */
    public suspend fun restartSync(): Unit = native { ffi.restartSync() }

    /**
     * Syncs until everybody within reach has been in sync for a moment, or until the [deadline]:
     * for work in the background. Opens a suspended node and suspends it again; a sync that runs
     * already is waited for and left running. Cancelling the caller ends it as the deadline does.
     *
     * @throws DunlinException as [resume] and [startSync].
     * @sample dev.dunlin.samples.syncOnceInBackground
     */
    public suspend fun syncOnce(
        deadline: Duration,
        configure: SyncOptions.() -> Unit = {},
    ): SyncOutcome {
        val config = SyncOptions().apply(configure).toFfi()
        return Cancellation().use { cancellation ->
            try {
                native(config.listen, *config.peers.toTypedArray()) {
                    SyncOutcome(ffi.syncOnce(config, deadline.toMilliseconds(), cancellation))
                }
            } finally {
                cancellation.cancel()
            }
        }
    }

    /**
     * Ends sync, finishes what was asked for, and closes every file and socket, until [resume]:
     * for an app that goes to the background. At the [deadline], what still waits is refused, and
     * what runs is rolled back.
     *
     * Calls are refused with `Suspended` then, flows wait, and this node with everything that came
     * from it stays good. Nothing happens if the node is suspended.
     *
     * @throws DunlinException what kept a file from being checkpointed; nothing is lost, and the
     *   node is suspended all the same. `Closed` after shutdown.
     * @sample dev.dunlin.samples.suspendAndResume
     */
    public suspend fun suspend(deadline: Duration = 5.seconds): Unit =
        native { ffi.suspend(deadline.toMilliseconds()) }

    /**
     * Opens the files of a suspended node again, and starts the sync that ran; nothing happens if
     * it is not suspended.
     *
     * @throws DunlinException `AlreadyOpen` if somebody else has the directory now; `Network` if
     *   only sync could not be started: another attempt tries again. `Closed` after shutdown.
     * @sample dev.dunlin.samples.suspendAndResume
     */
    public suspend fun resume(): Unit = native { ffi.resume() }

    /**
     * How the node stands: spaces with their digests, peers with what they lack.
     *
     * @throws DunlinException `Closed` after shutdown, `Corrupt` where a document cannot be read.
     */
    public suspend fun status(): NodeStatus = native { NodeStatus(ffi.status()) }

    /**
     * Follows how the node stands: at once, then each time that it has changed, waiting while the
     * node is suspended. Changes within a tenth of a second, or that come faster than they are
     * taken, are told as one. Ends when the node is shut down.
     *
     * The flow fails as [status] does.
     *
     * @sample dev.dunlin.samples.watchDocumentCount
     */
    public fun watchStatus(): Flow<NodeStatus> =
        pulled(
            open = { ffi.watchStatus() },
            next = { it.next()?.let(::NodeStatus) },
            stop = { it.stop(); it.close() },
        )

    /** The devices this node is connected to, dials or has met. */
    public suspend fun peers(): List<Peer> = native { ffi.peers().map(::Peer) }

    /**
     * Follows how the peers stand: at once, then each time that it has changed. Changes that come
     * faster than they are taken are told as one. Ends when the node is shut down.
     *
     * @sample dev.dunlin.samples.watchConnected
     */
    public fun watchPeers(): Flow<List<Peer>> =
        pulled(
            open = { ffi.watchPeers() },
            next = { it.next()?.map(::Peer) },
            stop = { it.stop(); it.close() },
        )

    /**
     * Closes connections and files in good order and releases the directory; flows end, and
     * whatever is called afterwards is refused with `Closed`.
     *
     * @throws DunlinException what kept a file from being checkpointed; nothing is lost, and the
     *   node is closed all the same.
     */
    public suspend fun shutdown() {
        watched.close()
        native { ffi.shutdown() }
    }

    /** [shutdown] that blocks, for `use { }`: not for a thread that draws. */
    override fun close(): Unit = runBlocking { shutdown() }
}

/**
 * How to reach peers and be reached.
 *
 * @sample dev.dunlin.samples.syncWithPeers
 */
public class SyncOptions internal constructor() {
    /** The UDP address to listen on, such as `127.0.0.1:0`; any free port of all if null. */
    public var listen: String? = null

    /** Addresses to dial, and to dial again whenever nobody is connected there. */
    public val peers: MutableList<String> = mutableListOf()

    /** Whether to announce this node on the local network, and to look for others. */
    public var mdns: Boolean = true

    /**
     * Discovery by the platform, beside or instead of mDNS.
     *
     * @sample dev.dunlin.samples.bringDiscovery
     */
    public var discovery: Discovery? = null

    /**
     * What carries packets beside the socket.
     *
     * @sample dev.dunlin.samples.bringLink
     */
    public val links: MutableList<PacketLink> = mutableListOf()

    internal fun toFfi() =
        FfiSyncConfig(
            listen,
            peers.toList(),
            mdns,
            discovery?.let(::ForeignDiscovery),
            links.map(::ForeignLink),
        )
}

/**
 * What came of [Node.syncOnce].
 *
 * @property inSync whether a peer was met, and everybody who was met has the same documents now.
 * @property peers the peers as they were at the end.
 */
public data class SyncOutcome(
    public val inSync: Boolean,
    public val peers: List<Peer>,
) {
    internal constructor(outcome: dev.dunlin.ffi.SyncOutcome) :
        this(outcome.inSync, outcome.peers.map(::Peer))

    override fun toString(): String = "SyncOutcome(inSync=$inSync, $peers)"
}
