/// How many characters may differ for `differences` to tell them apart; time grows by its square.
private let maxDistance = 512

/// What somebody did who had `old` and has `new`, as one splice; nil if they are the same. Of the
/// places where it may have happened, such as those of an `a` in `aaa`, it is the one that leaves
/// the cursor at its end.
///
/// - Parameter cursor: where the cursor is in `new`; at its end if nil.
func difference(_ old: Units, _ new: Units, cursor: Int? = nil) -> Splice? {
    if old == new { return nil }
    let shorter = min(old.count, new.count)
    let wanted = new.count - min(max(cursor ?? new.count, 0), new.count)
    let behind = commonSuffix(old, new, limit: min(shorter, wanted))
    let before = commonPrefix(old, new, limit: shorter - behind)
    let end = commonSuffix(old, new, limit: shorter - before)
    let inserted = Array(new[before..<new.count - end])
    return Splice(at: before, delete: old.count - before - end, insert: inserted)
}

/// What turns `old` into `new`, with as little deleted and inserted as possible; as one splice where
/// that would take long.
func differences(_ old: Units, _ new: Units) -> TextChange {
    guard let whole = difference(old, new) else { return .none }
    if whole.delete == 0 || whole.insert.isEmpty { return TextChange(whole) }
    let removed = String(units: old[whole.at..<whole.at + whole.delete]).unicodeScalars
    let added = String(units: whole.insert).unicodeScalars
    var edit = ShortestEdit(from: Array(removed), to: Array(added))
    guard let steps = edit.find() else { return TextChange(whole) }
    return TextChange { change in
        change.keep(whole.at)
        steps.forEach { change.add($0) }
    }
}

/// The length of what both begin with, in whole characters.
private func commonPrefix(_ one: Units, _ other: Units, limit: Int) -> Int {
    var length = 0
    while length < limit && one[length] == other[length] { length += 1 }
    return one.cuts(at: length) || other.cuts(at: length) ? length - 1 : length
}

/// The length of what both end with, in whole characters.
private func commonSuffix(_ one: Units, _ other: Units, limit: Int) -> Int {
    var length = 0
    while length < limit && one[one.count - 1 - length] == other[other.count - 1 - length] {
        length += 1
    }
    let isCut = one.cuts(at: one.count - length) || other.cuts(at: other.count - length)
    return isCut ? length - 1 : length
}

/// The greedy algorithm of E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986),
/// section 4. A diagonal is the number of characters passed in `old` less that in `new`.
private struct ShortestEdit {
    private let old: [Unicode.Scalar]
    private let new: [Unicode.Scalar]

    /// For each distance, how far the diagonals from -distance on reach into `old`, by twos.
    private var reached: [[Int]] = []

    init(from old: [Unicode.Scalar], to new: [Unicode.Scalar]) {
        self.old = old
        self.new = new
    }

    /// The spans, or nil if there are too many differences.
    mutating func find() -> [Span]? {
        for distance in 0...min(old.count + new.count, maxDistance) {
            reached.append(Array(repeating: 0, count: distance + 1))
            for diagonal in stride(from: -distance, through: distance, by: 2) {
                let passed = slide(from: start(distance, diagonal), on: diagonal)
                reached[distance][(diagonal + distance) / 2] = passed
                if passed >= old.count && passed - diagonal >= new.count {
                    return walkBack(from: distance)
                }
            }
        }
        return nil
    }

    /// Where a diagonal begins: after the last insertion or deletion.
    private func start(_ distance: Int, _ diagonal: Int) -> Int {
        if distance == 0 { return 0 }
        return isInsertion(distance, diagonal)
            ? end(distance - 1, diagonal + 1) : end(distance - 1, diagonal - 1) + 1
    }

    private func isInsertion(_ distance: Int, _ diagonal: Int) -> Bool {
        diagonal == -distance
            || diagonal != distance
                && end(distance - 1, diagonal - 1) < end(distance - 1, diagonal + 1)
    }

    private func end(_ distance: Int, _ diagonal: Int) -> Int {
        reached[distance][(diagonal + distance) / 2]
    }

    private func slide(from start: Int, on diagonal: Int) -> Int {
        var at = start
        while at < old.count && at - diagonal < new.count && old[at] == new[at - diagonal] { at += 1 }
        return at
    }

    private func walkBack(from distance: Int) -> [Span] {
        var spans: [Span] = []
        var (passed, diagonal) = (old.count, old.count - new.count)
        for step in stride(from: distance, through: 0, by: -1) {
            let begin = start(step, diagonal)
            spans.append(.keep(old[begin..<passed].reduce(0) { $0 + UTF16.width($1) }))
            if step == 0 { break }
            if isInsertion(step, diagonal) {
                spans.append(.insert(String(new[begin - diagonal - 1]).units))
                passed = begin
                diagonal += 1
            } else {
                spans.append(.delete(UTF16.width(old[begin - 1])))
                passed = begin - 1
                diagonal -= 1
            }
        }
        return spans.reversed()
    }
}
