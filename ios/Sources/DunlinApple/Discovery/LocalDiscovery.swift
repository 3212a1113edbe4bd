import Dispatch
import Dunlin

/// A ``LocalSearch`` on its queue, as the node wants it.
final class LocalDiscovery: Discovery {
    private let queue: DispatchQueue
    private let search: LocalSearch

    init(queue: DispatchQueue, search: LocalSearch) {
        self.queue = queue
        self.search = search
    }

    func start(port: UInt16, peers: any DiscoveredPeers) {
        queue.async { [search] in search.start(port: port, peers: peers) }
    }

    /// Waits until the announcement is withdrawn: the node may be about to be suspended.
    func stop() {
        queue.sync { search.stop() }
    }
}
