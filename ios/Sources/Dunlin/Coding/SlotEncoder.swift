/// What a value's `encode(to:)` is handed.
struct SlotEncoder: Encoder {
    let encoding: ModelEncoding
    let slot: Slot
    let place: Place

    var codingPath: [any CodingKey] { place.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(KeyedSlot(encoding: encoding, slot: slot, place: place))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        UnkeyedSlot(encoding: encoding, slot: slot, place: place)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension SlotEncoder: SingleValueEncodingContainer {
    func encodeNil() { slot.set(.null) }

    func encode<Value: Encodable>(_ value: Value) throws {
        slot.set(try encoding.json(value, at: place))
    }
}

private struct KeyedSlot<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoding: ModelEncoding
    let slot: Slot
    let place: Place

    init(encoding: ModelEncoding, slot: Slot, place: Place) {
        (self.encoding, self.slot, self.place) = (encoding, slot, place)
        slot.beginObject()
    }

    var codingPath: [any CodingKey] { place.codingPath }

    func encodeNil(forKey key: Key) { slot.set(.null, for: key.stringValue) }

    func encode(_ value: String, forKey key: Key) { slot.set(.string(value), for: key.stringValue) }

    func encode(_ value: Bool, forKey key: Key) { slot.set(.bool(value), for: key.stringValue) }

    func encode(_ value: Int, forKey key: Key) {
        slot.set(.integer(Int64(value)), for: key.stringValue)
    }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        slot.set(try encoding.json(value, at: Place(place, key)), for: key.stringValue)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        encoder(for: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder(for: key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { encoder(for: Step("super")) }

    func superEncoder(forKey key: Key) -> any Encoder { encoder(for: key) }

    private func encoder(for key: any CodingKey) -> SlotEncoder {
        let slot = slot.later(for: key.stringValue)
        return SlotEncoder(encoding: encoding, slot: slot, place: Place(place, key))
    }
}

private struct UnkeyedSlot: UnkeyedEncodingContainer {
    let encoding: ModelEncoding
    let slot: Slot
    let place: Place

    init(encoding: ModelEncoding, slot: Slot, place: Place) {
        (self.encoding, self.slot, self.place) = (encoding, slot, place)
        slot.beginArray()
    }

    var codingPath: [any CodingKey] { place.codingPath }
    var count: Int { slot.count }

    func encodeNil() { slot.append(.null) }

    func encode<Value: Encodable>(_ value: Value) throws {
        slot.append(try encoding.json(value, at: next))
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) -> KeyedEncodingContainer<Nested> {
        encoder().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder().unkeyedContainer() }

    func superEncoder() -> any Encoder { encoder() }

    private var next: Place { Place(place, Step(count), isOneOfMany: true) }

    private func encoder() -> SlotEncoder {
        let next = next
        return SlotEncoder(encoding: encoding, slot: slot.later(), place: next)
    }
}
