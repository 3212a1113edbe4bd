/// A part of a change: what happens to the next characters of a text.
enum Span: Equatable, Sendable {
    /// Leaves some as they are.
    case keep(Int)

    /// Takes some out.
    case delete(Int)

    /// Puts some in.
    case insert(Units)

    /// How much it keeps, deletes or inserts.
    var length: Int {
        switch self {
        case .keep(let length), .delete(let length): length
        case .insert(let text): text.count
        }
    }

    /// How much of the text before it stands for.
    var consumed: Int { isInsertion ? 0 : length }

    var isKeep: Bool { if case .keep = self { true } else { false } }
    var isDeletion: Bool { if case .delete = self { true } else { false } }
    var isInsertion: Bool { if case .insert = self { true } else { false } }
}

/// Deletes and inserts at an index: the form in which the core takes a change.
struct Splice: Equatable, Sendable {
    var at: Int
    var delete: Int
    var insert: Units
}

/// Takes spans piece by piece; after the last one, everything is kept.
struct SpanReader {
    private let spans: [Span]
    private var index = 0
    private var taken = 0

    init(_ spans: [Span]) {
        self.spans = spans
    }

    var hasNext: Bool { index < spans.count }

    var peek: Span? { hasNext ? spans[index] : nil }

    /// What is left of the span.
    var length: Int { hasNext ? spans[index].length - taken : .max }

    /// The next span, or `length` of it.
    mutating func take(_ length: Int) -> Span {
        guard let span = peek else { return .keep(length) }
        let end = length < span.length - taken ? taken + length : span.length
        let piece: Span =
            switch span {
            case .keep: .keep(end - taken)
            case .delete: .delete(end - taken)
            case .insert(let text): .insert(Array(text[taken..<end]))
            }
        taken = end
        if taken == span.length {
            index += 1
            taken = 0
        }
        return piece
    }
}

/// Puts spans into the one form that a change has: no empty ones, like ones joined.
struct SpanBuilder {
    private var spans: [Span] = []

    mutating func keep(_ length: Int) { add(.keep(length)) }

    mutating func delete(_ length: Int) { add(.delete(length)) }

    mutating func insert(_ text: Units) { add(.insert(text)) }

    mutating func add(_ span: Span) {
        if span.length == 0 { return }
        switch (spans.last, span) {
        case (.keep(let last), .keep(let length)): join(.keep(last + length))
        case (.delete(let last), .delete(let length)): join(.delete(last + length))
        case (.insert(let last), .insert(let text)): join(.insert(last + text))
        case (.delete(let last), .insert): insert(span, before: .delete(last))
        default: spans.append(span)
        }
    }

    /// The spans, without what is kept at the end.
    func build() -> [Span] {
        spans.last?.isKeep == true ? spans.dropLast() : spans
    }

    private mutating func join(_ span: Span) {
        spans[spans.count - 1] = span
    }

    private mutating func insert(_ inserted: Span, before deleted: Span) {
        spans.removeLast()
        add(inserted)
        spans.append(deleted)
    }
}
