import Dunlin
import Foundation

@testable import DunlinUI

struct Model: Codable, Sendable {
    var text: MergeableText
}

/// Runs a test with a collection of a node of its own, whose directory goes away with it.
@MainActor
func withModels(
    _ test: @escaping @MainActor (DocumentCollection<Model>) async throws -> Void
) async throws {
    let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: directory) }
    let node = try await Node.open(directory)
    let models = try await node.createSpace("farm").collection("models", of: Model.self)
    try await withDeadline { try await test(models) }
    try await node.shutdown()
}

extension DocumentCollection where Model == DunlinUITests.Model {
    func waitFor(_ text: String, id: String = "a") async throws {
        for try await document in watchDocument(id) where document?.value?.text.text == text { return }
    }
}

/// Waits until something that is observed is so.
@MainActor
func until(_ observed: Observed, _ isSo: @MainActor () -> Bool) async throws {
    let (changes, change) = AsyncStream.makeStream(of: Void.self)
    observed.onChange = { change.yield() }
    change.yield()
    for await _ in changes where isSo() { return }
    try Task.checkCancellation()
}

/// Runs what takes far less: a test that waits for what never comes fails instead.
@MainActor
private func withDeadline(_ run: @escaping @MainActor () async throws -> Void) async throws {
    let running = Task { try await run() }
    let deadline = Task {
        try await Task.sleep(nanoseconds: 60_000_000_000)
        running.cancel()
    }
    defer { deadline.cancel() }
    try await running.value
}

/// Counts from anywhere.
final class Tally: @unchecked Sendable {
    private let lock = NSLock()
    private var counted = 0

    var count: Int { lock.withLock { counted } }

    func add() { lock.withLock { counted += 1 } }
}
