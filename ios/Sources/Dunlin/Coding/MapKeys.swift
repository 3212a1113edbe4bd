extension ModelEncoding {
    /// The name under which a dictionary's key stands in an object: whatever the key encodes as, if that
    /// is one string, number or truth value, or the name of a case without payload.
    func name<Key: Encodable>(of key: Key, at place: Place) throws -> String {
        if let text = key as? String { return text }
        if let representable = representedName(of: key) { return representable }
        var json = JSONValue.null
        _ = try whole {
            json = try self.json(key, at: place)
            return .null
        }
        switch json {
        case .string(let text): return text
        case .integer(let number): return String(number)
        case .number(let number): return String(number)
        case .bool(let truth): return String(truth)
        case .object(let fields):
            if fields.count == 1, let (name, payload) = fields.first, payload == [:] { return name }
        default: break
        }
        throw place.refusal(
            "a key of type \(Key.self) is no string and no number",
            remedy: "use strings, numbers or an enumeration as keys of dictionaries")
    }
}

extension ModelDecoding {
    /// The dictionary's key that has this name in an object.
    func key<Key: Decodable>(_ type: Key.Type, named name: String, at place: Place) throws -> Key {
        if let text = name as? Key { return text }
        if let key = represented(type, named: name) { return key }
        if let type = type as? any FixedWidthInteger.Type, let key = whole(type, name) as? Key {
            return key
        }
        for json in forms(of: name) {
            if let key = try? value(type, from: json, at: place) { return key }
        }
        throw DecodingError.dataCorrupted(
            DecodingError.Context(
                codingPath: place.codingPath, debugDescription: "\"\(name)\" is no \(type)"))
    }

    /// What a key of this name may have been encoded as.
    private func forms(of name: String) -> [JSONValue] {
        var forms: [JSONValue] = [.string(name)]
        if let number = Int64(name) { forms.append(.integer(number)) }
        if let number = Double(name), number.isFinite { forms.append(.number(number)) }
        if let truth = Bool(name) { forms.append(.bool(truth)) }
        forms.append(.object([name: .object([:])]))
        return forms
    }
}

private func whole<Number: FixedWidthInteger>(_ type: Number.Type, _ name: String) -> Any? {
    Number(name)
}

/// The name that a type gives to its keys itself, where the system knows of such types.
private func representedName<Key>(of key: Key) -> String? {
    guard #available(macOS 12.3, iOS 15.4, *) else { return nil }
    return (key as? any CodingKeyRepresentable)?.codingKey.stringValue
}

private func represented<Key>(_ type: Key.Type, named name: String) -> Key? {
    guard #available(macOS 12.3, iOS 15.4, *) else { return nil }
    guard let type = type as? any CodingKeyRepresentable.Type else { return nil }
    return type.init(codingKey: Step(name)) as? Key
}
