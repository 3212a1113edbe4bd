import Foundation
import Testing

@testable import Dunlin

@Suite struct TextEditorTests {
    @Test("what is typed shows at once")
    func echo() async throws {
        try await withNotes("posts") { notes, _ in
            let editor = try await notes.edit()
            for (at, letter) in "oak ".enumerated() { try editor.type(at, "\(letter)") }
            #expect(editor.state == TextState("oak posts", cursor: 4))
            try await notes.waitFor("oak posts")
            try await editor.close()
        }
    }

    @Test("key strokes of 50 ms are one edit")
    func gathering() async throws {
        try await withNotes("") { notes, _ in
            let seq = try await notes.chores.edit("a") { $0.set("/done", true) }.seq
            let editor = try await notes.edit()
            let begin = DispatchTime.now()
            for at in 0..<200 {
                try editor.type(at, "x")
                try await pause(milliseconds: 1)
            }
            let took = Int(DispatchTime.now().uptimeNanoseconds - begin.uptimeNanoseconds)
            try await editor.close()
            let batch = try await first(notes.space.changes(after: seq)) { _ in true }
            #expect(batch.changes.allSatisfy { $0.paths == ["/notes"] })
            // One more when the editor begins to listen, one for what is begun and one at the end.
            let most = took / 50_000_000 + 3
            #expect(batch.changes.count <= most, "in \(took) ns")
            #expect(try await notes.read() == String(repeating: "x", count: 200))
        }
    }

    @Test("what was typed last before the node was suspended is written when it is back")
    func suspended() async throws {
        try await withNotes("posts") { notes, _ in
            let editor = try await notes.edit()
            try await notes.node.suspend()
            try editor.change("oak posts")
            try await first(editor.refusals()) { $0?.code == .suspended }
            try await notes.node.resume()
            try await notes.waitFor("oak posts")
            try await first(editor.refusals()) { $0 == nil }
            #expect(editor.state.text == "oak posts")
            try await editor.close()
        }
    }

    @Test("what others write comes under what is not written, and the selection moves with its text")
    func others() async throws {
        try await withNotes("posts and wire") { notes, _ in
            let editor = try await notes.edit()
            try editor.change("posts and wire", selection: NSRange(location: 6, length: 3))
            try await notes.chores.edit("a") { $0.splice("/notes", at: 0, insert: "\u{1F426} oak ") }
            let moved = try await first(editor.states()) { $0.text == "\u{1F426} oak posts and wire" }
            #expect(moved.selection == NSRange(location: 13, length: 3))
            try await notes.chores.update("a") { $0.notes = "and wire" }
            let kept = try await first(editor.states()) { $0.text == "and wire" }
            #expect(kept.selection == NSRange(location: 0, length: 3))
            try await notes.chores.update("a") { $0.notes = "wire" }
            let gone = try await first(editor.states()) { $0.text == "wire" }
            #expect(gone.selection == NSRange(location: 0, length: 0))
            try await editor.close()
        }
    }

    @Test("a field that has not shown yet what others wrote takes nothing of it back")
    func lateField() async throws {
        try await withNotes("posts") { notes, _ in
            let editor = try await notes.edit()
            try await notes.chores.edit("a") { $0.splice("/notes", at: 0, insert: "oak ") }
            try await first(editor.states()) { $0.text == "oak posts" }
            try editor.change("posts!", before: "posts")
            #expect(editor.state == TextState("oak posts!", cursor: 10))
            try await editor.flush()
            #expect(try await notes.read() == "oak posts!")
            try await editor.close()
        }
    }

    @Test("a letter that only looks like another is written")
    func lookalike() async throws {
        try await withNotes("caf\u{E9}") { notes, _ in
            let editor = try await notes.edit()
            try editor.change("cafe\u{301}")
            try await editor.flush()
            #expect(try await notes.read().units == "cafe\u{301}".units)
            try await editor.close()
        }
    }

    @Test("a text that is not there yet is made by the first letter")
    func firstLetter() async throws {
        try await withNotes(nil) { notes, _ in
            let editor = try await notes.edit()
            #expect(editor.state.text == "")
            try editor.change("o")
            try await editor.flush()
            #expect(try await notes.read() == "o")
            try await editor.close()
        }
    }

