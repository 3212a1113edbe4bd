package dev.dunlin

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.runBlocking
import dev.dunlin.ffi.Node as FfiNode
import dev.dunlin.ffi.SyncConfig as FfiSyncConfig

/**
 * A running device: store, sync and discovery.
 *
 * Functions that suspend do their work on threads of the library: any dispatcher may call them.
 * Cancelling a caller ends its waiting, not a write that was asked for: whether it happened is
 * unknown then, and writing by id again is safe.
 */
public class Node internal constructor(
    private val ffi: FfiNode,
) : AutoCloseable {
    /** This device. */
    public val device: Device = native { Device(ffi.device()) }

    /** This node's spaces, by id. */
    public val spaces: List<Space>
        get() = native { ffi.spaces().map(::Space) }

    /**
     * Finds a space by alias, name, id, or the first characters of its id.
     *
     * @throws DunlinException `NotFound` if none fits, `InvalidInput` with the list of matches if
     *   several do.
     */
    public fun space(reference: String): Space = native { Space(ffi.space(reference)) }

    /**
     * Founds a space, with this device as its administrator.
     *
     * @throws DunlinException `InvalidInput` for an improper name or one that a space here has
     *   already; `StorageFull`.
     */
    public suspend fun createSpace(name: String): Space = native { Space(ffi.createSpace(name)) }

    /**
     * Joins a space with a ticket, offline: members learn of it when they meet this device.
     *
     * @param alias this device's own name for the space.
     * @throws DunlinException `InvalidInput` for a ticket that is expired or none, or an alias that
     *   is taken; `StorageFull`.
     */
    public suspend fun join(ticket: String, alias: String? = null): Space =
        native { Space(ffi.join(ticket, alias)) }

    /**
     * Starts to exchange with peers; replaces a sync that runs already.
     *
     * @throws DunlinException `InvalidInput` for what is not an address, `Network` where it is in
     *   use or not this host's, `Closed` after shutdown.
     */
    public suspend fun startSync(configure: SyncOptions.() -> Unit = {}) {
        val options = SyncOptions().apply(configure)
        native { ffi.startSync(FfiSyncConfig(options.listen, options.peers.toList(), options.mdns)) }
    }

    /** Ends the exchange with peers; nothing happens if there is none. */
    public suspend fun stopSync(): Unit = native { ffi.stopSync() }

    /**
     * How the node stands: spaces with their digests, peers with what they lack.
     *
     * @throws DunlinException `Closed` after shutdown, `Corrupt` where a document cannot be read.
     */
    public suspend fun status(): NodeStatus = native { NodeStatus(ffi.status()) }

    /** The devices this node is connected to, dials or has met. */
    public suspend fun peers(): List<Peer> = native { ffi.peers().map(::Peer) }

    /**
     * Follows how the peers stand: at once, then each time that it has changed. Changes that come
     * faster than they are taken are told as one. Ends when the node is shut down.
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
    public suspend fun shutdown(): Unit = native { ffi.shutdown() }

    /** [shutdown] that blocks, for `use { }`: not for a thread that draws. */
    override fun close(): Unit = runBlocking { shutdown() }
}

/** How to reach peers and be reached. */
public class SyncOptions internal constructor() {
    /** The UDP address to listen on, such as `127.0.0.1:0`; any free port of all if null. */
    public var listen: String? = null

    /** Addresses to dial, and to dial again whenever nobody is connected there. */
    public val peers: MutableList<String> = mutableListOf()

    /** Whether to announce this node on the local network, and to look for others. */
    public var mdns: Boolean = true
}
