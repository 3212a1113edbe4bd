import Foundation
import Testing

@testable import Dunlin

@Suite struct LoadTests {
    @Test("ten thousand batches reach those who follow, each once")
    func deliveries() async throws {
        try await withNodes { nodes in
            let (_, farm, chores) = try await nodes.chores()
            let start = try await chores.put("start", Chore(title: "start")).seq
            let followers = 100
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (told, tell) = AsyncStream.makeStream(of: (Int, [String]).self)
                for number in 0..<followers {
                    group.addTask {
                        for try await batch in farm.changes(after: start) {
                            tell.yield((number, batch.changes.map(\.id)))
                        }
                    }
                }
                var deliveries = told.makeAsyncIterator()
                for round in 0..<10_000 / followers {
                    try await chores.put("c\(round)", Chore(title: "chore"))
                    var numbers: Set<Int> = []
                    for _ in 0..<followers {
                        let (number, ids) = try #require(await deliveries.next())
                        numbers.insert(number)
                        #expect(ids == ["c\(round)"])
                    }
                    #expect(numbers.count == followers)
                }
                group.cancelAll()
                try await group.waitForAll()
                tell.finish()
                #expect(await deliveries.next() == nil)
            }
        }
    }

    @Test("a shutdown amid writes, queries and sequences ends them all, and keeps what was answered")
    func shutdown() async throws {
        try await withNodes { nodes in
            let (node, farm, chores) = try await nodes.chores()
            try await chores.put("text", Chore(title: "Fence"))
            let answered = Guarded<Set<String>>([])
            let (begun, begin) = AsyncStream.makeStream(of: Void.self)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        try await untilClosed(begin) { number in
                            let id = "w\(writer)-\(number)"
                            try await chores.put(id, Chore(title: "chore"))
                            answered.change { _ = $0.insert(id) }
                        }
                    }
                }
                for _ in 0..<4 {
                    group.addTask {
                        try await untilClosed(begin) { _ in
                            _ = try await farm.query("SELECT count(*) FROM chores")
                        }
                    }
                }
                for _ in 0..<2 {
                    group.addTask {
                        try await untilClosed(begin) { _ in
                            try await chores.update("text") { $0.minutes += 1 }
                        }
                    }
                }
                for _ in 0..<4 {
                    group.addTask { try await untilEnded(begin, chores.watch()) }
                    group.addTask { try await untilEnded(begin, farm.changes(after: 0)) }
                }
                group.addTask { try await untilEnded(begin, chores.watchDocument("text")) }
                var busy = begun.makeAsyncIterator()
                for _ in 0..<19 { await busy.next() }
                try await node.shutdown()
                try await group.waitForAll()
            }
            let later = try await nodes.node("ann").space("farm").chores
            let kept = try await first(later.watch()) { _ in true }.map(\.id)
            #expect(answered.value.subtracting(kept).isEmpty)
            #expect(answered.value.count >= 12)
        }
    }

    @Test("everything native is let go of amid work, and a cancelled group takes everything along")
    func letGo() async throws {
        try await withNodes { nodes in
            let (_, farm, chores) = try await nodes.chores()
            try await chores.put("text", Chore(title: "Fence"))
            for round in 0..<20 {
                let (begun, begin) = AsyncStream.makeStream(of: Void.self)
                await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await untilEnded(begin, chores.watch()) }
                    group.addTask { try await untilEnded(begin, farm.changes(after: 0)) }
                    group.addTask { try await untilEnded(begin, chores.watchDocument("text")) }
                    group.addTask {
                        for number in 0... {
                            try await chores.put("r\(round)-\(number)", Chore(title: "chore"))
                            if number == 3 { begin.yield() }
                        }
                    }
                    group.addTask {
                        // Handles that live for one call each, dropped while others are at work.
                        for number in 0... {
                            _ = try await farm.chores.find("text")
                            if number == 3 { begin.yield() }
                        }
                    }
                    var busy = begun.makeAsyncIterator()
                    for _ in 0..<5 { await busy.next() }
                    group.cancelAll()
                    // The writers and readers end with a `CancellationError`, the others just end.
                    while let result = await group.nextResult() {
                        if case .failure(let error) = result { #expect(error is CancellationError) }
                    }
                }
            }
            #expect(try await first(chores.watch()) { _ in true }.count >= 60)
        }
    }
}

/// Does something over and over until it is refused as closed; tells when it was done three times.
private func untilClosed(
    _ begun: AsyncStream<Void>.Continuation, _ work: @Sendable (Int) async throws -> Void
) async throws {
    let refusal = try await refused {
        for number in 0... {
            try await work(number)
            if number == 2 { begun.yield() }
        }
    }
    #expect(refusal.code == .closed, "\(refusal)")
}

/// Follows a sequence until it ends; tells of the first element.
private func untilEnded<Element>(
    _ begun: AsyncStream<Void>.Continuation, _ updates: Updates<Element>
) async throws {
    var isFirst = true
    for try await _ in updates {
        if isFirst { begun.yield() }
        isFirst = false
    }
}
