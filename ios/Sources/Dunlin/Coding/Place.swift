/// Where a value stands in what is being encoded or decoded, for refusals and for keys of items.
final class Place {
    private let parent: Place?
    private let step: any CodingKey
    private let isOneOfMany: Bool

    /// How many levels stand above.
    let depth: Int

    /// The path that an edit names, under which its value stands; empty for a document.
    private let base: String

    /// The top of a document, or of a value for a path of one.
    init(base: String = "") {
        parent = nil
        step = Step(0)
        isOneOfMany = false
        depth = 0
        self.base = base
    }

    /// One step down; `isOneOfMany` for items of a list and fields of a dictionary, which are all alike.
    init(_ parent: Place, _ step: any CodingKey, isOneOfMany: Bool = false) {
        self.parent = parent
        self.step = step
        self.isOneOfMany = isOneOfMany
        depth = parent.depth + 1
        base = parent.base
    }

    /// Whether this is a document itself.
    var isDocument: Bool { parent == nil && base.isEmpty }

    /// The steps from the top.
    var codingPath: [any CodingKey] { places.map(\.step) }

    /// The path as people write it.
    var path: String { base + places.map { "/" + escaped($0.step.words) }.joined() }

    /// The path with `*` for what is one of many.
    var pattern: String {
        base + places.map { $0.isOneOfMany ? "/*" : "/" + escaped($0.step.words) }.joined()
    }

    /// The refusal of what stands here.
    func refusal(_ what: String, remedy: String) -> DunlinError {
        let path = path
        let place = path.isEmpty ? "" : "at \(path): "
        return DunlinError(
            .invalidInput, "the value cannot be encoded: \(place)\(what)", remedy: remedy)
    }

    private var places: [Place] {
        var places: [Place] = []
        var place = self
        while let parent = place.parent {
            places.append(place)
            place = parent
        }
        return places.reversed()
    }
}

/// A step that no model declares: an index, or a key of a dictionary.
struct Step: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ index: Int) {
        stringValue = String(index)
        intValue = index
    }

    init(_ name: String) {
        stringValue = name
        intValue = nil
    }

    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(intValue) }
}

extension CodingKey {
    var words: String { intValue.map(String.init) ?? stringValue }
}

/// RFC 6901, section 3.
func escaped(_ step: String) -> String {
    guard step.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
        return step
    }
    return step.reduce(into: "") { text, character in
        switch character {
        case "~": text += "~0"
        case "/": text += "~1"
        default: text.append(character)
        }
    }
}
