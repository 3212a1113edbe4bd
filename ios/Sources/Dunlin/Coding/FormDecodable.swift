import Foundation

/// What is decoded otherwise than its own `init(from:)` would.
protocol FormDecodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Self
}

extension String: FormDecodable {
    static func value(of json: JSONValue, in _: ModelDecoding, at place: Place) throws -> String {
        if case .string(let text) = json { return text }
        throw json.isNull ? place.nothing(self) : place.mismatch(self)
    }
}

extension Bool: FormDecodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Bool {
        if let truth = decoding.truth(json, at: place) { return truth }
        throw json.isNull ? place.nothing(self) : place.mismatch(self)
    }
}

extension FormDecodable where Self: FixedWidthInteger {
    static func value(of json: JSONValue, in _: ModelDecoding, at place: Place) throws -> Self {
        let number: Self? =
            switch json {
            case .integer(let number): Self(exactly: number)
            case .number(let number): Self(exactly: number)
            case .null: throw place.nothing(self)
            default: throw place.mismatch(self)
            }
        guard let number else { throw place.corrupted("the number does not fit \(self)") }
        return number
    }
}

extension Int: FormDecodable {}
extension Int8: FormDecodable {}
extension Int16: FormDecodable {}
extension Int32: FormDecodable {}
extension Int64: FormDecodable {}
extension UInt: FormDecodable {}
extension UInt8: FormDecodable {}
extension UInt16: FormDecodable {}
extension UInt32: FormDecodable {}
extension UInt64: FormDecodable {}

extension Double: FormDecodable {
    static func value(of json: JSONValue, in _: ModelDecoding, at place: Place) throws -> Double {
        if let number = json.number { return number }
        throw json.isNull ? place.nothing(self) : place.mismatch(self)
    }
}

extension Float: FormDecodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Float {
        let number = Float(try Double.value(of: json, in: decoding, at: place))
        guard number.isFinite else { throw place.corrupted("the number does not fit Float") }
        return number
    }
}

extension CGFloat: FormDecodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> CGFloat {
        CGFloat(try Double.value(of: json, in: decoding, at: place))
    }
}

extension Decimal: FormDecodable {
    static func value(of json: JSONValue, in _: ModelDecoding, at place: Place) throws -> Decimal {
        let digits: String
        switch json {
        case .string(let text): digits = text
        case .integer(let number): digits = number.description
        case .number(let number): digits = number.description
        case .null: throw place.nothing(self)
        default: throw place.mismatch(self)
        }
        // Foundation would read the beginning of anything, and "nan".
        guard digits.utf8.allSatisfy(isOfDecimal), Double(digits) != nil,
            let decimal = Decimal(string: digits, locale: Locale(identifier: "en_US_POSIX"))
        else { throw place.corrupted("it is no decimal number such as 12.50") }
        return decimal
    }
}

private func isOfDecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
    case UInt8(ascii: "e"), UInt8(ascii: "E"): true
    default: false
    }
}

extension Date: FormDecodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Date {
        let text = try String.value(of: json, in: decoding, at: place)
        if let date = Date(stored: text) { return date }
        throw place.corrupted("it is no date such as 2026-12-01T08:30:00.000Z")
    }
}

extension URL: FormDecodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> URL {
        let text = try String.value(of: json, in: decoding, at: place)
        if let url = URL(string: text) { return url }
        throw place.corrupted("it is no URL")
    }
}

extension Data: FormDecodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Data {
        let (content, place) = json.content(of: "$bytes", at: place)
        let text = try String.value(of: content, in: decoding, at: place)
        if let data = Data(base64Encoded: text) { return data }
        throw place.corrupted("it is no Base64")
    }
}

extension MergeableText: FormDecodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Self {
        let (content, place) = json.content(of: "$text", at: place)
        return Self(try String.value(of: content, in: decoding, at: place))
    }
}

extension Counter: FormDecodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Self {
        let (content, place) = json.content(of: "$counter", at: place)
        return Self(try Int64.value(of: content, in: decoding, at: place))
    }
}

extension JSONValue: FormDecodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) -> JSONValue {
        decoding.unfolded(json, at: place)
    }
}

extension Optional: FormDecodable where Wrapped: Decodable {
    static func value(of json: JSONValue, in decoding: ModelDecoding, at place: Place) throws -> Self {
        json.isNull ? nil : try decoding.value(Wrapped.self, from: json, at: place)
    }
}

extension JSONValue {
    /// What a tagged form holds, if this is one; else this.
    fileprivate func content(of tag: String, at place: Place) -> (JSONValue, Place) {
        guard case .object(let fields) = self else { return (self, place) }
        return (fields[tag] ?? .null, Place(place, Step(tag)))
    }

    /// The items of an array, also of one in a tagged form.
    var items: [JSONValue]? {
        switch self {
        case .array(let items): return items
        case .object(let fields):
            guard fields.count == 1, let (tag, content) = fields.first,
                ["$set", "$list", "$value"].contains(tag), case .array(let items) = content
            else { return nil }
            return items
        default: return nil
        }
    }
}
