import Foundation

/// A value's encoding: what is nil is left out, as `Codable` does; what cannot be encoded is the
/// caller's mistake.
func encodeJSON<Value: Encodable>(_ value: Value) throws -> String {
    do {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        encoder.dateEncodingStrategy = .stored
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch let refusal as DunlinError {
        // Thrown by the model itself.
        throw refusal
    } catch {
        throw DunlinError(
            .invalidInput,
            "the value cannot be encoded: \(told(error))",
            remedy: "keep to what JSON can say: no infinite numbers, strings as keys"
        )
    }
}

/// A model from a document's JSON; what it does not know is passed over.
func decodeJSON<Value: Decodable>(
    _ type: Value.Type, from json: String, of name: @autoclosure () -> String
) throws -> Value {
    do {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .stored
        return try decoder.decode(type, from: Data(json.utf8))
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
