/// A document, or a row of a query, in a list: what a model reads of it, or why the model does not read
/// it. One odd document ends no list, and is there again as a value when it is mended.
public struct Entry<Model: Sendable>: Sendable, Identifiable {
    /// The id within its collection; of a row its column `id`, else its place from 0.
    public let id: String

    /// What the model reads, or why it does not. What it does not read can still be shown, be deleted by
    /// its id, and be changed with ``DocumentCollection/edit(_:base:isolation:_:)``.
    public let result: Result<Model, Unreadable>

    /// Makes an entry that the model reads, for instance for a preview.
    public init(id: String, value: Model) {
        self.id = id
        result = .success(value)
    }

    /// Makes an entry that the model does not read.
    public init(id: String, failure: Unreadable) {
        self.id = id
        result = .failure(failure)
    }

    /// What the model reads; nil where there is a ``failure``.
    public var value: Model? {
        if case .success(let value) = result { value } else { nil }
    }

    /// Why the model does not read it; nil where there is a ``value``.
    public var failure: Unreadable? {
        if case .failure(let failure) = result { failure } else { nil }
    }
}

extension Entry: Equatable where Model: Equatable {}
extension Entry: Hashable where Model: Hashable {}

/// Why a model does not read what is stored.
public struct Unreadable: Error, Hashable, Sendable {
    /// Where, as a JSON pointer, as far as the model's decoder tells; empty for the whole.
    public let path: String

    /// What is wrong there, in words.
    public let reason: String

    /// Everything that is stored.
    public let json: JSONValue

    /// Makes one, for instance for a preview.
    public init(path: String, reason: String, json: JSONValue) {
        self.path = path
        self.reason = reason
        self.json = json
    }
}

/// What a list shows: its entries, whether there are more, and whether they are up to date.
public struct Entries<Model: Sendable>: Sendable {
    /// Whether there are more than these: beyond the limit that was asked for, 10,000, or 8 MiB.
    public let hasMore: Bool

    /// Why the entries are those of an earlier moment: a document holds something that the query cannot
    /// be carried out on, or it took longer than allowed. Nil when they are up to date.
    public let refusal: DunlinError?

    private let entries: [Entry<Model>]

    /// Makes some, for instance for a preview.
    public init(_ entries: [Entry<Model>], hasMore: Bool = false, refusal: DunlinError? = nil) {
        self.entries = entries
        self.hasMore = hasMore
        self.refusal = refusal
    }

    /// What the model reads, without the rest.
    public var values: [Model] { compactMap(\.value) }

    /// The entries that the model does not read.
    public var failures: [Entry<Model>] { filter { $0.failure != nil } }
}

extension Entries: RandomAccessCollection {
    /// The place of the first entry: 0.
    public var startIndex: Int { entries.startIndex }

    /// The place behind the last entry.
    public var endIndex: Int { entries.endIndex }

    /// The entry at a place.
    public subscript(place: Int) -> Entry<Model> { entries[place] }
}

extension Entries: ExpressibleByArrayLiteral {
    /// Makes some that are up to date and all that there are.
    public init(arrayLiteral entries: Entry<Model>...) { self.init(entries) }
}

extension Entries: Equatable where Model: Equatable {}
extension Entries: Hashable where Model: Hashable {}
