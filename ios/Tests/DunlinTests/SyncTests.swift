import Testing

@testable import Dunlin

@Suite struct SyncTests {
    @Test("two nodes pair by ticket and converge over QUIC after editing apart")
    func converge() async throws {
        try await withNodes { nodes in
            let (ann, farm, annChores) = try await nodes.chores()
            let ben = try await nodes.node("ben")
            let id = try await annChores.insert(Chore(title: "Mend the fence")).id
            try await ann.syncOnLoopback()

            let there = try await ben.join(try await farm.invite(), as: "farm")
            let benChores = try there.chores
            try await ben.syncOnLoopback()
            let shown = try await first(benChores.watch()) { !$0.isEmpty }
            #expect(shown == [Entry(id: id, value: Chore(title: "Mend the fence"))])

            try await ann.stopSync()
            try await ben.stopSync()
            try await annChores.update(id) {
                $0.done = true
                $0.minutes += 20
            }
            try await benChores.update(id) {
                $0.due = "2026-12-01"
                $0.minutes += 5
            }
            try await ann.syncOnLoopback()
            try await ben.syncOnLoopback(ann)

            let merged = Chore(title: "Mend the fence", done: true, due: "2026-12-01", minutes: 25)
            for chores in [annChores, benChores] {
                try await first(chores.watch()) { $0.map(\.value) == [merged] }
            }
            let digest = try await ann.status().spaces[0].digest
            #expect(try await ben.status().spaces[0].digest == digest)
        }
    }

    @Test("concurrent edits of one text both survive, and of one field the loser is a conflict")
    func conflict() async throws {
        try await withNodes { nodes in
            let (ann, ben, here, there) = try await nodes.pair()
            let (annChores, benChores) = (try here.chores, try there.chores)
            let id = try await annChores.insert(Chore(title: "Fence", notes: "posts")).id
            try await ann.syncOnLoopback()
            try await ben.syncOnLoopback(ann)
            try await first(benChores.watch()) { !$0.isEmpty }

            try await ann.stopSync()
            try await ben.stopSync()
            try await annChores.update(id) {
                $0.title = "A"
                $0.notes = "oak posts"
            }
            try await benChores.update(id) {
                $0.title = "B"
                $0.notes = "posts, wire"
            }
            try await ann.syncOnLoopback()
            try await ben.syncOnLoopback(ann)
            for chores in [annChores, benChores] {
                try await first(chores.watch()) { $0.first?.value?.notes == "oak posts, wire" }
            }
            let read = try await annChores.get(id)
            #expect(read.conflicts.map(\.path) == ["/title"])
            let titles: Set<JSONValue> = [.string(read.value.title), read.conflicts[0].lost.value ?? nil]
            #expect(titles == ["A", "B"])
            #expect(read.conflicts[0].lost.time != nil)

            try await annChores.update(id) { $0.title = "settled" }
            #expect(try await annChores.get(id).conflicts.isEmpty)
        }
    }

    @Test("peers are told of as a sequence, with status and members")
    func peers() async throws {
        try await withNodes { nodes in
            let (ann, ben, farm, _) = try await nodes.pair(.reader)
            try await first(ann.watchPeers()) { $0.isEmpty }
            try await ann.syncOnLoopback()
            try await ben.syncOnLoopback(ann)

            let peers = try await first(ann.watchPeers()) { peers in peers.contains { $0.isInSync } }
            let met = try #require(peers.first)
            #expect(peers.count == 1)
            #expect(met.state == .connected)
            #expect(met.device == ben.device.id)
            #expect(met.name == "ben")
            #expect(met.spaces == [farm.id])
            #expect(met.reason == nil)
            let roles = farm.members.map { [$0.device.name: $0.role] }
            #expect(Set(roles) == [["ann": .admin], ["ben": .reader]])

            try await ben.stopSync()
            try await first(ann.watchPeers()) { peers in
                peers.allSatisfy { $0.state == .disconnected }
            }
        }
    }
}
