import Foundation
import Testing

@testable import Dunlin

/// How many letters each editor types.
private let letters = 300
private let bird = "\u{1F426}"
private let dots = String(repeating: ".", count: 60)
private let beginning = dots + bird + dots

@Suite struct TextMeetingTests {
    @Test("two editors of one node meet in one text with every letter")
    func oneNode() async throws {
        try await withNotes(beginning) { notes, _ in
            let editors = [try await notes.edit(), try await notes.edit()]
            try await writeAtRandom(editors, seed: 1)
            let text = try await notes.read()
            expectEveryLetter(text)
            for editor in editors {
                try await first(editor.states()) { $0.text == text }
                try await editor.close()
            }
        }
    }

    @Test("editors on two nodes that sync meet in one text with every letter")
    func twoNodes() async throws {
        try await withNotes(beginning) { notes, nodes in
            let ben = try await notes.join(try await nodes.node("ben"))
            let editors = [try await notes.edit(), try await ben.edit()]
            try await writeAtRandom(editors, seed: 2)
            try await eventually { try await notes.digest() == ben.digest() }
            let text = try await notes.read()
            expectEveryLetter(text)
            #expect(try await ben.read().units == text.units)
            for editor in editors { try await first(editor.states()) { $0.text == text } }
            for editor in editors { try await editor.close() }
        }
    }

    /// Each types letters that nobody else types, at random places, and deletes some of the dots
    /// that were there, at times in a text that is no longer what the editor has.
    private func writeAtRandom(_ editors: [MergeableTextEditor], seed: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, editor) in editors.enumerated() {
                group.addTask { try await write(from: index * letters, in: editor, seed: seed + index) }
            }
            try await group.waitForAll()
        }
    }
}

private func write(from begin: Int, in editor: MergeableTextEditor, seed: Int) async throws {
    var random = SeededRandom(seed: seed)
    for number in begin..<begin + letters {
        let text = editor.state.text
        let at = text.units.boundary(random.below(text.utf16.count + 1))
        if random.oneIn(4), let dot = text.units[at...].firstIndex(of: ".".units[0]) {
            let new = text.replacing(at: dot, delete: 1, with: "")
            try editor.change(new, selection: NSRange(location: dot, length: 0), before: text)
        }
        let now = editor.state.text
        let place = now.units.boundary(at)
        if random.oneIn(4) { try await pause(milliseconds: 1) }
        let new = now.replacing(at: place, with: letter(number))
        try editor.change(new, selection: NSRange(location: place + 1, length: 0), before: now)
        if random.oneIn(8) { try await editor.flush() }
    }
    try await editor.flush()
}

private func expectEveryLetter(_ text: String) {
    let expected = (0..<2 * letters).map(letter)
    #expect(text.filter(\.isLetter).map { String($0) }.sorted() == expected.sorted())
    let rest = text.filter { !$0.isLetter }
    #expect(rest.filter { $0 != "." } == bird)
    #expect(rest.utf16.count < beginning.utf16.count, "no dot was deleted")
}

/// From a block of ideographs: each is a letter, one unit long.
private func letter(_ number: Int) -> String {
    String(units: [0x4E00 + UInt16(number)])
}
