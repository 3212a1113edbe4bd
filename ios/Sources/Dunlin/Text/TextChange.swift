/// What turns one text into another: spans from its beginning on, in UTF-16 code units. What the
/// spans do not reach stays. Where a place is replaced, the insertion stands before the deletion.
///
/// Cuts lie between characters if they do in both changes that one is made of.
struct TextChange: Equatable, Sendable {
    private let spans: [Span]

    /// The change that changes nothing.
    static let none = TextChange { _ in }

    /// A change from its spans.
    init(_ build: (inout SpanBuilder) -> Void) {
        var builder = SpanBuilder()
        build(&builder)
        spans = builder.build()
    }

    /// One splice.
    init(_ splice: Splice) {
        self.init {
            $0.keep(splice.at)
            $0.insert(splice.insert)
            $0.delete(splice.delete)
        }
    }

    var isEmpty: Bool { spans.isEmpty }

    /// The text after the change.
    func apply(to text: Units) -> Units {
        var result: Units = []
        result.reserveCapacity(text.count)
        var at = 0
        for span in spans {
            switch span {
            case .keep(let length): result += text[at..<at + length]
            case .insert(let inserted): result += inserted
            case .delete: break
            }
            at += span.consumed
        }
        return result + text[at...]
    }

    /// This change, then another one of the text that it leaves: as one.
    func then(_ next: TextChange) -> TextChange {
        TextChange { result in
            var first = SpanReader(spans)
            var second = SpanReader(next.spans)
            while first.hasNext || second.hasNext {
                if let before = first.peek, before.isDeletion {
                    result.add(first.take(before.length))
                } else if let after = second.peek, after.isInsertion {
                    result.add(second.take(after.length))
                } else {
                    let length = min(first.length, second.length)
                    let made = first.take(length)
                    let met = second.take(length)
                    // What is neither kept was deleted as soon as inserted.
                    if met.isKeep {
                        result.add(made)
                    } else if made.isKeep {
                        result.add(met)
                    }
                }
            }
        }
    }

    /// This change of a text, as a change of what `other` made of the same text. What both insert at
    /// one place stands in the order that `isFirst` tells.
    func over(_ other: TextChange, isFirst: Bool) -> TextChange {
        TextChange { result in
            var mine = SpanReader(spans)
            var theirs = SpanReader(other.spans)
            while let own = mine.peek {
                let foreign = theirs.peek
                let meetsInsertion = foreign?.isInsertion == true
                if own.isInsertion && (isFirst || !meetsInsertion) {
                    result.add(mine.take(own.length))
                } else if let foreign, meetsInsertion {
                    _ = theirs.take(foreign.length)
                    result.keep(foreign.length)
                } else {
                    let length = min(mine.length, theirs.length)
                    let span = mine.take(length)
                    if theirs.take(length).isKeep { result.add(span) }
                }
            }
        }
    }

    /// Where an index of the text before is afterwards. It stays before what is inserted at it, and
    /// where it was deleted from.
    func map(_ index: Int) -> Int {
        var (before, after) = (0, 0)
        for span in spans where before < index {
            switch span {
            case .keep(let length): after += min(length, index - before)
            case .insert(let text): after += text.count
            case .delete: break
            }
            before += span.consumed
        }
        return after + max(index - before, 0)
    }

    /// The same as splices, each at an index of what those before it have left.
    func splices() -> [Splice] {
        var splices: [Splice] = []
        var at = 0
        for span in spans {
            switch span {
            case .keep(let length):
                at += length
            case .insert(let text):
                splices.append(Splice(at: at, delete: 0, insert: text))
                at += text.count
            case .delete(let length):
                if let last = splices.last, last.at + last.insert.count == at {
                    splices[splices.count - 1].delete = length
                } else {
                    splices.append(Splice(at: at, delete: length, insert: []))
                }
            }
        }
        return splices
    }
}
