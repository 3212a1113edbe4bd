import Testing

@testable import DunlinApple

final class SleepPlanTests {
    private var plan = SleepPlan(isVisible: true)

    /// What the plan wants for these events together.
    private func after(_ events: SleepPlan.Event...) -> [SleepPlan.Step] {
        events.flatMap { plan.handle($0) }
    }

    @Test func aVisibleScreenNeedsNothing() {
        #expect(plan.begin() == [])
        #expect(plan.isUsable && plan.isAtRest)
    }

    @Test func theBackgroundAsksForTimeFirstAndGivesItBackAsleep() {
        #expect(after(.hidden) == [.beginTime, .startGrace])
        #expect(!plan.isAtRest)
        #expect(after(.graceEnded) == [.sleep(isUrgent: false)])
        #expect(!plan.isUsable)
        #expect(after(.slept) == [.endTime])
        #expect(plan.isAtRest)
    }

    @Test func aLaunchInTheBackgroundIsSuspendedToo() {
        plan = SleepPlan(isVisible: false)
        #expect(plan.begin() == [.beginTime, .startGrace])
        #expect(after(.graceEnded, .slept) == [.sleep(isUrgent: false), .endTime])
    }

    @Test func aLookAtAnotherAppDoesNotSuspend() {
        #expect(after(.hidden, .shown) == [.beginTime, .startGrace, .stopGrace, .endTime])
        #expect(after(.graceEnded) == [])
    }

    @Test func workInTheBackgroundKeepsItAwakeAndEveryHoldCounts() {
        #expect(after(.held, .held, .hidden) == [.beginTime])
        #expect(plan.isUsable && plan.isAtRest)
        #expect(after(.released) == [])
        #expect(after(.released) == [.startGrace])
        #expect(after(.graceEnded) == [.sleep(isUrgent: false)])
    }

    @Test func aSuspendUnderWayComesToItsEndBeforeTheResume() {
        _ = after(.hidden, .graceEnded)
        #expect(after(.shown) == [.endTime])
        #expect(!plan.isUsable)
        #expect(after(.slept) == [.wake])
        #expect(!plan.isUsable)
        #expect(after(.woke) == [])
        #expect(plan.isUsable)
    }

    @Test func workThatBeginsAsleepWakesItWithTimeAskedForFirst() {
        _ = after(.hidden, .graceEnded, .slept)
        #expect(after(.held) == [.beginTime, .wake])
        #expect(after(.woke, .released) == [.startGrace])
    }

    @Test func whenTimeIsUpItSleepsWhoeverHoldsItAndStaysAsleep() {
        #expect(after(.held, .hidden, .timeUp) == [.beginTime, .sleep(isUrgent: true)])
        #expect(after(.slept) == [.endTime])
        #expect(after(.released) == [])
        #expect(plan.isUsable, "to be refused, not to wait for ever")
        #expect(after(.held) == [.beginTime, .wake], "work that came later has time of its own")
    }

    @Test func whenTimeIsUpGraceIsOver() {
        #expect(after(.hidden, .timeUp) == [.beginTime, .startGrace, .stopGrace, .sleep(isUrgent: true)])
        #expect(after(.graceEnded) == [])
    }

    @Test func whenTimeIsUpWhileItWakesItSleepsOnceItIsAwake() {
        _ = after(.hidden, .graceEnded, .slept, .held)
        #expect(after(.timeUp) == [])
        #expect(after(.woke) == [.sleep(isUrgent: true)])
        #expect(after(.slept) == [.endTime])
    }

    @Test func aScreenAfterTimeWasUpWakesIt() {
        _ = after(.hidden, .timeUp, .slept)
        #expect(after(.shown) == [.wake])
        #expect(after(.woke) == [])
    }