    @Test("what was typed is written when the editor is closed, or nobody holds it any more")
    func ends() async throws {
        try await withNotes("") { notes, _ in
            let closed = try await notes.edit()
            try closed.change("oak")
            try await closed.close()
            #expect(try await notes.read() == "oak")
            #expect(try await refused({ try closed.change("oaks") }).code == .closed)
            try await closed.close()

            var dropped: MergeableTextEditor? = try await notes.edit()
            let states = try #require(dropped?.states())
            try dropped?.change("oak posts")
            dropped = nil
            // Ends only when all is written.
            for await _ in states {}
            #expect(try await notes.read() == "oak posts")
        }
    }

    @Test("a base that is too old costs nothing that was typed")
    func staleBase() async throws {
        try await withNotes("posts") { notes, _ in
            let (place, version) = try await notes.overtaken {
                // More than the core remembers.
                for _ in 0..<5000 { $0.splice("/notes", at: 0, insert: "x") }
            }
            let change = TextChange(Splice(0, 0, "oak "))
            let stale = try await refused { _ = try await place.write(change, base: version) }
            #expect(stale.code == .staleVersion)
            let text = try await notes.read()
            #expect(text.filter { $0 != "x" } == "oak posts!")
            #expect(text.filter { $0 == "x" }.count == 5000)
        }
    }

    @Test("a base in another life of the text costs nothing that was typed")
    func otherLife() async throws {
        try await withNotes("posts") { notes, _ in
            let (place, version) = try await notes.overtaken {
                // Indices of the old text mean nothing in the new one.
                $0.remove("/notes")
                $0.splice("/notes", at: 0, insert: "wire")
            }
            let change = TextChange(Splice(5, 0, "!"))
            let outside = try await refused { _ = try await place.write(change, base: version) }
            #expect(outside.code == .invalidInput)
            let text = try await notes.read()
            #expect(text.replacingOccurrences(of: "wire", with: "") == "oak posts!")
        }
    }

    @Test("a refusal shows, keeps what was typed, and ends with its cause")
    func refusal() async throws {
        try await withNotes("posts") { notes, _ in
            let editor = try await notes.edit()
            try await notes.chores.delete("a")
            try editor.change("oak posts")
            #expect(try await refused({ try await editor.flush() }).code == .notFound)
            #expect(editor.refusal?.code == .notFound)
            #expect(editor.state.text == "oak posts")
            try await notes.chores.restore("a")
            try await notes.waitFor("oak posts")
            try await first(editor.refusals()) { $0 == nil }
            try await editor.close()
        }
    }

    @Test("a text in a list is followed when items move, until its item is deleted")
    func inList() async throws {
        try await withNodes { nodes in
            let farm = try await nodes.node("ann").createSpace("farm")
            let plans = try farm.collection("plans", of: Plan.self)
            let read: @Sendable () async throws -> [String] = {
                try await plans.get("a").value.stages.map(\.note.text)
            }
            try await plans.insert(Plan(stages: [Stage(note: "dig"), Stage(note: "posts")]), id: "a")
            let editor = try await plans.editText("a", "/stages/1/note")
            try await plans.edit("a") { $0.move("/stages", from: 1, to: 0) }
            try editor.change("oak posts")
            try await editor.flush()
            #expect(try await read() == ["oak posts", "dig"])
            try await plans.edit("a") { $0.splice("/stages/0/note", at: 9, insert: ", wire") }
            try await first(editor.states()) { $0.text == "oak posts, wire" }
            try await plans.edit("a") { $0.deleteItem("/stages", at: 0) }
            try await first(editor.refusals()) { $0?.code == .notFound }
            #expect(try await read() == ["dig"])
            try await editor.close()
        }
    }

    @Test(
        "what is no text, or nowhere, is refused",
        arguments: [
            ("a", "/title", ErrorCode.wrongKind), ("a", "/steps/0/text", .wrongKind),
            ("a", "/minutes", .wrongKind), ("a", "", .wrongKind), ("a", "notes", .invalidInput),
            ("a", "/steps/1/text", .invalidInput), ("b", "/notes", .notFound),
        ])
    func noText(id: String, path: String, code: ErrorCode) async throws {
        try await withNotes("posts") { notes, _ in
            let refusal = try await refused { _ = try await notes.chores.editText(id, path) }
            #expect(refusal.code == code)
        }
    }
}

private struct Plan: Codable, Sendable {
    var stages: [Stage]
}

private struct Stage: Codable, Sendable {
    var note: MergeableText
}
