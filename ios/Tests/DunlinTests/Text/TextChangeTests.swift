import Foundation
import Testing

@testable import Dunlin

@Suite struct TextChangeTests {
    private let bird = "\u{1F426}"
    private let penguin = "\u{1F427}"

    private func change(_ at: Int, _ delete: Int, _ insert: String) -> TextChange {
        TextChange(Splice(at, delete, insert))
    }

    private func typed(_ old: String, _ new: String, cursor: Int? = nil) -> Splice? {
        difference(old.units, new.units, cursor: cursor)
    }

    @Test("what was typed is told by where the cursor is")
    func cursor() {
        #expect(typed("aaa", "aaaa") == Splice(3, 0, "a"))
        #expect(typed("aaa", "aaaa", cursor: 2) == Splice(1, 0, "a"))
        #expect(typed("aaa", "aa", cursor: 0) == Splice(0, 1, ""))
        #expect(typed("the oak", "the wall") == Splice(4, 3, "wall"))
        #expect(typed("ab", "xb", cursor: 2) == Splice(0, 1, "x"))
        #expect(typed("ab", "ab", cursor: 1) == nil)
    }

    @Test("a difference takes whole characters")
    func characters() {
        // They share their first half, and two others their second.
        #expect(typed(bird, penguin) == Splice(0, 2, penguin))
        #expect(typed(bird, "\u{1F826}") == Splice(0, 2, "\u{1F826}"))
        #expect(typed("x", "x" + bird) == Splice(1, 0, bird))
        let halves: Units = [0x61, 0xDC26, 0xD83D, 0xDC26, 0xD83D]
        #expect(halves.wellFormed() == "a\u{FFFD}\(bird)\u{FFFD}".units)
        #expect("a\(bird)".units.boundary(2) == 1)
    }

    @Test("what looks alike and is not is a difference")
    func lookalikes() {
        #expect("\u{E9}" == "e\u{301}")
        #expect(typed("\u{E9}", "e\u{301}") == Splice(0, 1, "e\u{301}"))
        #expect(TextState("\u{E9}", cursor: 1) != TextState("e\u{301}", cursor: 1))
        #expect(TextState("\u{E9}", cursor: 1) == TextState("\u{E9}", cursor: 1))
    }

    @Test("changes in several places are told apart")
    func places() {
        let (old, new) = ("the fence of the barn", "THE fence of oak, the barn!")
        let change = differences(old.units, new.units)
        #expect(change.apply(to: old) == new)
        #expect([3, 6, 12].map(change.map) == [3, 6, 12])
        #expect(change.map("the fence of the".count) == "THE fence of oak, the".count)
    }

    @Test("too many changes are one splice, between what is the same")
    func manyChanges() {
        let old = String(repeating: "a", count: 600)
        let new = String(repeating: "b", count: 600)
        let change = differences("<\(old)>".units, "<\(new)>".units)
        #expect(change.splices() == [Splice(1, 600, new)])
    }

    @Test("an index moves with the text around it")
    func indices() {
        let change = TextChange {
            $0.keep(2)
            $0.insert("xyz".units)
            $0.delete(2)
            $0.keep(3)
            $0.insert("!".units)
        }
        #expect(change.apply(to: "abcdefgh") == "abxyzefg!h")
        #expect((0...8).map(change.map) == [0, 1, 2, 5, 5, 6, 7, 8, 10])
    }

