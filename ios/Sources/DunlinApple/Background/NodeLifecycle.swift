import Dunlin
import Foundation

/// Suspends a node while nobody needs it, and resumes it before somebody does: the screens of the
/// app, work in the background. No file is open and no lock is held when the system suspends the
/// process, also after a launch in the background that never showed a screen.
///
/// ```swift
/// let lifecycle = NodeLifecycle(node)          // as soon as the node is open
/// try await lifecycle.whileAwake { node in … }
/// ```
@MainActor
public final class NodeLifecycle {
    /// The node.
    public nonisolated let node: Node

    private let grace: TimeInterval
    private let pause: TimeInterval
    private let time: any BackgroundTime
    private let onFailure: @MainActor (DunlinError) -> Void
    private var plan: SleepPlan
    private var graceTimer: Task<Void, Never>?
    private var waiting = [Int: (isOver: (SleepPlan) -> Bool, resume: () -> Void)]()
    private var waits = 0

    /// - Parameters:
    ///   - grace: for how many seconds nobody may need the node before it is suspended.
    ///   - pause: how many seconds to wait before a `resume` that was refused is tried again.
    init(
        _ node: Node,
        isVisible: Bool,
        time: any BackgroundTime,
        grace: TimeInterval,
        pause: TimeInterval = 5,
        onFailure: @escaping @MainActor (DunlinError) -> Void
    ) {
        self.node = node
        self.grace = grace
        self.pause = pause
        self.time = time
        self.onFailure = onFailure
        plan = SleepPlan(isVisible: isVisible)
        carryOut(plan.begin())
    }

    /// Keeps the node awake until what it returns is released, unless the system's time is up.
    public func hold() -> Hold {
        handle(.held)
        return Hold { [weak self] in
            Task { @MainActor in self?.handle(.released) }
        }
    }

    /// Runs something with the node awake; waits until it is. When the system's time is up, the node
    /// refuses with `suspended`.
    ///
    /// - Throws: what the body throws; `CancellationError` if the task is cancelled before.
    public func whileAwake<Answer: Sendable>(
        _ body: @Sendable (Node) async throws -> Answer
    ) async throws -> Answer {
        handle(.held)
        defer { handle(.released) }
        await wait(until: \.isUsable)
        try Task.checkCancellation()
        return try await body(node)
    }

    /// Waits until the node sleeps, or somebody needs it.
    public func awaitRest() async {
        await wait(until: \.isAtRest)
    }

    /// Suspends the node at once, although somebody may hold it: the system is about to suspend the
    /// process.
    public func timeIsUp() {
        handle(.timeUp)
    }

    func handle(_ event: SleepPlan.Event) {
        if plan.isClosed { return }
        carryOut(plan.handle(event))
        let over = waiting.filter { $0.value.isOver(plan) }.keys
        for number in over { endWait(number) }
    }

    /// Returns early if the task is cancelled.
    private func wait(until isOver: @escaping (SleepPlan) -> Bool) async {
        if isOver(plan) || Task.isCancelled { return }
        waits += 1
        let number = waits
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiting[number] = (isOver, { continuation.resume() })
            }
        } onCancel: {
            Task { @MainActor in endWait(number) }
        }
    }

    private func endWait(_ number: Int) {
        waiting.removeValue(forKey: number)?.resume()
    }

    private func carryOut(_ steps: [SleepPlan.Step]) {
        for step in steps {
            switch step {
            case .beginTime: time.begin { [weak self] in self?.timeIsUp() }
            case .endTime: time.end()
            case .startGrace: graceTimer = after(grace, .graceEnded)
            case .stopGrace: graceTimer?.cancel()
            case .startPause: _ = after(pause, .pauseEnded)
            case .sleep(let isUrgent): Task { await sleep(within: isUrgent ? 1 : 5) }
            case .wake: Task { await wake() }
            }
        }
    }

    private func after(_ seconds: TimeInterval, _ event: SleepPlan.Event) -> Task<Void, Never> {
        Task { [weak self] in
            try? await Task.sleep(nanoseconds: UInt64(seconds * 1e9))
            if !Task.isCancelled { self?.handle(event) }
        }
    }

    /// The node is suspended even if it reports a failure.
    private func sleep(within deadline: TimeInterval) async {
        let isClosed = await attempt { try await self.node.suspend(deadline: deadline) } == .closed
        handle(isClosed ? .closed : .slept)
    }

    private func wake() async {
        switch await attempt({ try await self.node.resume() }) {
        case nil: handle(.woke)
        case .closed: handle(.closed)
        default: handle(.stayedAsleep)
        }
    }

    /// The code of the refusal; nil if all went well.
    private func attempt(_ call: @Sendable () async throws -> Void) async -> ErrorCode? {
        do {
            try await call()
            return nil
        } catch {
            guard let refusal = error as? DunlinError else { return .internal }
            onFailure(refusal)
            return refusal.code
        }
    }
}

/// Keeps a node awake until it is released or let go.
public final class Hold: Sendable {
    private let isOpen = Locked(true)
    private let onRelease: @Sendable () -> Void

    init(onRelease: @escaping @Sendable () -> Void) {
        self.onRelease = onRelease
    }

    /// Ends it; nothing happens the second time.
    public func release() {
        if isOpen.exchange(false) { onRelease() }
    }

    deinit {
        release()
    }
}

/// The time that the system gives a process without a visible screen.
@MainActor
protocol BackgroundTime: AnyObject {
    /// Asks for time; `isUp` is called shortly before it is over, and the system waits a few
    /// seconds for ``end()`` then.
    func begin(isUp: @escaping @MainActor () -> Void)

    /// Gives back what is left of it.
    func end()
}
