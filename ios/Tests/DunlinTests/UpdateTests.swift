import Foundation
import Testing

@testable import Dunlin

@Suite struct UpdateTests {
    @Test("fields that a model does not know survive an update, in lists too")
    func unknownFields() async throws {
        try await withNodes { nodes in
            let (_, farm, chores) = try await nodes.chores()
            let later = try farm.collection("chores", of: LaterChore.self)
            let steps = [LaterStep(text: "dig", by: "ben"), LaterStep(text: "fill", by: "cy")]
            try await later.put("a", LaterChore(title: "Fence", owner: "ben", steps: steps))

            try await chores.update("a") {
                $0.title = "Wall"
                $0.steps?.swapAt(0, 1)
            }
            let expected = [LaterStep(text: "fill", by: "cy"), LaterStep(text: "dig", by: "ben")]
            let read = try await later.get("a").value
            #expect(read == LaterChore(title: "Wall", owner: "ben", steps: expected))
        }
    }

    @Test("only what changed is written, and what the model adds is not")
    func difference() async throws {
        try await withNodes { nodes in
            let (_, farm, chores) = try await nodes.chores()
            try await farm.collection("chores", of: [String: String].self).put("a", ["title": "Fence"])
            #expect(try await chores.update("a") { $0.done = true }.paths == ["/done"])
            #expect(try await chores.get("a").json == ["title": "Fence", "done": true])
            #expect(try await chores.update("a") { _ in }.paths == [])
        }
    }

    @Test("an update keeps what was written since it read")
    func concurrent() async throws {
        try await withNodes { nodes in
            let (_, _, chores) = try await nodes.chores()
            try await chores.insert(Chore(title: "Fence", notes: "posts", minutes: 1), id: "a")
            let read = try await chores.get("a")
            try await chores.update("a") {
                $0.due = "2026-12-01"
                $0.notes = "oak posts"
            }
            var changed = read.value
            changed.notes = "posts!"
            changed.minutes += 3
            try await chores.save(read, as: changed)
            let value = try await chores.get("a").value
            #expect(value.due == "2026-12-01")
            #expect(value.notes == "oak posts!")
            #expect(value.minutes == 4)
        }
    }

    @Test("nil in a model removes the field, and null and absent read alike")
    func absent() async throws {
        try await withNodes { nodes in
            let (_, _, chores) = try await nodes.chores()
            try await chores.put("a", Chore(title: "Fence", due: "2026-12-01"))
            try await chores.update("a") { $0.due = nil }
            #expect(try await chores.get("a").value.due == nil)
            #expect(try await chores.get("a").json["due"] == nil)
            try await chores.edit("a") {
                $0.set("/due", String?.none)
                $0.set("/done", Bool?.none)
                $0.remove("/notes")
                $0.remove("/minutes")
            }
            #expect(try await chores.get("a").json == ["title": "Fence", "due": nil, "done": nil])
            #expect(try await chores.get("a").value == Chore(title: "Fence"))
        }
    }

    @Test("edits of every kind are carried out in order, all or none")
    func edits() async throws {
        try await withNodes { nodes in
            let (_, _, chores) = try await nodes.chores()
            try await chores.insert(Chore(title: "Fence", done: false), id: "a")
            let committed = try await chores.edit("a") {
                $0.set("/title", "Wall")
                $0.increment("/minutes", by: 5)
                $0.splice("/notes", at: 0, insert: "stone")
                $0.insert("/steps", at: 0, Step(text: "lay"))
                $0.insert("/steps", at: 0, Step(text: "dig"))
                $0.insert("/steps", at: 0, Step(text: "rest"))
                $0.move("/steps", from: 0, to: 2)
                $0.deleteItem("/steps", at: 2)
                $0.remove("/done")
            }
            let steps = [Step(text: "dig"), Step(text: "lay")]
            let expected = Chore(title: "Wall", notes: "stone", minutes: 5, steps: steps)
            let read = try await chores.get("a")
            #expect(read.value == expected)
            #expect(read.version == committed.version)
            #expect(
                try await code {
                    try await chores.edit("a") {
                        $0.set("/title", "x")
                        $0.splice("/title/y", at: 9)
                    }
                } == .wrongKind)
            #expect(try await chores.get("a").value == expected)
        }
    }

    @Test("a deleted document can be inspected and restored")
    func deleted() async throws {
        try await withNodes { nodes in
            let (_, _, chores) = try await nodes.chores()
            let id = try await chores.insert(Chore(title: "Fence")).id
            try await chores.delete(id)
            #expect(try await chores.find(id) == nil)
            #expect(try await chores.inspect(id).isDeleted)
            try await chores.restore(id)
            #expect(try await chores.find(id)?.value == Chore(title: "Fence"))
        }
    }

    @Test("numbers and text keep their value across the boundary")
    func values() async throws {
        try await withNodes { nodes in
            let (_, farm, chores) = try await nodes.chores()
            let text = "fünf Zäune \u{1F426} \u{0} \"quoted\" a/b"
            try await chores.put("a", Chore(title: text))
            try await chores.edit("a") { $0.set("/big", Int64.max) }
            #expect(try await chores.get("a").value.title == text)
            #expect(try await chores.get("a").json["big"] == .integer(.max))

            let numbers = try farm.collection("numbers", of: [String: Int64].self)
            let extremes = ["least": Int64.min, "odd": 9_007_199_254_740_993]
            try await numbers.put("a", extremes)
            #expect(try await numbers.get("a").value == extremes)
        }
    }

    @Test("many documents are put at once, and each stands or falls alone")
    func many() async throws {
        try await withNodes { nodes in
            let (_, _, chores) = try await nodes.chores()
            let outcomes = try await chores.putAll([
                "a": Chore(title: "ash"),
                "b": Chore(title: String(repeating: "x", count: 3_000_000)),
                "c": Chore(title: "cedar"),
            ])
            #expect(outcomes.map(\.id) == ["a", "b", "c"])
            #expect(try outcomes[0].result.get().paths == [""])
            #expect(throws: DunlinError.self) { try outcomes[1].result.get() }
            #expect(try await first(chores.watch()) { _ in true }.map(\.id) == ["a", "c"])
            #expect(try chores.newID() != chores.newID())
        }
    }

    @Test("dates are strings that queries compare")
    func dates() async throws {
        struct Visit: Codable, Hashable { var at: Date }
        try await withNodes { nodes in
            let visits = try await nodes.node("ann").createSpace("farm")
                .collection("visits", of: Visit.self)
            let noon = Date(timeIntervalSince1970: 1_796_126_400.25)
            try await visits.put("a", Visit(at: noon))
            try await visits.put("b", Visit(at: noon + 1))
            let read = try await visits.get("a")
            #expect(read.json == ["at": "2026-12-01T12:00:00.250Z"])
            #expect(read.value == Visit(at: noon))
            try await first(visits.watch("doc->>'$.at' > ?", noon)) { $0.map(\.id) == ["b"] }
            try await visits.edit("a") { $0.set("/at", noon + 2) }
            #expect(try await visits.get("a").value.at == noon + 2)
        }
    }
}
