import Foundation

/// When a node sleeps and wakes: asleep once no screen is visible and nobody holds it, awake as
/// soon as one is or somebody does; asleep in any case when the system's time is up. One call to the
/// node at a time, each to its end.
///
/// From the moment that no screen is visible until the node sleeps, the system is asked not to
/// suspend the process: one that is suspended while it holds a lock on a file is killed.
struct SleepPlan {
    /// What has happened.
    enum Event: Equatable {
        /// A screen is visible.
        case shown

        /// None is.
        case hidden

        /// Somebody needs the node.
        case held

        /// Somebody does not need it any more.
        case released

        /// Nobody has needed it for a while.
        case graceEnded

        /// The system is about to suspend the process.
        case timeUp

        /// The node was suspended.
        case slept

        /// The node was resumed.
        case woke

        /// The node stays suspended.
        case stayedAsleep

        /// It may be tried again.
        case pauseEnded

        /// The node was shut down.
        case closed
    }

    /// What to do.
    enum Step: Equatable {
        /// Ask the system for time, and give it back.
        case beginTime, endTime

        /// Start the timer that ends with `graceEnded`, and stop it.
        case startGrace, stopGrace

        /// Start the timer that ends with `pauseEnded`.
        case startPause

        /// Suspend the node, and tell `slept`; urgent where the process has seconds left.
        case sleep(isUrgent: Bool)

        /// Resume the node, and tell `woke` or `stayedAsleep`.
        case wake
    }

    private enum Phase {
        case awake, fallingAsleep, asleep, waking, pausing, closed
    }

    private var phase = Phase.awake
    private var isVisible: Bool
    private var holds = 0
    private var isTimeUp = false
    private var hasTime = false
    private var isInGrace = false

    init(isVisible: Bool) {
        self.isVisible = isVisible
    }

    /// Whether there is nothing to wait for before the node is used: it is awake, or stays asleep.
    var isUsable: Bool { phase == .awake || isTimeUp || phase == .closed }

    /// Whether nothing is left to do: the node sleeps, or a screen is visible, or somebody holds it.
    var isAtRest: Bool {
        phase == .asleep || phase == .pausing || phase == .closed || phase == .awake && isWanted
    }

    /// Whether the node was shut down.
    var isClosed: Bool { phase == .closed }

    private var isWanted: Bool { isVisible || holds > 0 && !isTimeUp }

    /// What to do at first.
    mutating func begin() -> [Step] { next() }

    /// Takes in what has happened; what to do about it, in this order.
    mutating func handle(_ event: Event) -> [Step] {
        switch event {
        case .shown:
            isVisible = true
            isTimeUp = false
        case .hidden:
            isVisible = false
        case .held:
            holds += 1
            isTimeUp = false
        case .released:
            holds -= 1
        case .graceEnded:
            if isInGrace && phase == .awake {
                isInGrace = false
                phase = .fallingAsleep
                return [.sleep(isUrgent: false)] + next()
            }
        case .timeUp:
            isTimeUp = true
        case .slept:
            phase = .asleep
        case .woke:
            phase = .awake
        case .stayedAsleep:
            phase = .pausing
            return [.startPause] + next()
        case .pauseEnded:
            if phase == .pausing { phase = .asleep }
        case .closed:
            phase = .closed
        }
        return next()
    }

    private mutating func next() -> [Step] {
        var steps = [Step]()
        if isInGrace && (isWanted || isTimeUp || phase != .awake) {
            isInGrace = false
            steps.append(.stopGrace)
        }
        if phase == .asleep && isWanted {
            phase = .waking
            steps.append(.wake)
        }
        let isOpen = phase == .awake || phase == .fallingAsleep || phase == .waking
        let needsTime = !isVisible && isOpen
        if needsTime && !hasTime && !isTimeUp {
            hasTime = true
            // Before anything else: the process may be suspended as soon as the caller returns.
            steps.insert(.beginTime, at: 0)
        } else if !needsTime && hasTime {
            hasTime = false
            steps.append(.endTime)
        }
        if phase == .awake && !isWanted {
            if isTimeUp {
                phase = .fallingAsleep
                steps.append(.sleep(isUrgent: true))
            } else if !isInGrace {
                isInGrace = true
                steps.append(.startGrace)
            }
        }
        return steps
    }
}
