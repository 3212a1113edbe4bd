import Foundation
import Testing

@testable import Dunlin

@Suite struct ChangeFeedTests {
    @Test("a consumer is told again of what it did not acknowledge, also after a restart")
    func again() async throws {
        try await withNodes { nodes in
            let (node, farm, chores) = try await nodes.chores()
            try await chores.put("a", Chore(title: "ash"))
            try await chores.put("b", Chore(title: "beech"))

            let batch = try await first(farm.changes(for: "indexer")) { _ in true }
            #expect(batch.changes.map(\.id) == ["a", "b"])
            let repeated = try await first(farm.changes(for: "indexer")) { _ in true }
            #expect(repeated.changes == batch.changes)
            try await batch.acknowledge()
            try await chores.update("a") { $0.done = true }
            try await node.shutdown()

            let later = try await nodes.node("ann").space("farm")
            let again = try await first(later.changes(for: "indexer")) { _ in true }
            let change = try #require(again.changes.first)
            #expect(again.changes.count == 1)
            #expect([change.collection, change.id] == ["chores", "a"])
            #expect(change.paths == ["/done"])
            #expect(change.device == node.device.id)
            #expect(change.kind == .human)
            #expect(change.origin == .local)
            #expect(abs(change.time.timeIntervalSinceNow) < 3600)
        }
    }

    @Test("a feed without a name begins after a number, or at the moment that it is asked")
    func unnamed() async throws {
        try await withNodes { nodes in
            let (_, farm, chores) = try await nodes.chores()
            let before = try await chores.put("a", Chore(title: "ash"))
            let all = try await first(farm.changes(after: before.seq - 1)) { _ in true }
            #expect(all.changes.map(\.id) == ["a"])
            async let next = first(farm.changes(after: before.seq)) { _ in true }
            try await chores.put("b", Chore(title: "beech"))
            #expect(try await next.changes.map(\.id) == ["b"])
        }
    }
}
