/// A list of numbers, or of anything else, that merges item by item, as a field of a model: what two
/// people append while apart is all there. A plain array of numbers, such as a coordinate, is replaced
/// whole.
///
/// A document that has no such field reads as one with an empty list.
public struct MergeableList<Element> {
    /// The items.
    public var items: [Element]

    /// Makes a list.
    public init(_ items: [Element]) {
        self.items = items
    }
}

extension MergeableList: Equatable where Element: Equatable {}
extension MergeableList: Hashable where Element: Hashable {}
extension MergeableList: Sendable where Element: Sendable {}

extension MergeableList: RandomAccessCollection, MutableCollection, RangeReplaceableCollection {
    /// Makes an empty list.
    public init() { items = [] }

    /// Zero.
    public var startIndex: Int { items.startIndex }

    /// How many items there are.
    public var endIndex: Int { items.endIndex }

    /// The item at an index.
    public subscript(index: Int) -> Element {
        get { items[index] }
        set { items[index] = newValue }
    }

    /// Puts items in the place of others.
    public mutating func replaceSubrange<Items: Collection>(
        _ subrange: Range<Int>, with newElements: Items
    ) where Items.Element == Element {
        items.replaceSubrange(subrange, with: newElements)
    }
}

extension MergeableList: ExpressibleByArrayLiteral {
    /// Makes a list.
    public init(arrayLiteral elements: Element...) { items = elements }
}

extension MergeableList: Encodable where Element: Encodable {
    /// Writes its items.
    public func encode(to encoder: any Encoder) throws { try items.encode(to: encoder) }
}

extension MergeableList: Decodable where Element: Decodable {
    /// Reads its items.
    public init(from decoder: any Decoder) throws { items = try [Element](from: decoder) }
}

extension KeyedDecodingContainer {
    /// Reads a list; an empty one where there is none.
    public func decode<Element: Decodable>(
        _ type: MergeableList<Element>.Type, forKey key: Key
    ) throws -> MergeableList<Element> {
        try decodeIfPresent(type, forKey: key) ?? MergeableList()
    }
}
