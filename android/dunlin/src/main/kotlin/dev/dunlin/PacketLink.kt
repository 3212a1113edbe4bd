package dev.dunlin

import dev.dunlin.ffi.LinkInbox as FfiLinkInbox
import dev.dunlin.ffi.PacketLink as FfiPacketLink

/**
 * Moves packets between this device and peers in reach of it by means that have no socket: over
 * Bluetooth, Wi-Fi Aware, a serial line.
 *
 * The link calls its peers by names of 1 to 64 bytes, the same for as long as it is the same peer. A
 * packet may get lost, come late or twice; it must arrive whole or not at all. Nothing needs to be
 * encrypted.
 *
 * [start], [send] and [stop] are called one after the other on a thread of the link's own, where they
 * may block. What they throw ends up in the log.
 *
 * @sample dev.dunlin.samples.linkInProcess
 */
public interface PacketLink {
    /**
     * Longest packet that the link carries, in bytes, at least 1,200. Asked once when sync starts;
     * must not block.
     */
    public val maxPacketBytes: Int

    /** Begins to look for peers and to hand in packets. A link that throws here is not used. */
    public fun start(inbox: LinkInbox)

    /** Sends a packet; if it throws, the packet is lost. */
    public fun send(peer: String, packet: ByteArray)

    /** Ends what [start] began. */
    public fun stop()
}

/**
 * Where a [PacketLink] hands in what arrives and who is in reach. Any thread may call, and never
 * waits; after the link's end it takes everything and does nothing.
 */
public interface LinkInbox {
    /**
     * Hands in a packet that came from this peer, known or not. It is dropped where too many wait.
     *
     * @throws DunlinException `InvalidInput` for a name that is empty or over 64 bytes, or a packet
     *   that is empty or over 1,472 bytes.
     */
    public fun received(peer: String, packet: ByteArray)

    /**
     * Says that packets would reach this peer: a reason to dial it; said again, to dial at once.
     *
     * @throws DunlinException `InvalidInput` for an improper name, `LimitExceeded` for more than 128
     *   peers.
     */
    public fun appeared(peer: String)

    /**
     * Says that packets reach this peer no more.
     *
     * @throws DunlinException `InvalidInput` for an improper name.
     */
    public fun vanished(peer: String)
}

internal class ForeignLink(private val link: PacketLink) : FfiPacketLink {
    override fun maxPacketBytes(): UInt = link.maxPacketBytes.coerceAtLeast(0).toUInt()

    override fun start(inbox: FfiLinkInbox): Unit = link.start(Inbox(inbox))

    override fun send(peer: String, packet: ByteArray): Unit = link.send(peer, packet)

    override fun stop(): Unit = link.stop()

    private class Inbox(private val ffi: FfiLinkInbox) : LinkInbox {
        override fun received(peer: String, packet: ByteArray): Unit =
            native(peer) { ffi.received(peer, packet) }

        override fun appeared(peer: String): Unit = native(peer) { ffi.appeared(peer) }

        override fun vanished(peer: String): Unit = native(peer) { ffi.vanished(peer) }
    }
}
