import Dispatch
import Foundation

/// Something that was asked for and goes on until it is cancelled; cancelling twice does nothing.
struct Running: Sendable {
    let cancel: @Sendable () -> Void
}

/// Calls later, on the queue of whoever asks.
protocol Timers: Sendable {
    func after(_ seconds: TimeInterval, _ action: @escaping @Sendable () -> Void) -> Running
}

/// The timers of a queue.
struct QueueTimers: Timers {
    let queue: DispatchQueue

    func after(_ seconds: TimeInterval, _ action: @escaping @Sendable () -> Void) -> Running {
        let pending = Locked(true)
        queue.asyncAfter(deadline: .now() + seconds) {
            if pending.exchange(false) { action() }
        }
        return Running { _ = pending.exchange(false) }
    }
}
