import Dunlin
import Foundation

@testable import DunlinApple

/// Where the nodes of the tests are, by the id of their device.
let testDirectories = Locked([String: URL]())

/// Runs a test over a node in a directory of its own, and takes both away.
@MainActor
func withNode(_ name: String = "barn", _ body: @MainActor (Node) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("dunlin-\(UUID().uuidString)", isDirectory: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let node = try await Node.open(directory, NodeOptions(name: name, lockWait: 0.1))
    testDirectories.with { $0[node.device.id] = directory }
    do {
        try await body(node)
    } catch {
        try? await node.shutdown()
        throw error
    }
    try await node.shutdown()
}
