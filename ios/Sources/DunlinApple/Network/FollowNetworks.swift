import Dunlin

#if canImport(Network)
import Dispatch
import Network

extension Node {
    /// Gives the node's sync a new socket and dials anew whenever the device has come to another
    /// network, until the node is shut down or the task is cancelled.
    ///
    /// - Parameter onFailure: hears what `restartSync` refuses, such as `network`; the next change
    ///   tries again.
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
        onFailure: @escaping @Sendable (DunlinError) -> Void
    ) async {
        await withTaskGroup(of: Void.self) { group in
            // Ends with the node; `restartSync` does nothing where no sync runs, closed or not.
            group.addTask {
                var peers = self.watchPeers().makeAsyncIterator()
                while (try? await peers.next()) != nil {}
            }
            group.addTask {
                for await _ in changes { await self.restartSync(onFailure) }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func restartSync(_ onFailure: @Sendable (DunlinError) -> Void) async {
        do {
            try await restartSync()
        } catch let refusal as DunlinError where refusal.code != .closed {
            onFailure(refusal)
        } catch {
            // Closed: it ends.
        }
    }
}
