import Testing

@testable import Dunlin

@Suite struct BackgroundTests {
    @Test("a suspended node refuses, its sequences wait, and both go on after a resume")
    func suspend() async throws {
        try await withNodes { nodes in
            let (ann, _, chores) = try await nodes.chores()
            try await chores.put("a", Chore(title: "one"))
            async let both = first(chores.watch()) { $0.count == 2 }
            async let document = first(chores.watchDocument("b")) { $0 != nil }
            try await ann.suspend()
            let refusal = try await refused { try await chores.put("b", Chore(title: "two")) }
            #expect(refusal.code == .suspended)
            #expect(refusal.isRetryable)
            try await ann.resume()
            try await chores.put("b", Chore(title: "two"))
            #expect(try await both.map(\.value?.title) == ["one", "two"])
            #expect(try await document?.value?.title == "two")
        }
    }

    @Test("work in the background syncs once and leaves the node suspended")
    func syncOnce() async throws {
        try await withNodes { nodes in
            let (ann, ben, here, there) = try await nodes.pair()
            let benChores = try there.chores
            try await ann.syncOnLoopback()
            let listen = try await ann.status().listen
            try await here.chores.put("a", Chore(title: "one"))
            try await ben.suspend()

            let alone = SyncOptions(listen: "127.0.0.1:0", mdns: false)
            var options = alone
            options.peers = listen
            let outcome = try await ben.syncOnce(deadline: 30, options)
            #expect(outcome.isInSync)
            #expect(outcome.peers.map(\.name) == ["ann"])
            #expect(try await code { _ = try await benChores.get("a") } == .suspended)
            try await ben.resume()
            #expect(try await benChores.get("a").value.title == "one")

            try await ann.stopSync()
            let met = try await ben.syncOnce(deadline: 0.1, alone)
            #expect(!met.isInSync)
        }
    }

    @Test("a sync that runs is started anew on another socket")
    func restart() async throws {
        try await withNodes { nodes in
            let (ann, ben, here, there) = try await nodes.pair()
            try await ann.restartSync()
            #expect(try await ann.status().listen.isEmpty)
            try await ann.syncOnLoopback()
            try await ann.restartSync()
            try await ben.syncOnLoopback(ann)
            try await here.chores.put("a", Chore(title: "one"))
            try await first(there.chores.watch()) { $0.count == 1 }
        }
    }
}
