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

/// A value from JSON; what it does not know is passed over.
func decodeJSON<Value: Decodable>(
    _ type: Value.Type, from json: String, of name: @autoclosure () -> String
) throws -> Value {
    do {
        return try decoded(type, from: try JSONParser.value(of: json), in: ModelDecoding())
    } catch {
        throw Misfit(error).refusal(of: "\(name()) does not fit \(type)")
    }
}

/// A model from a document's JSON, with what is to be known for writing it again.
///
/// - Throws: whatever the model's decoding does: see ``Misfit``.
func decodedDocument<Value: Decodable>(
    _ type: Value.Type, from json: String
) throws -> (value: Value, orders: SetOrders) {
    let decoding = ModelDecoding()
    let value = try decoded(type, from: try JSONParser.value(of: json), in: decoding)
    return (value, decoding.orders)
}

func decoded<Value: Decodable>(
    _ type: Value.Type, from json: JSONValue, in decoding: ModelDecoding
) throws -> Value {
    try decoding.value(type, from: json, at: Place())
}

/// The library's own JSON, which is always some.
func parsedJSON(_ json: String) throws -> JSONValue {
    try decodeJSON(JSONValue.self, from: json, of: "what the library handed over")
}

/// What a model does not read: a model's `init(from:)` throws what it likes.
struct Misfit {
    private let path: String
    private let reason: String

    init(_ error: any Error) {
        let (path, reason) = place(of: error)
        self.path = path.map { "/" + escaped($0) }.joined()
        self.reason = reason
    }

    /// What a list tells of it.
    func unreadable(_ json: JSONValue) -> Unreadable {
        Unreadable(path: path, reason: reason, json: json)
    }

    /// What a caller is told that wants nothing but a value.
    func refusal(of what: String) -> DunlinError {
        DunlinError(
            .wrongKind, what + (path.isEmpty ? "" : " at \(path)") + ": \(reason)",
            remedy: "read it with inspect(_:) and mend it with edit(_:) by path, or let the model read "
                + "such documents too")
    }
}

/// What a coder says, with the place where it stood.
private func told(_ error: any Error) -> String {
    let (path, what) = place(of: error)
    return path.isEmpty ? what : "at /\(path.joined(separator: "/")): \(what)"
}

/// Where a coder stood, and what it says.
private func place(of error: any Error) -> (path: [String], what: String) {
    let (path, what): ([any CodingKey], String) =
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
    return (path.map(\.words), what)
}
