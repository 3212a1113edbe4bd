import Dunlin
import Foundation
import Testing

@testable import DunlinApple

/// The system's time as the test grants it.
@MainActor
final class FakeTime: BackgroundTime {
    private(set) var isGranted = false
    private var isUp: (@MainActor () -> Void)?

    nonisolated init() {}

    func begin(isUp: @escaping @MainActor () -> Void) {
        isGranted = true
        self.isUp = isUp
    }

    func end() { isGranted = false }

    func runOut() { isUp?() }
}

/// The lifecycle over a real node.
@MainActor
final class NodeLifecycleTests {
    private func lifecycle(
        _ node: Node, _ time: FakeTime, isVisible: Bool = true, grace: TimeInterval = 0.05,
        onFailure: @escaping @MainActor (DunlinError) -> Void = { _ in }
    ) -> NodeLifecycle {
        NodeLifecycle(
            node, isVisible: isVisible, time: time, grace: grace, pause: 0.05, onFailure: onFailure)
    }

    private func isSuspended(_ node: Node) async throws -> Bool {
        do {
            _ = try await node.createSpace(UUID().uuidString)
            return false
        } catch let refusal as DunlinError where refusal.code == .suspended {
            return true
        }
    }

    @Test func theNodeSleepsInTheBackgroundAndWakesForAScreen() async throws {
        try await withNode { node in
            let time = FakeTime()
            let lifecycle = self.lifecycle(node, time)
            let before = try await self.isSuspended(node)
            #expect(!before)
            lifecycle.handle(.hidden)
            #expect(time.isGranted, "asked for before the notification's handler returns")
            await lifecycle.awaitRest()
            #expect(!time.isGranted)
            let asleep = try await self.isSuspended(node)
            #expect(asleep)
            lifecycle.handle(.shown)
            try await lifecycle.whileAwake { node in _ = try await node.createSpace("farm") }
            #expect(!time.isGranted)
        }
    }

    @Test func afterALaunchInTheBackgroundTheNodeSleeps() async throws {
        try await withNode { node in
            let time = FakeTime()
            let lifecycle = self.lifecycle(node, time, isVisible: false)
            #expect(time.isGranted)
            await lifecycle.awaitRest()
            let asleep = try await self.isSuspended(node)
            #expect(asleep && !time.isGranted)
        }
    }

    @Test func workInTheBackgroundHasTheNodeAwakeAndLeavesItAsleep() async throws {
        try await withNode { node in
            let time = FakeTime()
            let lifecycle = self.lifecycle(node, time, isVisible: false)
            await lifecycle.awaitRest()
            let name = try await lifecycle.whileAwake { try await $0.createSpace("farm").name }
            #expect(name == "farm")
            await lifecycle.awaitRest()
            let asleep = try await self.isSuspended(node)
            #expect(asleep && !time.isGranted)
        }
    }

    @Test func aHoldKeepsTheNodeAwakeUntilItIsReleasedOrTimeIsUp() async throws {
        try await withNode { node in
            let time = FakeTime()
            let lifecycle = self.lifecycle(node, time, isVisible: false, grace: 0)
            let hold = lifecycle.hold()
            let other = lifecycle.hold()
            other.release()
            other.release()
            try await lifecycle.whileAwake { node in _ = try await node.createSpace("farm") }
            #expect(time.isGranted)
            time.runOut()
            await lifecycle.awaitRest()
            let asleep = try await self.isSuspended(node)
            #expect(asleep && !time.isGranted)
            withExtendedLifetime(hold) {}
        }
    }

    @Test func whoWaitsForANodeThatStaysAsleepCanBeCancelled() async throws {
        try await withNode { node in
            let failures = Locked([ErrorCode]())
            let lifecycle = self.lifecycle(node, FakeTime(), isVisible: false) { refusal in
                failures.with { $0.append(refusal.code) }
            }
            await lifecycle.awaitRest()
            // Somebody else has the directory now: the resume is refused, again and again.
            let directory = self.directory(of: node)
            let other = try await Node.open(directory)
            let work = Task {
                try await lifecycle.whileAwake { _ in _ = Issue.record("it is asleep") }
            }
            await eventually("refusals") { failures.with { $0.count } >= 2 }
            #expect(Set(failures.with { $0 }) == [.alreadyOpen])
            work.cancel()
            do {
                try await work.value
                Issue.record("cancelled")
            } catch is CancellationError {}
            // And once it is free, the next who needs the node gets it.
            let needy = Task { try await lifecycle.whileAwake { try await $0.createSpace("farm").name } }
            try await other.shutdown()
            let name = try await needy.value
            #expect(name == "farm")
        }
    }

    @Test func aSyncInTheBackgroundReachesAPeerAndLeavesTheNodeAsleep() async throws {
        try await withNode("ann") { ann in
            try await withNode("ben") { ben in
                let ticket = try await ann.createSpace("farm").invite()
                _ = try await ben.join(ticket)
                try await ann.startSync(SyncOptions(listen: "127.0.0.1:0", mdns: false))
                let address = try await ann.status().listen
                let lifecycle = self.lifecycle(ben, FakeTime(), isVisible: false)
                await lifecycle.awaitRest()
                let options = SyncOptions(listen: "127.0.0.1:0", peers: address, mdns: false)
                let outcome = try await lifecycle.syncInBackground(deadline: 60, options)
                #expect(outcome == .inSync)
                let asleep = try await self.isSuspended(ben)
                #expect(asleep)
                try await ann.stopSync()
                let alone = try await lifecycle.syncInBackground(deadline: 1, options)
                #expect(alone == .alone)
                try await ben.shutdown()
                do {
                    _ = try await lifecycle.syncInBackground(deadline: 1, options)
                    Issue.record("closed")
                } catch let refusal as DunlinError {
                    #expect(refusal.code == .closed)
                }
            }
        }
    }

    @Test func onlyASyncThatMetSomebodyAndDidNotFinishIsWorthARetry() {
        let met: [PeerState] = [.disconnected, .connected]
        #expect(BackgroundSync(isInSync: true, peers: met) == .inSync)
        #expect(BackgroundSync(isInSync: false, peers: met) == .unfinished)
        #expect(BackgroundSync(isInSync: false, peers: [.greeting]) == .unfinished)
        #expect(BackgroundSync(isInSync: false, peers: [.disconnected]) == .alone)
        #expect(BackgroundSync(isInSync: false, peers: []) == .alone)
        #expect(BackgroundSync.allCases.filter(\.shouldRetry) == [.unfinished])
    }

    private func directory(of node: Node) -> URL { testDirectories.with { $0[node.device.id]! } }
}
