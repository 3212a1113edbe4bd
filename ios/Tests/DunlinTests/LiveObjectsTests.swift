import Testing

@testable import Dunlin

@Suite struct LiveObjectsTests {
    @Test("once everything was let go of, nothing native is left")
    func none() async throws {
        try await withNodes { nodes in
            let (ann, ben, here, there) = try await nodes.pair()
            let (chores, theirs) = (try here.chores, try there.chores)
            try await ann.syncOnLoopback()
            try await ben.syncOnLoopback(ann)
            try await chores.put("a", Chore(title: "one"))
            try await first(theirs.watch()) { !$0.isEmpty }
            try await first(theirs.watchDocument("a")) { $0 != nil }
            try await first(here.changes(for: "reader")) { _ in true }.acknowledge()
            try await first(ann.watchPeers()) { _ in true }
            try await first(ann.watchStatus()) { _ in true }
            try await first(here.watchPresence(of: Cursor.self)) { _ in true }
            #expect(Diagnostics.liveObjects >= 6)
        }
        // Other tests in this process hold objects too, until they end.
        try await withDeadline(seconds: 300) {
            try await eventually { Diagnostics.liveObjects == 0 }
        }
    }
}
