/// What a value's `init(from:)` is handed.
struct JSONDecoding: Decoder {
    let decoding: ModelDecoding
    let json: JSONValue
    let place: Place

    var codingPath: [any CodingKey] { place.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let fields) = decoding.unfolded(json, at: place) else {
            let object = [String: JSONValue].self
            throw json.isNull ? place.nothing(object) : place.mismatch(object)
        }
        return KeyedDecodingContainer(KeyedJSON(decoding: decoding, fields: fields, place: place))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let items = decoding.unfolded(json, at: place).items else {
            throw json.isNull ? place.nothing([JSONValue].self) : place.mismatch([JSONValue].self)
        }
        return UnkeyedJSON(decoding: decoding, items: items, place: place)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }
}

extension JSONDecoding: SingleValueDecodingContainer {
    func decodeNil() -> Bool { json.isNull }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try decoding.value(type, from: json, at: place)
    }
}

private struct KeyedJSON<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoding: ModelDecoding
    let fields: [String: JSONValue]
    let place: Place

    var codingPath: [any CodingKey] { place.codingPath }
    var allKeys: [Key] { fields.keys.compactMap(Key.init(stringValue:)) }

    func contains(_ key: Key) -> Bool { fields[key.stringValue] != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try field(key).isNull }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try decoding.value(type, from: try field(key), at: Place(place, key))
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        guard let json = fields[key.stringValue], !json.isNull else { return nil }
        return try decoding.value(type, from: json, at: Place(place, key))
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try decoder(key, try field(key)).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key, try field(key)).unkeyedContainer()
    }

    func superDecoder() -> any Decoder {
        let key = Step("super")
        return decoder(key, fields[key.stringValue] ?? .null)
    }

    func superDecoder(forKey key: Key) -> any Decoder {
        decoder(key, fields[key.stringValue] ?? .null)
    }

    private func field(_ key: Key) throws -> JSONValue {
        if let field = fields[key.stringValue] { return field }
        let context = DecodingError.Context(
            codingPath: codingPath, debugDescription: "there is no \"\(key.stringValue)\"")
        throw DecodingError.keyNotFound(key, context)
    }

    private func decoder(_ key: any CodingKey, _ json: JSONValue) -> JSONDecoding {
        JSONDecoding(decoding: decoding, json: json, place: Place(place, key))
    }
}

private struct UnkeyedJSON: UnkeyedDecodingContainer {
    let decoding: ModelDecoding
    let items: [JSONValue]
    let place: Place
    var currentIndex = 0

    init(decoding: ModelDecoding, items: [JSONValue], place: Place) {
        (self.decoding, self.items, self.place) = (decoding, items, place)
    }

    var codingPath: [any CodingKey] { place.codingPath }
    var count: Int? { items.count }
    var isAtEnd: Bool { currentIndex == items.count }

    mutating func decodeNil() throws -> Bool {
        let isNull = try item().isNull
        if isNull { currentIndex += 1 }
        return isNull
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value = try decoding.value(type, from: try item(), at: below)
        currentIndex += 1
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        let container = try decoder().container(keyedBy: type)
        currentIndex += 1
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try decoder().unkeyedContainer()
        currentIndex += 1
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let decoder = try decoder()
        currentIndex += 1
        return decoder
    }

    private var below: Place { Place(place, Step(currentIndex), isOneOfMany: true) }

    private func item() throws -> JSONValue {
        if isAtEnd { throw below.nothing(JSONValue.self) }
        return items[currentIndex]
    }

    private func decoder() throws -> JSONDecoding {
        JSONDecoding(decoding: decoding, json: try item(), place: below)
    }
}
