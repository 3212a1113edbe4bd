internal import DunlinBindings
import Foundation

/// Moves packets between this device and peers in reach of it by means that have no socket: over
/// Bluetooth, Wi-Fi Aware, a serial line.
///
/// The link calls its peers by names of 1 to 64 bytes, the same for as long as it is the same peer. A
/// packet may get lost, come late or twice; it must arrive whole or not at all. Nothing needs to be
/// encrypted.
///
/// ``start(_:)``, ``send(_:to:)`` and ``stop()`` are called one after the other on a thread of the
/// link's own, where they may block. What they throw ends up in the log.
public protocol PacketLink: AnyObject, Sendable {
    /// Longest packet that the link carries, in bytes, at least 1,200. Asked once when sync starts;
    /// must not block.
    var maxPacketBytes: Int { get }

    /// Begins to look for peers and to hand in packets. A link that throws here is not used.
    func start(_ inbox: any LinkInbox) throws

    /// Sends a packet; if it throws, the packet is lost.
    func send(_ packet: Data, to peer: String) throws

    /// Ends what ``start(_:)`` began.
    func stop() throws
}

/// Where a ``PacketLink`` hands in what arrives and who is in reach.
///
/// Any thread may call, and never waits; after the link's end it takes everything and does nothing.
public protocol LinkInbox: AnyObject, Sendable {
    /// Hands in a packet that came from this peer, known or not. It is dropped where too many wait.
    ///
    /// - Throws: ``DunlinError`` `invalidInput` for a name that is empty or over 64 bytes, or a packet
    ///   that is empty or over 1,472 bytes.
    func received(_ packet: Data, from peer: String) throws

    /// Says that packets would reach this peer: a reason to dial it; said again, to dial at once.
    ///
    /// - Throws: ``DunlinError`` `invalidInput` for an improper name, `limitExceeded` for more than
    ///   128 peers.
    func appeared(_ peer: String) throws

    /// Says that packets reach this peer no more.
    ///
    /// - Throws: ``DunlinError`` `invalidInput` for an improper name.
    func vanished(_ peer: String) throws
}

/// A link as the core calls it.
final class ForeignLink: DunlinBindings.PacketLink {
    private let link: any PacketLink

    init(_ link: any PacketLink) {
        self.link = link
    }

    func maxPacketBytes() throws -> UInt32 { UInt32(clamping: link.maxPacketBytes) }

    func start(inbox: DunlinBindings.LinkInbox) throws {
        try foreign { try link.start(Inbox(inbox)) }
    }

    func send(peer: String, packet: Data) throws {
        try foreign { try link.send(packet, to: peer) }
    }

    func stop() throws {
        try foreign { try link.stop() }
    }

    private final class Inbox: LinkInbox {
        private let native: DunlinBindings.LinkInbox

        init(_ native: DunlinBindings.LinkInbox) {
            self.native = native
        }

        func received(_ packet: Data, from peer: String) throws {
            try bridged { try native.received(peer: peer, packet: packet) }
        }

        func appeared(_ peer: String) throws {
            try bridged { try native.appeared(peer: peer) }
        }

        func vanished(_ peer: String) throws {
            try bridged { try native.vanished(peer: peer) }
        }
    }
}
