import Foundation
import Testing

@testable import Dunlin

/// The hook is there for the whole process: one test after the other, each for nodes of its own names.
@Suite(.serialized) struct LeakTests {
    @Test("a node that is dropped without a shutdown is reported once, with where it was opened")
    func hook() async throws {
        try await withNodes { nodes in
            try await withLeaks(of: "bittern") { leaks in
                let closed = NodeOptions(name: "bittern-closed")
                try await Node.open(nodes.directory("closed"), closed).shutdown()
                let dropped = NodeOptions(name: "bittern")
                let line: UInt = #line + 1
                _ = try await Node.open(nodes.directory("dropped"), dropped)
                try await eventually { !leaks.value.isEmpty }
                #expect(
                    leaks.value == [
                        "the node bittern was dropped without shutdown; shut it down when you are done"
                            + " @ DunlinTests/LeakTests.swift:\(line)"
                    ])
            }
        }
    }

    @Test("a node that was shut down, twice too, is not reported")
    func shutdownTwice() async throws {
        try await withNodes { nodes in
            try await withLeaks(of: "crane") { leaks in
                var node: Node? = try await Node.open(
                    nodes.directory("crane"), NodeOptions(name: "crane"))
                try await node?.shutdown()
                try await node?.shutdown()
                node = nil
                #expect(leaks.value.isEmpty)
            }
        }
    }

    @Test("nodes, iterators and tasks that are dropped amid updates end without a fault")
    func amidUpdates() async throws {
        try await withNodes { nodes in
            try await withLeaks(of: "tern") { leaks in
                for round in 1...5 {
                    try await dropAmidUpdates(nodes.directory("tern-\(round)"))
                    #expect(leaks.value.count == round)
                }
                // All is closed once nothing holds it: each directory opens again, with what was written.
                for round in 1...5 {
                    let options = NodeOptions(name: "tern", lockWait: 60)
                    let again = try await Node.open(nodes.directory("tern-\(round)"), options)
                    #expect(try await first(again.space("farm").chores.watch()) { _ in true }.count > 0)
                    try await again.shutdown()
                }
            }
        }
    }

    @Test("a node that is let go of closes too, once nothing that came from it is held")
    func closes() async throws {
        try await withNodes { nodes in
            try await withLeaks(of: "heron") { leaks in
                let path = nodes.directory("heron")
                let options = NodeOptions(name: "heron", lockWait: 0)
                var node: Node? = try await Node.open(path, options)
                var farm: Space? = try await node?.createSpace("farm")
                let chores = try farm?.chores
                node = nil
                farm = nil
                // The collection still works, and keeps the directory.
                try await chores?.put("a", Chore(title: "Fence"))
                #expect(try await code { _ = try await Node.open(path, options) } == .alreadyOpen)
                _ = consume chores
                let again = try await Node.open(path, NodeOptions(name: "heron", lockWait: 60))
                #expect(try await again.space("farm").chores.get("a").value.title == "Fence")
                try await again.shutdown()
                #expect(leaks.value.count == 1)
            }
        }
    }

    #if !canImport(os)
        @Test("a leak is a line of text unless the app takes it over")
        func line() throws {
            let pipe = Pipe()
            logLeak("the node egret was dropped", "App/Main.swift:3", to: pipe.fileHandleForWriting)
            try pipe.fileHandleForWriting.close()
            let written = pipe.fileHandleForReading.readDataToEndOfFile()
            #expect(
                String(decoding: written, as: UTF8.self)
                    == "dunlin: the node egret was dropped (opened at App/Main.swift:3)\n")
        }
    #endif

    /// Lets go of a node, and then of all that came from it, in the midst of updates.
    private func dropAmidUpdates(_ directory: URL) async throws {
        var node: Node? = try await Node.open(directory, NodeOptions(name: "tern"))
        let farm = try await node!.createSpace("farm")
        let (chores, statuses, peers) = (try farm.chores, node!.watchStatus(), node!.watchPeers())
        let writing = Task {
            for number in 0... { try await chores.put("\(number % 20)", Chore(title: "\(number)")) }
        }
        let following = (0..<4).flatMap { _ in
            [
                Task { for try await _ in chores.watch() {} },
                Task { for try await _ in statuses {} },
                Task { for try await _ in peers {} },
                Task { for try await _ in farm.changes() {} },
                Task { for try await _ in farm.watchPresence(of: Cursor.self) {} },
            ]
        }
        // Asked once and let go of, while more comes.
        for _ in 0..<10 {
            try await first(chores.watch()) { !$0.isEmpty }
            try await first(farm.changes(after: 0)) { _ in true }
        }
        node = nil
        // What came from it goes on without it.
        try await first(farm.changes()) { _ in true }
        for task in following { task.cancel() }
        writing.cancel()
        for task in following { try await task.value }
        await #expect(throws: CancellationError.self) { try await writing.value }
    }
}

/// Runs something with what is said meanwhile of leaks that have this word in them.
private func withLeaks(
    of word: String, _ run: (Guarded<[String]>) async throws -> Void
) async throws {
    let leaks = Guarded<[String]>([])
    let usual = Diagnostics.onLeak
    Diagnostics.onLeak = { message, opened in
        guard message.contains(word) else { return usual(message, opened) }
        leaks.change { $0.append("\(message) @ \(opened)") }
    }
    defer { Diagnostics.onLeak = usual }
    try await run(leaks)
}
