import Foundation
import Testing

@testable import Dunlin

/// Calls from an actor of the app, such as the main actor, with what belongs to it.
@Suite struct ActorTests {
    @Test("a model of a screen reads, writes and follows on the main actor")
    func mainActor() async throws {
        try await withNodes { nodes in
            let (_, _, chores) = try await nodes.chores()
            try await chores.put("a", Chore(title: "Fence"))
            let screen = await Screen(chores)
            try await screen.rename("a", to: "Wall")
            try await screen.follow(until: "Wall")
            #expect(await screen.shown == ["Wall"])
            #expect(await screen.edits == 2)
        }
    }
}

@MainActor private final class Screen {
    private(set) var shown: [String] = []
    private(set) var edits = 0
    private let chores: DocumentCollection<Chore>

    init(_ chores: DocumentCollection<Chore>) {
        self.chores = chores
    }

    func rename(_ id: String, to title: String) async throws {
        try await chores.update(id) {
            edits += 1
            $0.title = title
        }
        try await chores.edit(id) {
            edits += 1
            $0.increment("/minutes")
        }
    }

    func follow(until title: String) async throws {
        for try await entries in chores.watch() {
            shown = entries.values.map(\.title)
            if shown == [title] { break }
        }
    }
}