    @Test("a selection is cut to what the text has")
    func selections() {
        #expect(TextState("oak").selection == NSRange(location: 3, length: 0))
        #expect(
            TextState("oak", selection: NSRange(location: 1, length: 9)).selection
                == NSRange(location: 1, length: 2))
        #expect(
            TextState("oak", selection: NSRange(location: NSNotFound, length: 0)).selection
                == NSRange(location: 3, length: 0))
    }

    @Test("a cursor that the field does not tell is behind what was typed")
    func untoldCursor() {
        var draft = TextDraft(known: "oak posts", base: "0")
        draft.type("oak wall posts", selection: nil, before: "oak posts")
        #expect(draft.shown == TextState("oak wall posts", cursor: 9))
        draft.type("oak wall posts", selection: nil, before: "oak wall posts")
        #expect(draft.shown == TextState("oak wall posts", cursor: 9))
    }

    @Test("a deletion spares what others insert into it")
    func spared() {
        let mine = change(1, 6, "")
        let theirs = change(4, 0, "NEW")
        #expect(mine.over(theirs, isFirst: true).apply(to: "abcdNEWefgh") == "aNEWh")
        #expect(theirs.over(mine, isFirst: false).apply(to: "ah") == "aNEWh")
    }

    @Test("changes of one text meet in one text, whichever comes first")
    func meeting() throws {
        try eachSeed { random in
            let text = random.text(12)
            let (mine, theirs) = (random.change(of: text), random.change(of: text))
            let one = mine.then(theirs.over(mine, isFirst: false))
            let other = theirs.then(mine.over(theirs, isFirst: true))
            try #require(one.apply(to: text) == other.apply(to: text))
            let steps = theirs.over(mine, isFirst: false).apply(to: mine.apply(to: text))
            try #require(one.apply(to: text) == steps)
        }
    }

    @Test("changes in a row are the same as one, and as its splices")
    func rows() throws {
        try eachSeed { random in
            let text = random.text(12)
            let first = random.change(of: text)
            let second = random.change(of: first.apply(to: text))
            let both = first.then(second)
            try #require(both.apply(to: text) == second.apply(to: first.apply(to: text)))
            let spliced = both.splices().reduce(text) { $1.apply(to: $0) }
            try #require(both.apply(to: text) == spliced)
        }
    }

    @Test("a difference of random texts leads from one to the other and cuts no character")
    func randomDifferences() throws {
        try eachSeed { random in
            let old = random.text(16)
            let between = random.change(of: old).apply(to: old)
            let new = random.change(of: between).apply(to: between)
            let change = differences(old, new)
            try #require(change.apply(to: old) == new)
            var step = old
            for splice in change.splices() {
                step = splice.apply(to: step)
                try #require(step == step.wellFormed())
            }
            let places = (0...old.count).map(change.map)
            try #require(places == places.sorted())
            try #require(places.allSatisfy { (0...new.count).contains($0) })
        }
    }

    @Test("a draft keeps what was typed through everything that may happen to it")
    func drafts() throws {
        try eachSeed { random in
            var text = random.text(8)
            var draft = TextDraft(known: String(units: text), base: "0")
            var typed: [UInt16] = []
            for step in 0..<12 {
                switch random.below(4) {
                case 0:
                    let shown = draft.shown.text
                    let at = shown.units.boundary(random.below(shown.utf16.count + 1))
                    let letter = "\(Character(Unicode.Scalar(UInt8(65 + step))))"
                    typed += letter.units
                    let field = TextState(shown.replacing(at: at, with: letter), cursor: at + 1)
                    draft.type(field.text, selection: field.selection, before: shown)
                    try #require(draft.shown == field)
                case 1:
                    if draft.sent.isEmpty { draft.handOver() }
                case 2:
                    draft.takeBack()
                default:
                    // Somebody else inserts, beside what was handed over.
                    let foreign = random.insertion(into: text)
                    let sent = draft.sent.over(foreign, isFirst: random.oneIn(2))
                    text = sent.apply(to: foreign.apply(to: text))
                    if !draft.sent.isEmpty { draft.acceptWrite() }
                    draft.read(String(units: text), version: "\(step)")
                }
                let shown = draft.shown.text.units
                try #require(typed.allSatisfy(shown.contains))
                let selection = draft.shown.selection
                try #require(selection.length == 0)
                try #require(shown.boundary(selection.location) == selection.location)
            }
            draft.takeBack()
            try #require(draft.shown.text.units == draft.pending.apply(to: draft.known))
        }
    }

    private func eachSeed(_ run: (inout SeededRandom) throws -> Void) throws {
        for seed in 0..<3000 {
            var random = SeededRandom(seed: seed)
            do {
                try run(&random)
            } catch {
                Issue.record("seed \(seed)")
                throw error
            }
        }
    }
}
