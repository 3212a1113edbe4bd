#if canImport(UIKit) && !os(watchOS)
import Dunlin
import UIKit

extension NodeLifecycle {
    /// Follows whether a screen of the app is visible.
    ///
    /// - Parameters:
    ///   - node: the node; it has one lifecycle, for as long as it is open.
    ///   - grace: for how many seconds nobody may need the node before it is suspended.
    ///   - onFailure: hears what `suspend` and `resume` refuse; the latter is tried again.
    @available(iOSApplicationExtension, unavailable)
    public convenience init(
        _ node: Node,
        grace: TimeInterval = 2,
        onFailure: @escaping @MainActor (DunlinError) -> Void = { _ in }
    ) {
        self.init(
            node,
            isVisible: UIApplication.shared.applicationState != .background,
            time: ApplicationTime(),
            grace: grace,
            onFailure: onFailure)
        follow(UIApplication.didEnterBackgroundNotification, .hidden)
        follow(UIApplication.willEnterForegroundNotification, .shown)
    }

    /// Heard before the notification's poster goes on: afterwards the process may be suspended.
    private func follow(_ name: Notification.Name, _ event: SleepPlan.Event) {
        _ = NotificationCenter.default.addObserver(
            forName: name, object: nil, queue: nil
        ) { [weak self] _ in
            MainActor.assumeIsolated { self?.handle(event) }
        }
    }
}

/// UIKit's background task.
@available(iOSApplicationExtension, unavailable)
@MainActor
final class ApplicationTime: BackgroundTime {
    private var task = UIBackgroundTaskIdentifier.invalid

    func begin(isUp: @escaping @MainActor () -> Void) {
        end()
        task = UIApplication.shared.beginBackgroundTask(withName: "dev.dunlin.suspend") {
            // On the main thread, by UIKit's documentation.
            MainActor.assumeIsolated(isUp)
        }
    }

    func end() {
        if task == .invalid { return }
        UIApplication.shared.endBackgroundTask(task)
        task = .invalid
    }
}
#endif
