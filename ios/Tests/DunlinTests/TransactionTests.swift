import Foundation
import Testing

@testable import Dunlin

private struct Tally: Codable, Hashable, Sendable {
    var n: Int
}

/// How often a closure has run.
private actor Runs {
    private(set) var count = 0

    func next() -> Int {
        count += 1
        return count
    }
}

@Suite struct TransactionTests {
    private func tallies(
        _ nodes: Nodes, _ name: String = "ann"
    ) async throws -> (Space, DocumentCollection<Tally>) {
        let farm = try await nodes.node(name).createSpace("farm")
        let tallies = try farm.collection("tallies", of: Tally.self)
        try await tallies.insert(Tally(n: 0), id: "a")
        return (farm, tallies)
    }

    @Test("fifty updates at once that add one make fifty without a second run")
    func fifty() async throws {
        try await withNodes { nodes in
            let (_, tallies) = try await tallies(nodes)
            let runs = Runs()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try await tallies.update("a") {
                            _ = await runs.next()
                            $0.n += 1
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await tallies.get("a").value.n == 50)
            #expect(await runs.count == 50)
        }
    }

    @Test("a write meanwhile makes it run again on what is there")
    func again() async throws {
        struct Stale: Error {}
        try await withNodes { nodes in
            let (farm, tallies) = try await tallies(nodes)
            let runs = Runs()
            let read = try await farm.transaction { tx in
                let read = try await tx.get("a", in: tallies)
                if await runs.next() == 1 {
                    try await tallies.put("a", Tally(n: 10))
                    #expect(try await code { _ = try await tx.get("b", in: tallies) } == .busy)
                    throw Stale()
                }
                try tx.save(read, as: Tally(n: read.value.n + 1), in: tallies)
                return try await tx.get("a", in: tallies).value.n
            }
            #expect(read == 11)
            #expect(try await tallies.get("a").value.n == 11)
            #expect(await runs.count == 2)
        }
    }

    @Test("it is all or nothing, and one batch of the feed")
    func allOrNothing() async throws {
        struct No: Error {}
        try await withNodes { nodes in
            let (farm, tallies) = try await tallies(nodes)
            let refusal = try await code {
                try await farm.transaction { tx in
                    try tx.put("b", Tally(n: 2), in: tallies)
                    try tx.edit("a", in: tallies) { $0.set("/n", 3) }
                    try tx.delete("nobody", in: tallies)
                }
            }
            #expect(refusal == .notFound)
            await #expect(throws: No.self) {
                try await farm.transaction { tx in
                    try tx.put("b", Tally(n: 2), in: tallies)
                    throw No()
                }
            }
            #expect(try await tallies.get("a").value.n == 0)
            #expect(try await tallies.find("b") == nil)

            let before = try await first(farm.changes(after: 0)) { _ in true }
            let after = try #require(before.changes.last?.seq)
            let id = try await farm.transaction { tx in
                try tx.replace("a", Tally(n: 5), in: tallies)
                for n in 0..<300 { try tx.put("t\(n)", Tally(n: n), in: tallies) }
                return try tx.insert(Tally(n: 7), in: tallies)
            }
            let batch = try await first(farm.changes(after: after)) { _ in true }.changes
            #expect(batch.count == 302)
            #expect(batch.last?.id == id)
            let count = try await farm.transaction { tx in
                try await tx.query("SELECT count(*) AS n FROM tallies WHERE id LIKE ?", "t%")
            }
            #expect(count.rows.count == 1)
            #expect(count.rows[0]["n"] == 300)
        }
    }

    @Test("one inside another on the same space is refused at once")
    func nested() async throws {
        try await withNodes { nodes in
            let (farm, tallies) = try await tallies(nodes)
            let (_, others) = try await self.tallies(nodes, "ben")
            let start = Date()
            try await tallies.update("a") {
                async let inner = code { _ = try await tallies.update("a") { $0.n += 1 } }
                #expect(try await inner == .invalidInput)
                #expect(try await code { try await farm.transaction { _ in } } == .invalidInput)
                try await others.update("a") { $0.n += 1 }
                $0.n += 1
            }
            #expect(Date().timeIntervalSince(start) < 2)
            #expect(try await tallies.get("a").value.n == 1)
            #expect(try await others.get("a").value.n == 1)
            let mixed = try await code {
                _ = try await farm.transaction { tx in try await tx.get("a", in: others) }
            }
            #expect(mixed == .invalidInput)
        }
    }

    @Test("a run of two seconds loses its turn and the next in line goes on")
    func slow() async throws {
        try await withNodes { nodes in
            let (farm, tallies) = try await tallies(nodes)
            let runs = Runs()
            async let slow = code {
                try await farm.transaction { tx in
                    try tx.put("a", Tally(n: -1), in: tallies)
                    _ = await runs.next()
                    while try await tallies.get("a").value.n == 0 {
                        try await Task.sleep(nanoseconds: 10_000_000)
                    }
                }
            }
            while await runs.count == 0 { try await Task.sleep(nanoseconds: 1_000_000) }
            try await tallies.update("a") { $0.n += 1 }
            #expect(try await slow == .busy)
            #expect(try await tallies.get("a").value.n == 1)
        }
    }

    @Test("a cancelled transaction writes nothing and gives its turn back")
    func cancelled() async throws {
        try await withNodes { nodes in
            let (farm, tallies) = try await tallies(nodes)
            let writing = Task {
                try await farm.transaction { tx in
                    try tx.put("a", Tally(n: -1), in: tallies)
                    try await Task.sleep(nanoseconds: 60_000_000_000)
                }
            }
            writing.cancel()
            await #expect(throws: CancellationError.self) { try await writing.value }
            try await tallies.update("a") { $0.n += 1 }
            #expect(try await tallies.get("a").value.n == 1)
        }
    }
}
