import Foundation

extension Array: FormEncodable, AroundForm where Element: Encodable {
    static var content: Any.Type { Element.self }

    func form(in encoding: ModelEncoding, at place: Place) throws -> JSONValue {
        try encoding.array(self, at: place)
    }
}

extension ContiguousArray: FormEncodable, AroundForm where Element: Encodable {
    static var content: Any.Type { Element.self }

    func form(in encoding: ModelEncoding, at place: Place) throws -> JSONValue {
        try encoding.array(self, at: place)
    }
}

extension ArraySlice: FormEncodable, AroundForm where Element: Encodable {
    static var content: Any.Type { Element.self }

    func form(in encoding: ModelEncoding, at place: Place) throws -> JSONValue {
        try encoding.array(self, at: place)
    }
}

extension MergeableList: FormEncodable where Element: Encodable {
    func form(in encoding: ModelEncoding, at place: Place) throws -> JSONValue {
        try encoding.needsMerging("a list", at: place)
        let encoded = try encoding.items(items, at: place)
        return readsAsValue(encoded) ? encoding.tagged("$list", .array(encoded)) : .array(encoded)
    }
}

extension Set: FormEncodable where Element: Encodable {
    func form(in encoding: ModelEncoding, at place: Place) throws -> JSONValue {
        // A set has no order of its own, and another one in each process.
        let elements = try flatMap { element in
            let json = try encoding.json(element, at: Place(place, Step("*"), isOneOfMany: true))
            let (indices, text) = (encoding.orders.indices(of: element, at: place), json.description)
            return indices.map { (index: $0, text: text, json: json, element: element) }
        }.sorted { ($0.index, $0.text) < ($1.index, $1.text) }
        let encoded = elements.map(\.json)
        let areScalars = encoded.isEmpty ? isScalar(Element.self) : encoded.allSatisfy(\.isScalar)
        if encoding.isWhole { return .array(encoded) }
        if areScalars { return encoding.tagged("$set", .array(encoded)) }
        encoding.note(elements.map(\.element), encoded, at: place)
        return readsAsValue(encoded) ? encoding.tagged("$list", .array(encoded)) : .array(encoded)
    }
}

extension Dictionary: FormEncodable where Key: Encodable, Value: Encodable {
    func form(in encoding: ModelEncoding, at place: Place) throws -> JSONValue {
        var fields = [String: JSONValue](minimumCapacity: count)
        for (key, value) in self {
            let name = try encoding.name(of: key, at: place)
            let json = try encoding.json(value, at: Place(place, Step(name), isOneOfMany: true))
            guard fields.updateValue(json, forKey: name) == nil else {
                throw place.refusal(
                    "two keys are both \"\(name)\" in JSON", remedy: "encode different keys differently")
            }
        }
        return encoding.object(fields)
    }
}

extension ModelEncoding {
    /// An array that is replaced whole if its elements are numbers, else merged item by item.
    fileprivate func array<Items: Collection>(_ items: Items, at place: Place) throws -> JSONValue
    where Items.Element: Encodable {
        let isOfNumbers = isNumeric(Items.Element.self)
        if isOfNumbers { return try whole { .array(try self.items(items, at: place)) } }
        return .array(try self.items(items, at: place))
    }

    fileprivate func items<Items: Collection>(
        _ items: Items, at place: Place
    ) throws -> [JSONValue] where Items.Element: Encodable {
        var encoded: [JSONValue] = []
        encoded.reserveCapacity(items.count)
        for item in items {
            let below = Place(place, Step(encoded.count), isOneOfMany: true)
            encoded.append(try json(item, at: below))
        }
        note(items, encoded, at: place)
        return encoded
    }
}

extension JSONValue {
    fileprivate var isScalar: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }
}
