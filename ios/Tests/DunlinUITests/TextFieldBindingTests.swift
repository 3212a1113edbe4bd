import Dunlin
import Foundation
import Testing

@testable import DunlinUI

@MainActor
@Suite struct TextFieldBindingTests {
    @Test("what is typed shows at once with its selection, and is written")
    func typing() async throws {
        try await editing { models, notes, _ in
            #expect(notes.state == TextState("fence"))
            notes.change("fences", selection: NSRange(location: 2, length: 3))
            #expect(notes.state == TextState("fences", selection: NSRange(location: 2, length: 3)))
            notes.text = "a fences"
            #expect(notes.state == TextState("a fences", selection: NSRange(location: 2, length: 0)))
            try await notes.flush()
            #expect(try await models.get("a").value.text == "a fences")
            notes.text = "all fences"
            try await models.waitFor("all fences")
        }
    }

    @Test("what others write shows, and the selection moves with its text")
    func others() async throws {
        try await editing { models, notes, _ in
            notes.selection = NSRange(location: 1, length: 2)
            try await models.edit("a") { $0.splice("/text", at: 0, insert: "oak ") }
            try await until(notes) { notes.text == "oak fence" }
            #expect(notes.selection == NSRange(location: 5, length: 2))
        }
    }

    @Test("what others wrote before the field saw it stays")
    func unseen() async throws {
        try await editing { models, notes, _ in
            try await models.edit("a") { $0.splice("/text", at: 0, insert: "oak ") }
            try await until(notes) { notes.text == "oak fence" }
            notes.change("fences", before: "fence")
            #expect(notes.state == TextState("oak fences"))
        }
    }

    @Test("what others write waits until the keyboard has composed")
    func composing() async throws {
        try await editing { models, notes, editor in
            let cursor = NSRange(location: 6, length: 0)
            notes.change("fence\u{304B}", selection: cursor, isComposing: true)
            try await models.edit("a") { $0.splice("/text", at: 0, insert: "oak ") }
            for await state in editor.states() where state.text == "oak fence\u{304B}" { break }
            // As often as it could have been shown by now.
            for _ in 0..<100 { await Task.yield() }
            #expect(notes.state == TextState("fence\u{304B}"))
            notes.change("fence\u{304B}\u{306F}", isComposing: true)
            #expect(notes.state == TextState("fence\u{304B}\u{306F}"))
            notes.change("fence\u{6CB3}", selection: cursor)
            #expect(notes.state == TextState("oak fence\u{6CB3}"))
            try await models.waitFor("oak fence\u{6CB3}")
        }
    }

    @Test("a selection as indices of a string is cut to what the text has")
    func indices() async throws {
        try await editing { _, notes, _ in
            notes.text = "\u{1F426} fence"
            let later = "\u{1F426} fences and gates"
            notes.selectedIndices = later.index(after: later.startIndex)..<later.endIndex
            #expect(notes.selection == NSRange(location: 2, length: 6))
            #expect(String(notes.text[notes.selectedIndices]) == " fence")
        }
    }

    @Test("what is typed is taken while a text is open, and all of it is written")
    func ends() async throws {
        try await withModels { models in
            try await models.put("a", Model(text: "fence"))
            let notes = TextFieldBinding()
            notes.text = "lost"
            #expect(notes.text == "" && !notes.isOpen)
            let editing = Task { await notes.edit { try await models.editText("a", "/text") } }
            try await until(notes) { notes.isOpen }
            notes.text = "fences"
            editing.cancel()
            await editing.value
            #expect(!notes.isOpen)
            #expect(try await models.get("a").value.text.text == "fences")
            notes.text = "lost"
            #expect(notes.text == "fences")
        }
    }

    @Test("a refusal shows, and another text may be opened then")
    func refusal() async throws {
        try await withModels { models in
            try await models.put("b", Model(text: "gate"))
            let notes = TextFieldBinding()
            await notes.edit { try await models.editText("a", "/text") }
            #expect(notes.refusal?.code == .notFound)
            let editing = Task { await notes.edit { try await models.editText("b", "/text") } }
            try await until(notes) { notes.isOpen }
            #expect(notes.refusal == nil && notes.text == "gate")
            try await models.delete("b")
            notes.text = "gates"
            try await until(notes) { notes.refusal?.code == .notFound }
            #expect(notes.text == "gates")
            try await models.restore("b")
            try await until(notes) { notes.refusal == nil }
            try await models.waitFor("gates", id: "b")
            editing.cancel()
            await editing.value
        }
    }

    private func editing(
        _ test: @escaping @MainActor (
            DocumentCollection<Model>, TextFieldBinding, MergeableTextEditor
        ) async throws -> Void
    ) async throws {
        try await withModels { models in
            try await models.put("a", Model(text: "fence"))
            let notes = TextFieldBinding()
            let editor = try await models.editText("a", "/text")
            let editing = Task { await notes.edit { editor } }
            try await until(notes) { notes.isOpen }
            try await test(models, notes, editor)
            editing.cancel()
            await editing.value
            #expect(notes.refusal == nil)
        }
    }
}
