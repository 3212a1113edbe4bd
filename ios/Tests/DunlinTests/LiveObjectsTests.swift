import Testing

@testable import Dunlin

@Suite struct LiveObjectsTests {
    @Test("a node that is let go of closes too, once nothing that came from it is held")
    func letGo() async throws {
        try await withNodes { nodes in
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
        }
    }

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
