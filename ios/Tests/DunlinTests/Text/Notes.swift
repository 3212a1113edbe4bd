import Foundation
import Testing

@testable import Dunlin

/// A model that knows nothing of notes.
struct Title: Codable, Sendable {
    var title: String
}

/// The notes of the chore `a`, on one node.
struct Notes: Sendable {
    let node: Node
    let space: Space
    let chores: DocumentCollection<Chore>

    init(on node: Node, in space: Space) throws {
        self.node = node
        self.space = space
        chores = try space.chores
    }

    func edit() async throws -> MergeableTextEditor { try await chores.editText("a", "/notes") }

    func read() async throws -> String { try await chores.get("a").value.notes.text }

    func digest() async throws -> String? { try await node.status().spaces.first?.digest }

    func waitFor(_ text: String) async throws {
        try await first(chores.watchDocument("a")) { $0?.value?.notes.text == text }
    }

    /// The same notes on another node, which syncs with this one.
    func join(_ other: Node) async throws -> Notes {
        let notes = try Notes(on: other, in: try await other.join(try await space.invite()))
        try await node.syncOnLoopback()
        try await other.syncOnLoopback(node)
        try await first(notes.chores.watchDocument("a")) { $0 != nil }
        return notes
    }

    /// Types into an editor that is not told of what others do meanwhile; its place and base.
    func overtaken(by others: (inout Edits) -> Void) async throws -> (TextPlace, String) {
        let (place, text) = try await TextPlace.find(chores.native, id: "a", path: "/notes")
        try await chores.edit("a") { others(&$0) }
        let draft = TextDraft(known: text.content, base: text.version)
        let editor = MergeableTextEditor(place, draft, touches: AsyncThrowingStream { nil })
        try editor.change("oak \(text.content)!")
        try await editor.close()
        return (place, text.version)
    }
}

/// Runs a test with the notes of a node of its own, and with more nodes if it wants some.
///
/// - Parameter text: the notes; nil for a chore without any.
func withNotes(
    _ text: String?, _ run: @Sendable @escaping (Notes, Nodes) async throws -> Void
) async throws {
    try await withNodes { nodes in
        let (node, space, chores) = try await nodes.chores()
        if let text {
            let steps = [Step(text: "posts")]
            try await chores.insert(
                Chore(title: "Fence", notes: MergeableText(text), steps: steps), id: "a")
        } else {
            let titles = try space.collection("chores", of: Title.self)
            try await titles.insert(Title(title: "Fence"), id: "a")
        }
        try await run(try Notes(on: node, in: space), nodes)
    }
}
