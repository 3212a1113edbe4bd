import Dunlin
import Foundation

/// What a short sync in the background came to.
public enum BackgroundSync: Sendable, CaseIterable {
    /// Everything that could flow has flowed.
    case inSync

    /// Nobody was in reach: the next period is soon enough.
    case alone

    /// It ended before everything had flowed, or was refused for now.
    case unfinished

    /// Whether to try again before the next period.
    public var shouldRetry: Bool { self == .unfinished }

    init(isInSync: Bool, peers: [PeerState]) {
        if isInSync {
            self = .inSync
        } else {
            self = peers.allSatisfy { $0 == .disconnected } ? .alone : .unfinished
        }
    }
}

extension NodeLifecycle {
    /// Syncs once, for a task in the background, and returns when the node sleeps again or somebody
    /// else needs it. A sync that runs already is waited for and left running.
    ///
    /// - Parameters:
    ///   - deadline: how many seconds at most; a refresh in the background has thirty in all.
    ///   - options: as of `startSync`.
    /// - Throws: `DunlinError` for what trying again does not mend.
    public func syncInBackground(
        deadline: TimeInterval = 20, _ options: SyncOptions = SyncOptions()
    ) async throws -> BackgroundSync {
        let outcome: BackgroundSync
        do {
            outcome = try await whileAwake { node in
                let outcome = try await node.syncOnce(deadline: deadline, options)
                return BackgroundSync(isInSync: outcome.isInSync, peers: outcome.peers.map(\.state))
            }
        } catch let refusal as DunlinError where refusal.isRetryable {
            outcome = .unfinished
        }
        await awaitRest()
        return outcome
    }
}
