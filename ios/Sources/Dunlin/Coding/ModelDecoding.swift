/// JSON on its way into values of models: what ``ModelEncoding`` wrote, as documents have it in plain JSON
/// and in tagged forms.
final class ModelDecoding {
    /// How the document has its sets of objects.
    var orders = SetOrders()

    /// Whether this is a row of a query, and no document.
    let isRow: Bool

    init(isRow: Bool = false) {
        self.isRow = isRow
    }

    func value<Value: Decodable>(
        _ type: Value.Type, from json: JSONValue, at place: @autoclosure () -> Place
    ) throws -> Value {
        switch json {
        case .string(let text): if let value = text as? Value { return value }
        case .bool(let truth): if let value = truth as? Value { return value }
        default: break
        }
        if let form = type as? any FormDecodable.Type {
            let place = place()
            guard let value = try form.value(of: json, in: self, at: place) as? Value else {
                throw place.mismatch(type)
            }
            return value
        }
        return try Value(from: JSONDecoding(decoding: self, json: json, place: place()))
    }
}

extension Place {
    /// What stands here does not fit.
    func mismatch(_ type: Any.Type) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: codingPath, debugDescription: "it is no \(type)")
        return .typeMismatch(type, context)
    }

    /// Nothing stands here.
    func nothing(_ type: Any.Type) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: codingPath, debugDescription: "there is none")
        return .valueNotFound(type, context)
    }

    /// What stands here cannot be.
    func corrupted(_ what: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: what))
    }
}
