import Foundation

@testable import Dunlin

/// A generator that gives the same numbers for the same seed everywhere (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: Int) {
        state = UInt64(bitPattern: Int64(seed))
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 on, less than `bound`.
    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    /// Whether one of so many cases is met.
    mutating func oneIn(_ cases: Int) -> Bool { below(cases) == 0 }

    /// Few different characters, so that many are alike, and some of two units. The first two look
    /// alike too, and are not.
    mutating func text(_ length: Int) -> Units {
        let characters = ["\u{E9}", "e\u{301}", "a", "\u{1F426}", "\u{1F427}"]
        return (0..<below(length + 1)).flatMap { _ in characters.randomElement(using: &self)!.units }
    }

    mutating func change(of text: Units) -> TextChange {
        TextChange { change in
            for character in String(units: text).unicodeScalars {
                let length = UTF16.width(character)
                if oneIn(3) { change.delete(length) } else { change.keep(length) }
                if oneIn(3) { change.insert(self.text(3)) }
            }
            if oneIn(2) { change.insert(self.text(3)) }
        }
    }

    mutating func insertion(into text: Units) -> TextChange {
        let place = text.boundary(below(text.count + 1))
        return TextChange(Splice(at: place, delete: 0, insert: self.text(4)))
    }
}

extension Splice {
    init(_ at: Int, _ delete: Int, _ insert: String) {
        self.init(at: at, delete: delete, insert: insert.units)
    }

    func apply(to text: Units) -> Units {
        Array(text[..<at]) + insert + Array(text[(at + delete)...])
    }
}

extension TextChange {
    func apply(to text: String) -> String { String(units: apply(to: text.units)) }
}

extension TextState {
    init(_ text: String, cursor: Int) {
        self.init(text, selection: NSRange(location: cursor, length: 0))
    }
}

extension String {
    /// The text with `insert` in place of so many code units at an index.
    func replacing(at: Int, delete: Int = 0, with insert: String) -> String {
        String(units: Splice(at, delete, insert).apply(to: units))
    }
}

extension MergeableTextEditor {
    /// Types at an index, with the cursor behind it.
    func type(_ at: Int, _ insert: String) throws {
        let cursor = NSRange(location: at + insert.utf16.count, length: 0)
        try change(state.text.replacing(at: at, with: insert), selection: cursor)
    }
}
