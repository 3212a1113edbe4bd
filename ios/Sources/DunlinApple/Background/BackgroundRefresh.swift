#if canImport(BackgroundTasks) && canImport(UIKit) && !os(watchOS)
import BackgroundTasks
import Dunlin
import Foundation

/// Short syncs in the background, whenever the system sees fit.
///
/// The app's Info.plist names the identifier in `BGTaskSchedulerPermittedIdentifiers`, and `fetch`
/// in `UIBackgroundModes`.
@available(iOSApplicationExtension, unavailable)
public struct BackgroundRefresh: Sendable {
    private let identifier: String
    private let period: TimeInterval

    /// Makes it; nothing happens before ``register(_:lifecycle:)`` and ``schedule()``.
    ///
    /// - Parameters:
    ///   - identifier: as the Info.plist has it.
    ///   - period: how many seconds lie between two syncs at least.
    public init(_ identifier: String, every period: TimeInterval = 30 * 60) {
        self.identifier = identifier
        self.period = period
    }

    /// Has the system call for a sync; to be called before the app has finished launching, once.
    ///
    /// - Parameters:
    ///   - options: as of `startSync`.
    ///   - lifecycle: the app's, opened by then.
    public func register(
        _ options: SyncOptions,
        lifecycle: @escaping @Sendable () async throws -> NodeLifecycle
    ) {
        BGTaskScheduler.shared.register(forTaskWithIdentifier: identifier, using: nil) { task in
            run(Launched(task: task), options, lifecycle)
        }
    }

    /// Asks for the next sync: when the app goes to the background. A request replaces an earlier
    /// one.
    ///
    /// - Throws: `BGTaskScheduler.Error`, such as `unavailable` in the simulator and where the user
    ///   has switched the refresh in the background off.
    public func schedule() throws {
        let request = BGAppRefreshTaskRequest(identifier: identifier)
        request.earliestBeginDate = Date(timeIntervalSinceNow: period)
        try BGTaskScheduler.shared.submit(request)
    }

    private func run(
        _ launched: Launched,
        _ options: SyncOptions,
        _ lifecycle: @escaping @Sendable () async throws -> NodeLifecycle
    ) {
        try? schedule()
        let work = Task {
            var isDone = false
            if let lifecycle = try? await lifecycle() {
                let outcome = try? await lifecycle.syncInBackground(options)
                isDone = outcome?.shouldRetry == false
                await lifecycle.awaitRest()
            }
            launched.task.setTaskCompleted(success: isDone)
        }
        launched.task.expirationHandler = {
            work.cancel()
            Task { try await lifecycle().timeIsUp() }
        }
    }

    /// The scheduler's task: its properties are set and its end is told once, from any thread.
    private struct Launched: @unchecked Sendable {
        let task: BGTask
    }
}
#endif
