extension Array: FormDecodable where Element: Decodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Self {
        try decoding.items(Element.self, of: json, as: self, at: place)
    }
}

extension ContiguousArray: FormDecodable where Element: Decodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Self {
        Self(try decoding.items(Element.self, of: json, as: self, at: place))
    }
}

extension ArraySlice: FormDecodable where Element: Decodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Self {
        Self(try decoding.items(Element.self, of: json, as: self, at: place))
    }
}

extension MergeableList: FormDecodable where Element: Decodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Self {
        Self(try decoding.items(Element.self, of: json, as: self, at: place))
    }
}

extension Set: FormDecodable where Element: Decodable {
    /// Equal ones are one, whoever added them.
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Self {
        let elements = try decoding.items(Element.self, of: json, as: self, at: place)
        if !isScalar(Element.self) { decoding.orders.note(elements, at: place) }
        return Self(elements)
    }
}

extension Dictionary: FormDecodable where Key: Decodable, Value: Decodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Self {
        guard case .object(let fields) = decoding.unfolded(json, at: place) else {
            throw json.isNull ? place.nothing(self) : place.mismatch(self)
        }
        var values = Self(minimumCapacity: fields.count)
        for (name, field) in fields {
            let below = Place(place, Step(name), isOneOfMany: true)
            let key = try decoding.key(Key.self, named: name, at: below)
            values[key] = try decoding.value(Value.self, from: field, at: below)
        }
        return values
    }
}

extension ModelDecoding {
    fileprivate func items<Element: Decodable>(
        _ element: Element.Type, of json: JSONValue, as type: Any.Type, at place: Place
    ) throws -> [Element] {
        guard let items = unfolded(json, at: place).items else {
            throw json.isNull ? place.nothing(type) : place.mismatch(type)
        }
        var elements: [Element] = []
        elements.reserveCapacity(items.count)
        for item in items {
            let below = Place(place, Step(elements.count), isOneOfMany: true)
            elements.append(try value(element, from: item, at: below))
        }
        return elements
    }
}
