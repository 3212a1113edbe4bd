import Testing

@testable import Dunlin

@Suite struct PresenceTests {
    @Test("what a device is about reaches others as a sequence, and is taken back")
    func reaches() async throws {
        try await withNodes { nodes in
            let (ann, ben, here, there) = try await nodes.pair(.reader)
            try await first(here.watchPresence(of: Cursor.self)) { $0.isEmpty }
            try await there.setPresence(Cursor(document: "fence", at: 7))
            try await ann.syncOnLoopback()
            try await ben.syncOnLoopback(ann)

            let present = try await first(here.watchPresence(of: Cursor.self)) { !$0.isEmpty }
            #expect(present == [Presence(device: ben.device, state: Cursor(document: "fence", at: 7))])
            let other = try await first(here.watchPresence(of: Step.self)) { !$0.isEmpty }
            #expect(other == [Presence(device: ben.device, state: nil)])
            try await there.clearPresence()
            try await first(here.watchPresence(of: Cursor.self)) { $0.isEmpty }
        }
    }

    @Test("it fades by itself")
    func fades() async throws {
        try await withNodes { nodes in
            let (ann, ben, here, there) = try await nodes.pair()
            try await ann.syncOnLoopback()
            try await ben.syncOnLoopback(ann)
            try await first(ann.watchPeers()) { peers in peers.contains { $0.isInSync } }
            // Followed from before it is said: it must not have faded when the first look is taken.
            var present = here.watchPresence(of: Cursor.self).makeAsyncIterator()
            #expect(try await present.next()?.isEmpty == true)
            try await there.setPresence(Cursor(document: "fence"), holds: 5)
            #expect(try await present.next()?.isEmpty == false)
            #expect(try await present.next()?.isEmpty == true)
        }
    }

    @Test("what cannot be a presence is refused")
    func refusals() async throws {
        try await withNodes { nodes in
            let (_, farm, _) = try await nodes.chores()
            let long = Cursor(document: String(repeating: "x", count: 4096))
            #expect(try await code { try await farm.setPresence(long) } == .limitExceeded)
            for holds in [0, -1, 7200, Double.nan] {
                let fence = Cursor(document: "fence")
                let refusal = try await code { try await farm.setPresence(fence, holds: holds) }
                #expect(refusal == .invalidInput)
            }
        }
    }

    @Test("the status is a sequence that tells of writes and ends with the node")
    func status() async throws {
        try await withNodes { nodes in
            let (ann, _, chores) = try await nodes.chores()
            var status = ann.watchStatus().makeAsyncIterator()
            #expect(try await status.next()?.spaces.map(\.documents) == [0])
            try await chores.insert(Chore(title: "Fence"))
            while try await status.next()?.spaces.first?.documents != 1 {}
            try await ann.syncOnLoopback()
            while try await status.next()?.listen.isEmpty != false {}
            try await ann.shutdown()
            while try await status.next() != nil {}
            var late = ann.watchStatus().makeAsyncIterator()
            #expect(try await late.next() == nil)
        }
    }
}
