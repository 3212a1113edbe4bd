import Foundation
import Testing

@testable import Dunlin

/// What an app would write.
struct Chore: Codable, Hashable, Sendable {
    var title: String
    var done: Bool?
    var due: String?
    var notes = MergeableText()
    var minutes = Counter()
    var steps: [Step]?
}

struct Step: Codable, Hashable, Sendable {
    var text: String
}

/// The model of a later release of the same app.
struct LaterChore: Codable, Hashable, Sendable {
    var title: String
    var owner: String
    var steps: [LaterStep]
}

struct LaterStep: Codable, Hashable, Sendable {
    var text: String
    var by: String
}

/// What a device is about.
struct Cursor: Codable, Hashable, Sendable {
    var document: String
    var at = 0
}

/// Nodes of one test, in directories that go away with it.
actor Nodes {
    private let root: URL
    private var open: [Node] = []

    fileprivate init(_ root: URL) {
        self.root = root
    }

    nonisolated func directory(_ name: String) -> URL { root.appendingPathComponent(name) }

    func node(_ name: String, _ options: NodeOptions? = nil) async throws -> Node {
        let node = try await Node.open(directory(name), options ?? NodeOptions(name: name))
        open.append(node)
        return node
    }

    fileprivate func shutdown() async throws {
        for node in open { try await node.shutdown() }
    }
}

/// Runs a test with nodes of its own.
func withNodes(_ run: @Sendable @escaping (Nodes) async throws -> Void) async throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: root) }
    let nodes = Nodes(root)
    do {
        try await withDeadline(seconds: 120) { try await run(nodes) }
    } catch {
        try? await nodes.shutdown()
        throw error
    }
    try await nodes.shutdown()
}

extension Nodes {
    /// The chores of a node that has founded a space for them.
    func chores(_ name: String = "ann") async throws -> (Node, Space, DocumentCollection<Chore>) {
        let node = try await node(name)
        let farm = try await node.createSpace("farm")
        return (node, farm, try farm.chores)
    }

    /// Two nodes with one space, which do not sync yet.
    func pair(
        _ role: Role = .writer
    ) async throws -> (ann: Node, ben: Node, here: Space, there: Space) {
        let (ann, ben) = (try await node("ann"), try await node("ben"))
        let here = try await ann.createSpace("farm")
        return (ann, ben, here, try await ben.join(try await here.invite(role)))
    }
}

extension Space {
    var chores: DocumentCollection<Chore> {
        get throws { try collection("chores", of: Chore.self) }
    }
}

extension Node {
    /// Syncs on loopback, with nobody but those whose addresses are given or known.
    func syncOnLoopback(_ peers: Node...) async throws {
        var options = SyncOptions(listen: "127.0.0.1:0", mdns: false)
        for peer in peers { options.peers += try await peer.status().listen }
        try await startSync(options)
    }
}

/// Runs what must be refused; the code of the refusal.
func code(_ call: @Sendable () async throws -> Void) async throws -> ErrorCode {
    try await refused(call).code
}
