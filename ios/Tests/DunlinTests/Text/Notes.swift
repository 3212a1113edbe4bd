import Foundation
import Testing

@testable import Dunlin

/// What has notes to edit, as an app would write it.
struct Page: Codable, Sendable {
    var title: String
    var notes = MergeableText()
    var minutes = Counter()
    var steps: [String]?
}

/// A model that knows nothing of notes.
struct Title: Codable, Sendable {
    var title: String
}

/// The notes of page `a`, on one node.
struct Notes: Sendable {
    let node: Node
    let space: Space
    let pages: DocumentCollection<Page>

    init(on node: Node, in space: Space) throws {
        self.node = node
        self.space = space
        pages = try space.collection("pages", of: Page.self)
    }

    func edit() async throws -> MergeableTextEditor { try await pages.editText("a", "/notes") }

    func read() async throws -> String { try await pages.get("a").value.notes.text }

    func digest() async throws -> String? { try await node.status().spaces.first?.digest }

    func waitFor(_ text: String) async throws {
        try await first(pages.watchDocument("a")) { $0?.value.notes.text == text }
    }

    /// The same notes on another node, which syncs with this one.
    func join(_ other: Node) async throws -> Notes {
        let notes = try Notes(on: other, in: try await other.join(try await space.invite()))
        try await node.startSync(SyncOptions(listen: "127.0.0.1:0", mdns: false))
        let listen = try await node.status().listen
        try await other.startSync(SyncOptions(listen: "127.0.0.1:0", peers: listen, mdns: false))
        try await first(notes.pages.watchDocument("a")) { $0 != nil }
        return notes
    }

    /// Types into an editor that is not told of what others do meanwhile; its place and base.
    func overtaken(by others: (inout Edits) -> Void) async throws -> (TextPlace, String) {
        let place = try TextPlace(pages.native, id: "a", path: "/notes")
        let (text, version) = try await place.read()
        try await pages.edit("a") { others(&$0) }
        let draft = TextDraft(known: text, base: version)
        let editor = MergeableTextEditor(place, draft, touches: AsyncThrowingStream { nil })
        try editor.change("oak \(text)!")
        try await editor.close()
        return (place, version)
    }
}

/// Runs a test on nodes of its own, ann's with a page `a`, whose directories go away with it.
///
/// - Parameter text: the notes; nil for a page without any.
func withNotes(
    _ text: String?, _ run: @Sendable @escaping (Notes, _ ben: Node) async throws -> Void
) async throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: root) }
    let ann = try await Node.open(root.appendingPathComponent("ann"), NodeOptions(name: "ann"))
    let ben = try await Node.open(root.appendingPathComponent("ben"), NodeOptions(name: "ben"))
    let space = try await ann.createSpace("farm")
    if let text {
        let page = Page(title: "Fence", notes: MergeableText(text), steps: ["posts"])
        try await space.collection("pages", of: Page.self).insert(page, id: "a")
    } else {
        try await space.collection("pages", of: Title.self).insert(Title(title: "Fence"), id: "a")
    }
    let notes = try Notes(on: ann, in: space)
    try await withDeadline { try await run(notes, ben) }
    try await ann.shutdown()
    try await ben.shutdown()
}
