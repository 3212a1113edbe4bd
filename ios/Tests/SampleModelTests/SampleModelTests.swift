import Dunlin
import Foundation
import Testing

@testable import SampleModel

/// What the sample's screens show, over real nodes; the screens themselves are not here.
struct SampleModelTests {
    @Test func anInspectionIsFoundedVisitedAndDescribed() async throws {
        try await withTwoNodes { ann, _ in
            let inspections = try await ann.createSpace("farm").inspections
            let id = try await inspections.insert(Inspection(place: "North fence")).id
            try await inspections.update(id) {
                $0.condition = conditions[2]
                $0.visits += 1
                $0.notes = "two posts"
            }
            let read = try await inspections.get(id)
            let expected = Inspection(
                place: "North fence", condition: "worn", notes: "two posts", visits: 1)
            #expect(read.value == expected)
        }
    }

    @Test func aConflictIsSaidInWordsAndTakingWhatLostSettlesIt() async throws {
        try await withTwoNodes { ann, ben in
            let farm = try await ann.createSpace("farm")
            let here = try farm.inspections
            let id = try await here.insert(Inspection(place: "Gate")).id
            let ticket = Ticket.read(" \(Ticket.codeText(try await farm.invite()))\n")
            let there = try await ben.join(ticket).inspections
            try await exchange(ann, ben)
            for try await list in there.watch() where !list.isEmpty { break }
            try await ann.stopSync()
            try await ben.stopSync()
            try await here.update(id) { $0.condition = "good" }
            try await there.update(id) { $0.condition = "broken" }
            try await exchange(ann, ben)
            for try await document in here.watchDocument(id) {
                if document?.conflicts.isEmpty == false { break }
            }
            let read = try await here.get(id)
            let lost = read.value.condition == "good" ? "broken" : "good"
            let conflict = try #require(read.conflicts.first)
            #expect(conflict.words?.hasPrefix("/condition was also \(lost)") == true)
            try await here.take(read, conflict)
            let settled = try await here.get(id)
            #expect(settled.value.condition == lost)
            #expect(settled.conflicts.isEmpty)
        }
    }

    @Test func theStatusSaysWhoIsNearAndWhoIsAway() async throws {
        try await withTwoNodes { ann, ben in
            let farm = try await ann.createSpace("farm")
            let alone = try await ann.status().lines
            #expect(
                alone == [
                    "This device: ann", "Not syncing", "farm: 0 documents, not in sync",
                    "No other device yet",
                ])
            _ = try await ben.join(try await farm.invite())
            try await exchange(ann, ben)
            try await ann.show { $0.contains("ben: in sync") && $0.contains("farm: 0 documents, in sync") }
            try await ben.shutdown()
            try await ann.show { $0.contains { $0.hasPrefix("ben: away") } }
        }
    }

    private func exchange(_ ann: Node, _ ben: Node) async throws {
        try await ann.startSync(SyncOptions(listen: "127.0.0.1:0", mdns: false))
        let address = try await ann.status().listen
        try await ben.startSync(SyncOptions(listen: "127.0.0.1:0", peers: address, mdns: false))
    }
}

extension Node {
    /// Waits until the status shows something.
    fileprivate func show(_ isShown: ([String]) -> Bool) async throws {
        for try await status in watchStatus() where isShown(status.lines) { return }
    }
}

private func withTwoNodes(_ body: (Node, Node) async throws -> Void) async throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: root) }
    var nodes = [Node]()
    for name in ["ann", "ben"] {
        nodes.append(try await Node.open(root.appendingPathComponent(name), NodeOptions(name: name)))
    }
    do {
        try await body(nodes[0], nodes[1])
    } catch {
        for node in nodes { try? await node.shutdown() }
        throw error
    }
    for node in nodes { try await node.shutdown() }
}
