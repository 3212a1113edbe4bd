import Testing

@testable import Dunlin

/// Leaves out what a later version of the app wrote, and sorts.
private struct Plan: Codable {
    struct Row: Codable, Equatable {
        var text: String
        var done: Bool?
    }

    private struct Stored: Decodable {
        let text: String
        let done: Bool?
        let later: Int?
    }

    private enum CodingKeys: String, CodingKey { case rows }

    var rows: [Row]

    init(from decoder: any Decoder) throws {
        let stored = try decoder.container(keyedBy: CodingKeys.self).decode([Stored].self, forKey: .rows)
        rows = stored.filter { $0.later == nil }
            .map { Row(text: $0.text, done: $0.done) }
            .sorted { $0.text < $1.text }
    }
}

/// Shows one colour for all that it does not know.
private struct Palette: Codable {
    private enum CodingKeys: String, CodingKey { case colours }

    var colours: [String]

    init(from decoder: any Decoder) throws {
        let stored = try decoder.container(keyedBy: CodingKeys.self).decode([String].self, forKey: .colours)
        colours = stored.map { $0.count == 3 ? $0 : "red" }
    }
}

private struct Tagged: Codable {
    var tags: Set<String>
}

@Suite("models that do not show a document as it is stored") struct SavingTests {
    @Test("a change goes to the row that it was made to, however the model sorts and filters")
    func sortedAndFiltered() async throws {
        try await withNodes { nodes in
            let (_, farm, _) = try await nodes.chores()
            let stored = try farm.collection("plans", of: JSONValue.self)
            let plans = try farm.collection("plans", of: Plan.self)
            let later: JSONValue = ["text": "x", "later": 1]
            try await stored.put(
                "a", ["rows": [["text": "c"], later, ["text": "b"], ["text": "a"]]])
            try await plans.update("a") { $0.rows[1].done = true }
            let ticked: JSONValue = ["text": "b", "done": true]
            #expect(
                try await stored.get("a").json
                    == ["rows": [["text": "c"], later, ticked, ["text": "a"]]])
            try await plans.update("a") { $0.rows.removeFirst() }
            #expect(try await stored.get("a").json == ["rows": [["text": "c"], later, ticked]])
        }
    }

    @Test("a change that could mean one item or another is refused, and nothing is written")
    func ambiguous() async throws {
        try await withNodes { nodes in
            let (_, farm, _) = try await nodes.chores()
            let stored = try farm.collection("palettes", of: JSONValue.self)
            let palettes = try farm.collection("palettes", of: Palette.self)
            try await stored.put("a", ["colours": ["purple", "orange"]])
            let refusal = try await refused {
                try await palettes.update("a") { $0.colours.removeFirst() }
            }
            #expect(refusal.code == .unplaceable)
            #expect(refusal.reason.contains("/colours"))
            #expect(try await stored.get("a").json == ["colours": ["purple", "orange"]])
        }
    }

    @Test("a set of a model over a list of somebody else changes the items that it means")
    func setOverList() async throws {
        try await withNodes { nodes in
            let (_, farm, _) = try await nodes.chores()
            let stored = try farm.collection("notes", of: JSONValue.self)
            try await stored.put("a", ["tags": ["wet", "cold", "wet"], "more": 1])
            let notes = try farm.collection("notes", of: Tagged.self)
            try await notes.update("a") {
                $0.tags.remove("wet")
                $0.tags.insert("dry")
            }
            #expect(try await stored.get("a").json == ["tags": ["cold", "dry"], "more": 1])
        }
    }
}
