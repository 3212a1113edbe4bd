import Dunlin

#if canImport(Network)
import Dispatch
import Network

extension Node {
    /// Gives the node's sync a new socket and dials anew whenever the device has come to another
    /// network, until the node is shut down or the task is cancelled.
    ///
    /// - Parameter onFailure: hears what `restartSync` refuses, such as `suspended`; the next
    ///   change tries again.
    public func followNetworks(
        onFailure: @escaping @Sendable (DunlinError) -> Void = { _ in }
    ) async {
        await restartSync(on: networkChanges(), onFailure: onFailure)
    }
}

private func networkChanges() -> AsyncStream<Void> {
    let queue = DispatchQueue(label: "dev.dunlin.networks")
    // Mobile data aside, which is often preferred to a Wi-Fi without internet.
    let monitor = NWPathMonitor(prohibitedInterfaceTypes: [.cellular])
    let (stream, follower) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let changes = NetworkChanges(timers: QueueTimers(queue: queue)) { follower.yield() }
    monitor.pathUpdateHandler = { _ in changes.see(localAddresses()) }
    follower.onTermination = { _ in monitor.cancel() }
    monitor.start(queue: queue)
    return stream
}
#endif

extension Node {
    func restartSync(
        on changes: AsyncStream<Void>,
        onFailure: @Sendable (DunlinError) -> Void
    ) async {
        for await _ in changes {
            do {
                try await restartSync()
            } catch let refusal as DunlinError {
                if refusal.code == .closed { return }
                onFailure(refusal)
            } catch {
                return
            }
        }
    }
}
