#if canImport(Network) && canImport(dnssd)
import Dispatch
import Dunlin

/// Finds peers through the system's Bonjour, which needs no multicast entitlement.
///
/// The app's Info.plist says why (`NSLocalNetworkUsageDescription`) and what for
/// (`NSBonjourServices`: `_dunlin._udp`); the system asks the user at the first search. Other
/// devices see a random name, a new one each time that it starts, at the device's own `.local` name,
/// under which the system announces everything.
public final class BonjourDiscovery: Discovery {
    /// How the permission for the local network stands.
    public let permission = LocalNetworkPermission()

    private let discovery: LocalDiscovery

    /// Makes a discovery, which does nothing until a sync that has it starts.
    public init() {
        let queue = DispatchQueue(label: "dev.dunlin.bonjour")
        let search = LocalSearch(
            system: BonjourServices(queue: queue),
            timers: QueueTimers(queue: queue),
            permission: permission)
        discovery = LocalDiscovery(queue: queue, search: search)
    }

    /// Announces this port and looks for others, until ``stop()``.
    public func start(port: UInt16, peers: any DiscoveredPeers) {
        discovery.start(port: port, peers: peers)
    }

    /// Withdraws the announcement and looks no more.
    public func stop() {
        discovery.stop()
    }
}
#endif
