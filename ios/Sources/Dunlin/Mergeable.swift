/// Text that several people edit at once, as a field of a model: an update turns what changed in it
/// into splices. A field of type `String` is replaced whole.
///
/// A document that has no such field reads as one with an empty text.
public struct MergeableText: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The text.
    public var text: String

    /// Makes a text.
    public init(_ text: String = "") {
        self.text = text
    }

    /// Makes a text.
    public init(stringLiteral text: String) {
        self.text = text
    }

    /// The text.
    public var description: String { text }
}

/// A number that adds up what everybody added, as a field of a model: an update turns the
/// difference into an increment. A field of type `Int` is replaced whole.
///
/// A document that has no such field reads as one where nobody has added anything.
public struct Counter: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// What everybody added.
    public var sum: Int64

    /// Makes a counter.
    public init(_ sum: Int64 = 0) {
        self.sum = sum
    }

    /// Makes a counter.
    public init(integerLiteral sum: Int64) {
        self.sum = sum
    }

    /// Adds.
    public static func += (counter: inout Counter, number: Int64) {
        counter.sum += number
    }

    /// Subtracts.
    public static func -= (counter: inout Counter, number: Int64) {
        counter.sum -= number
    }

    /// The sum in digits.
    public var description: String { String(sum) }
}

/// A place in a text that moves with it when others edit; see ``DocumentCollection/anchor(_:at:in:)``.
public struct Anchor: Hashable, Sendable, Codable, RawRepresentable {
    /// Its text form, which may be stored.
    public let rawValue: String

    /// Takes an anchor's text form.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

extension MergeableText: Codable {
    private enum Key: String, CodingKey { case text = "$text" }

    /// Reads `{"$text": …}`, and what plain JSON has in its place.
    public init(from decoder: any Decoder) throws {
        text = try untagged(decoder, Key.text)
    }

    /// Writes `{"$text": …}`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(text, forKey: .text)
    }
}

extension Counter: Codable {
    private enum Key: String, CodingKey { case sum = "$counter" }

    /// Reads `{"$counter": …}`, and what plain JSON has in its place.
    public init(from decoder: any Decoder) throws {
        sum = try untagged(decoder, Key.sum)
    }

    /// Writes `{"$counter": …}`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(sum, forKey: .sum)
    }
}

private func untagged<Key: CodingKey, Content: Decodable>(
    _ decoder: any Decoder, _ key: Key
) throws -> Content {
    if let tagged = try? decoder.container(keyedBy: Key.self) {
        return try tagged.decode(Content.self, forKey: key)
    }
    return try decoder.singleValueContainer().decode(Content.self)
}

// The code that the compiler makes for a model calls these in place of the general ones: a field of
// either type may be missing.
extension KeyedDecodingContainer {
    /// Reads a text; an empty one where there is none.
    public func decode(_ type: MergeableText.Type, forKey key: Key) throws -> MergeableText {
        try decodeIfPresent(type, forKey: key) ?? MergeableText()
    }

    /// Reads a counter; one without additions where there is none.
    public func decode(_ type: Counter.Type, forKey key: Key) throws -> Counter {
        try decodeIfPresent(type, forKey: key) ?? Counter()
    }
}
