import Foundation

/// A text as the core has it, what was typed on it, and what both make. Two steps away from the
/// core: what was handed over and not answered yet, and on top of that what was typed since.
struct TextDraft: Sendable {
    /// The text as it was last read.
    private(set) var known: Units

    /// The version of that; nil if the core has another text by now.
    private(set) var base: String?

    /// What was handed over, as a change of `known`.
    private(set) var sent = TextChange.none

    /// What waits, as a change of what `sent` makes of it.
    private(set) var pending = TextChange.none

    /// What the field shows.
    private(set) var shown: TextState

    init(known: String, base: String?) {
        self.known = known.units
        self.base = base
        shown = TextState(known)
    }

    /// Whether the core has all that was typed.
    var isWritten: Bool { sent.isEmpty && pending.isEmpty }

    /// The field that held `before` was made to hold `text`.
    ///
    /// - Parameter selection: what is selected in it; nil puts the cursor behind what was typed.
    mutating func type(_ text: String, selection: NSRange?, before: String) {
        let (from, to) = (before.units.wellFormed(), text.units.wellFormed())
        let selected = selection?.clamped(to: to.count)
        let splice = difference(from, to, cursor: selected?.upperBound)
        let typedUntil = splice.map { NSRange(location: $0.at + $0.insert.count, length: 0) }
        // Else nothing was typed and nothing selected.
        guard let selected = selected ?? typedUntil else { return }
        let now = shown.text.units
        let missed = differences(from, now)
        let own = splice.map { TextChange($0) } ?? .none
        let change = own.over(missed, isFirst: true)
        let unseen = missed.over(own, isFirst: false)
        pending = pending.then(change)
        show(change.apply(to: now), selection: selected) { unseen.map(to.boundary($0)) }
    }

    /// All that waits was handed over, to be written on `base`; nothing without that.
    mutating func handOver() {
        if base == nil { return }
        sent = pending
        pending = .none
    }

    /// What was handed over was written: among what others wrote, perhaps.
    mutating func acceptWrite() {
        known = sent.apply(to: known)
        base = nil
        sent = .none
    }

    /// What was handed over was refused: it waits again.
    ///
    /// - Parameter losesBase: whether it was refused since its base does not do.
    mutating func takeBack(losesBase: Bool = false) {
        pending = sent.then(pending)
        sent = .none
        if losesBase { base = nil }
    }

    /// The text was read again, while nothing is handed over: what waits is put on it.
    mutating func read(_ text: String, version: String) {
        let (now, selection) = (text.units, shown.selection)
        let foreign = differences(known, now)
        let waiting = pending.over(foreign, isFirst: true)
        let news = foreign.over(pending, isFirst: false)
        known = now
        base = version
        pending = waiting
        show(waiting.apply(to: now), selection: selection) { news.map($0) }
    }

    private mutating func show(_ text: Units, selection: NSRange, place: (Int) -> Int) {
        let selected = selection.map { text.boundary(place($0)) }
        shown = TextState(String(units: text), selection: selected)
    }
}
