import Foundation
import Testing

@testable import Dunlin

@Suite struct CancellationTests {
    @Test("cancelling a task that waits for an element ends the sequence and stops the native side")
    func cancel() async throws {
        try await withNodes { nodes in
            let (_, farm, chores) = try await nodes.chores()
            try await chores.put("a", Chore(title: "ash"))
            let feed = try await farm.native.changes(consumer: "app")
            let (begun, begin) = AsyncStream.makeStream(of: Void.self)
            let updates = Updates {
                Subscription(pull: { try await feed.next() }, stop: { feed.stop() })
            }
            let task = Task {
                for try await _ in updates { begin.yield() }
                return Task.isCancelled
            }
            try await first(begun) { true }
            task.cancel()
            #expect(try await task.value)
            // It was stopped: a feed that runs would wait for the next commit.
            #expect(try await feed.next() == nil)
        }
    }

    @Test("letting go of an iteration stops the native side")
    func letGo() async throws {
        try await withNodes { nodes in
            let (_, farm, chores) = try await nodes.chores()
            try await chores.put("a", Chore(title: "ash"))
            let feed = try await farm.native.changes(consumer: "app")
            let updates = Updates {
                Subscription(pull: { try await feed.next() }, stop: { feed.stop() })
            }
            for try await events in updates {
                #expect(events.map(\.id) == ["a"])
                break
            }
            #expect(try await feed.next() == nil)
        }
    }

    @Test("a task that is cancelled already follows nothing")
    func cancelledBefore() async throws {
        try await withNodes { nodes in
            let (node, _, chores) = try await nodes.chores()
            let told = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                var count = 0
                for try await _ in node.watchPeers() { count += 1 }
                for try await _ in chores.watchDocument("a") { count += 1 }
                return count
            }
            #expect(try await told.value == 0)
        }
    }

    @Test("a document that is waited for while the node is suspended is given up")
    func suspended() async throws {
        try await withNodes { nodes in
            let (node, _, chores) = try await nodes.chores()
            try await node.suspend()
            let task = Task {
                for try await _ in chores.watchDocument("a") {}
                return Task.isCancelled
            }
            try await pause(milliseconds: 20)
            task.cancel()
            #expect(try await task.value)
        }
    }

    @Test("a write whose caller is cancelled is done all the same")
    func write() async throws {
        try await withNodes { nodes in
            let (_, farm, chores) = try await nodes.chores()
            // What waits in a queue of the library is a call that has begun.
            let count = 200
            let tasks = (0..<count).map { number in
                Task { try await chores.put("c\(number)", Chore(title: "chore")) }
            }
            for task in tasks { task.cancel() }
            var known = 0
            for task in tasks where (try? await task.value) != nil { known += 1 }
            // Whatever was answered is there; what was given up is there whole or not at all.
            try await chores.put("last", Chore(title: "chore"))
            let there = try await farm.query("SELECT id FROM chores").rows.count
            #expect(there > known)
            #expect(there <= count + 1)
        }
    }
}
