/// A write's value as it crosses to the library.
struct EncodedValue {
    /// As JSON.
    let json: String

    /// By which field the items of its lists are told apart.
    let keys: [String: String]
}

/// The encoding of a document: what is nil is left out, as `Codable` does; what cannot be encoded is the
/// caller's mistake.
func encodedDocument<Value: Encodable>(_ value: Value, _ forms: Forms) throws -> EncodedValue {
    let encoding = ModelEncoding(forms)
    let json = try encoding.text(of: value)
    return EncodedValue(json: json, keys: encoding.keys.declared)
}

/// The encoding of what is no document.
func encodeJSON<Value: Encodable>(_ value: Value, _ forms: Forms = .plain) throws -> String {
    try ModelEncoding(forms).text(of: value)
}

extension ModelEncoding {
    /// The JSON text of a value.
    func text<Value: Encodable>(of value: Value) throws -> String {
        JSONWriter.text(try refusing { try json(value) })
    }

    /// Encodes; what cannot be encoded comes out as ``DunlinError``.
    func refusing<Answer>(_ encode: () throws -> Answer) throws -> Answer {
        do {
            return try encode()
        } catch let refusal as DunlinError {
            throw refusal
        } catch {
            throw DunlinError(
                .invalidInput,
                "the value cannot be encoded: \(told(error))",
                remedy: "mend what the model's encode(to:) refuses"
            )
        }
    }
}

/// A model from a document's JSON; what it does not know is passed over.
func decodeJSON<Value: Decodable>(
    _ type: Value.Type, from json: String, of name: @autoclosure () -> String
) throws -> Value {
    try decodedDocument(type, from: json, of: name()).value
}

/// A model from a document's JSON, with what is to be known for writing it again.
func decodedDocument<Value: Decodable>(
    _ type: Value.Type, from json: String, of name: @autoclosure () -> String
) throws -> (value: Value, orders: SetOrders) {
    do {
        let decoding = ModelDecoding()
        let value = try decoding.value(type, from: try JSONParser.value(of: json), at: Place())
        return (value, decoding.orders)
    } catch {
        throw DunlinError(
            .invalidInput,
            "\(name()) does not fit \(type): \(told(error))",
            remedy: "make the model's new fields optional, for documents that were written before them"
        )
    }
}

/// The library's own JSON, which is always some.
func parsedJSON(_ json: String) throws -> JSONValue {
    try decodeJSON(JSONValue.self, from: json, of: "what the library handed over")
}

/// What a coder says, with the place where it stood.
private func told(_ error: any Error) -> String {
    let (context, what): (_, String) =
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            (context.codingPath + [key], "there is none")
        case DecodingError.valueNotFound(_, let context): (context.codingPath, "there is none")
        case DecodingError.typeMismatch(let type, let context):
            (context.codingPath, "it is no \(type)")
        case DecodingError.dataCorrupted(let context):
            (context.codingPath, context.debugDescription)
        case EncodingError.invalidValue(_, let context):
            (context.codingPath, context.debugDescription)
        default: ([], String(describing: error))
        }
    let path = context.map { $0.intValue.map(String.init) ?? $0.stringValue }
    return path.isEmpty ? what : "at /\(path.joined(separator: "/")): \(what)"
}