    @Test func aRefusedResumeIsTriedAgainAfterAPause() {
        _ = after(.hidden, .graceEnded, .slept)
        #expect(after(.shown) == [.wake])
        #expect(after(.stayedAsleep) == [.startPause])
        #expect(after(.held) == [])
        #expect(after(.pauseEnded) == [.wake])
    }

    @Test func aRefusedResumeInTheBackgroundGivesTheTimeBack() {
        _ = after(.hidden, .graceEnded, .slept, .held)
        #expect(after(.stayedAsleep) == [.startPause, .endTime])
        #expect(after(.pauseEnded) == [.beginTime, .wake])
    }

    @Test func aNodeThatWasShutDownNeedsNothingMore() {
        #expect(after(.hidden) == [.beginTime, .startGrace])
        #expect(after(.closed) == [.stopGrace, .endTime])
        #expect(after(.shown, .held, .timeUp) == [])
        #expect(plan.isClosed && plan.isUsable)
    }

    /// Whatever happens in whatever order: nothing is done twice, and no process is suspended with
    /// open files as long as the system grants time.
    @Test func noOrderOfEventsLeavesFilesOpenWithoutTime() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var run = Run(isVisible: Bool.random(using: &random))
            for _ in 0..<60 { run.happen(using: &random) }
            #expect(run.faults == [], "\(run.events)")
        }
    }
}

/// A plan and a node that does what it says, which events come to in any order.
private struct Run {
    private var plan: SleepPlan
    private var isVisible: Bool
    private var holds = 0
    private var isOpen = true
    private var hasTime = false
    private var isTimeUp = false
    private var isInGrace = false
    private var answer: SleepPlan.Event?
    private(set) var events = [SleepPlan.Event]()
    private(set) var faults = [String]()

    init(isVisible: Bool) {
        self.isVisible = isVisible
        plan = SleepPlan(isVisible: isVisible)
        carryOut(plan.begin())
    }

    mutating func happen(using random: inout SystemRandomNumberGenerator) {
        var possible: [SleepPlan.Event] = [isVisible ? .hidden : .shown, .held]
        if holds > 0 { possible.append(.released) }
        if isInGrace { possible.append(.graceEnded) }
        if hasTime { possible.append(.timeUp) }
        if let answer { possible.append(answer) }
        guard let event = possible.randomElement(using: &random) else { return }
        events.append(event)
        switch event {
        case .shown: (isVisible, isTimeUp) = (true, false)
        case .hidden: isVisible = false
        case .held: (holds, isTimeUp) = (holds + 1, false)
        case .released: holds -= 1
        case .timeUp: isTimeUp = true
        case .graceEnded: isInGrace = false
        case .slept: (isOpen, answer) = (false, nil)
        default: answer = nil
        }
        carryOut(plan.handle(event))
        if isOpen && !isVisible && !hasTime && !isTimeUp { faults.append("open without time") }
        if isVisible && hasTime { faults.append("time that nobody needs") }
        if !isOpen && hasTime { faults.append("time kept asleep") }
        if isTimeUp && isOpen && answer == nil { faults.append("awake although time is up") }
        if isOpen && !isVisible && holds == 0 && answer == nil && !isInGrace {
            faults.append("left awake")
        }
        if !isOpen && answer == nil && (isVisible || holds > 0 && !isTimeUp) {
            faults.append("left asleep")
        }
    }

    private mutating func carryOut(_ steps: [SleepPlan.Step]) {
        for step in steps {
            switch step {
            case .beginTime:
                if hasTime { faults.append("time asked for twice") }
                hasTime = true
            case .endTime: hasTime = false
            case .startGrace: isInGrace = true
            case .stopGrace: isInGrace = false
            case .startPause: answer = .pauseEnded
            case .sleep:
                if answer != nil || !isOpen { faults.append("two calls at once") }
                answer = .slept
            case .wake:
                if answer != nil || isOpen { faults.append("two calls at once") }
                // Files may be open from here on.
                isOpen = true
                answer = .woke
            }
        }
    }
}
