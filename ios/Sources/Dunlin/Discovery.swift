internal import DunlinBindings

/// The platform's own service discovery, such as Apple's NWBrowser.
///
/// Called on threads of the library, which may wait.
public protocol Discovery: AnyObject, Sendable {
    /// Announces `_dunlin._udp` at this UDP port and looks for others, until ``stop()``.
    func start(port: UInt16, peers: any DiscoveredPeers) throws

    /// Withdraws the announcement and looks no more.
    func stop() throws
}

/// Where a ``Discovery`` tells what it finds; any thread may call, and never waits.
public protocol DiscoveredPeers: AnyObject, Sendable {
    /// Says that somebody may listen at these addresses, such as `192.168.1.5:4433`; the name is the
    /// announcement's. Said again, it replaces the addresses.
    ///
    /// - Throws: ``DunlinError`` `invalidInput` for what is not an address.
    func found(_ name: String, at addresses: [String]) throws

    /// Says that the announcement was withdrawn.
    func lost(_ name: String)

    /// Says that the platform looks for peers.
    func active()

    /// Says that the platform cannot look for peers, for a reason that a person can act upon.
    func unavailable(_ reason: String)
}

/// A discovery as the core calls it.
final class ForeignDiscovery: DunlinBindings.Discovery {
    private let discovery: any Discovery

    init(_ discovery: any Discovery) {
        self.discovery = discovery
    }

    func start(port: UInt16, peers: DunlinBindings.DiscoveredPeers) throws {
        try foreign { try discovery.start(port: port, peers: Told(peers)) }
    }

    func stop() throws {
        try foreign { try discovery.stop() }
    }

    private final class Told: DiscoveredPeers {
        private let native: DunlinBindings.DiscoveredPeers

        init(_ native: DunlinBindings.DiscoveredPeers) {
            self.native = native
        }

        func found(_ name: String, at addresses: [String]) throws {
            try bridged { try native.found(name: name, addresses: addresses) }
        }

        func lost(_ name: String) { native.lost(name: name) }

        func active() { native.active() }

        func unavailable(_ reason: String) { native.unavailable(reason: reason) }
    }
}
