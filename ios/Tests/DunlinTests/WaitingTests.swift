import Foundation
import Testing

@testable import Dunlin

/// What becomes of a call when the task that waits for it is cancelled.
@Suite struct WaitingTests {
    @Test("a task that waits for a call ends at once when it is cancelled, and the call goes on")
    func during() async throws {
        try await withDeadline {
            let gate = Gate()
            let end = Guarded<(any Error)?>(nil)
            let waiting = Task {
                do {
                    try await bridged { await gate.pass() }
                } catch {
                    end.change { $0 = error }
                }
            }
            try await eventually { await gate.isReached }
            waiting.cancel()
            // The gate is shut still: nothing but the cancelling can have ended this.
            try await eventually { end.value != nil }
            #expect(end.value is CancellationError)
            #expect(await !gate.isPassed)
            await gate.open()
            try await eventually { await gate.isPassed }
        }
    }

    @Test("a task that was cancelled before does not call at all")
    func before() async throws {
        try await withDeadline {
            let gate = Gate()
            await gate.open()
            let waiting = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await bridged { await gate.pass() }
            }
            await #expect(throws: CancellationError.self) { try await waiting.value }
            #expect(await !gate.isReached)
        }
    }

    @Test("a call that is over before its task is cancelled has its answer")
    func after() async throws {
        let answer = try await Task {
            let answer = try await bridged { 7 }
            withUnsafeCurrentTask { $0?.cancel() }
            return answer
        }.value
        #expect(answer == 7)
    }

    @Test("a node that opens for a task that gave up lets go of its directory")
    func open() async throws {
        try await withNodes { nodes in
            let directory = nodes.directory("ann")
            // Making a directory a node does not wait for somebody else who makes it one; opening does.
            try await Node.open(directory, NodeOptions(name: "ann")).shutdown()
            for _ in 0..<10 {
                let opening = Task { try await Node.open(directory, NodeOptions(name: "ann")) }
                try await pause(milliseconds: 2)
                opening.cancel()
                if case .success(let node) = await opening.result { try await node.shutdown() }
            }
            let options = NodeOptions(name: "ann", lockWait: 30)
            #expect(try await nodes.node("ann", options).device.name == "ann")
        }
    }

    @Test("an exchange whose task is cancelled is over when it returns, and the node is as it was")
    func syncOnce() async throws {
        try await withNodes { nodes in
            let ann = try await nodes.node("ann")
            let outcome = Guarded<SyncOutcome?>(nil)
            let exchange = Task {
                let met = try await ann.syncOnce(
                    deadline: 3600, SyncOptions(listen: "127.0.0.1:0", mdns: false))
                outcome.change { $0 = met }
            }
            try await eventually { try await !ann.status().listen.isEmpty }
            exchange.cancel()
            try await eventually { outcome.value != nil }
            #expect(outcome.value?.isInSync == false)
            #expect(try await ann.status().listen.isEmpty)
        }
    }
}

/// Holds whoever comes until it is opened.
private actor Gate {
    private(set) var isReached = false
    private(set) var isPassed = false
    private var isOpen = false
    private var held: [CheckedContinuation<Void, Never>] = []

    func pass() async {
        isReached = true
        if !isOpen { await withCheckedContinuation { held.append($0) } }
        isPassed = true
    }

    func open() {
        isOpen = true
        for continuation in held { continuation.resume() }
        held = []
    }
}
