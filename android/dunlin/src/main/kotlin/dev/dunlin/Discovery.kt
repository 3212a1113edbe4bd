package dev.dunlin

import dev.dunlin.ffi.DiscoveredPeers as FfiDiscoveredPeers
import dev.dunlin.ffi.Discovery as FfiDiscovery

/**
 * The platform's own service discovery, such as Android's NsdManager.
 *
 * Called on threads of the library, which may wait.
 *
 * @sample dev.dunlin.samples.findOnBoard
 */
public interface Discovery {
    /** Announces `_dunlin._udp` at this UDP [port] and looks for others, until [stop]. */
    public fun start(port: Int, peers: DiscoveredPeers)

    /** Withdraws the announcement and looks no more. */
    public fun stop()
}

/** Where a [Discovery] tells what it finds; any thread may call, and never waits. */
public interface DiscoveredPeers {
    /**
     * Somebody may listen at these addresses, such as `192.168.1.5:4433`; [name] is the
     * announcement's. Said again, it replaces the addresses.
     *
     * @throws DunlinException `InvalidInput` for what is not an address.
     */
    public fun found(name: String, addresses: List<String>)

    /** The announcement was withdrawn. */
    public fun lost(name: String)

    /** The platform looks for peers. */
    public fun active()

    /** The platform cannot look for peers, for a [reason] that a person can act upon. */
    public fun unavailable(reason: String)
}

internal class ForeignDiscovery(private val discovery: Discovery) : FfiDiscovery {
    override fun start(port: UShort, peers: FfiDiscoveredPeers) {
        discovery.start(port.toInt(), Told(peers))
    }

    override fun stop(): Unit = discovery.stop()

    private class Told(private val ffi: FfiDiscoveredPeers) : DiscoveredPeers {
        override fun found(name: String, addresses: List<String>): Unit =
            native(name, *addresses.toTypedArray()) { ffi.found(name, addresses) }

        override fun lost(name: String): Unit = native(name) { ffi.lost(name) }

        override fun active(): Unit = native { ffi.active() }

        override fun unavailable(reason: String): Unit = native(reason) { ffi.unavailable(reason) }
    }
}
