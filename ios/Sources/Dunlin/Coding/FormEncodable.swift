import Foundation

/// What is encoded otherwise than its own `encode(to:)` would.
protocol FormEncodable {
    func form(in encoding: ModelEncoding, at place: Place) throws -> JSONValue
}

/// One string, number or truth value.
protocol ScalarForm: FormEncodable {}

extension String: ScalarForm {
    func form(in _: ModelEncoding, at _: Place) -> JSONValue { .string(self) }
}

extension Bool: ScalarForm {
    func form(in _: ModelEncoding, at _: Place) -> JSONValue { .bool(self) }
}

extension ScalarForm where Self: BinaryInteger {
    func form(in _: ModelEncoding, at place: Place) throws -> JSONValue {
        if let whole = Int64(exactly: self) { return .integer(whole) }
        throw place.refusal("\(self) is above all of Int64", remedy: "store it as a string")
    }
}

extension Int: ScalarForm, NumberForm {}
extension Int8: ScalarForm, NumberForm {}
extension Int16: ScalarForm, NumberForm {}
extension Int32: ScalarForm, NumberForm {}
extension Int64: ScalarForm, NumberForm {}
extension UInt: ScalarForm, NumberForm {}
extension UInt8: ScalarForm, NumberForm {}
extension UInt16: ScalarForm, NumberForm {}
extension UInt32: ScalarForm, NumberForm {}
extension UInt64: ScalarForm, NumberForm {}

extension Double: ScalarForm, NumberForm {
    func form(in _: ModelEncoding, at place: Place) throws -> JSONValue {
        guard isFinite else { throw place.notFinite(description) }
        return .number(self)
    }
}

extension Float: ScalarForm, NumberForm {
    func form(in _: ModelEncoding, at place: Place) throws -> JSONValue {
        // By its digits: the double nearest to 0.1 as a Float is 0.10000000149011612.
        guard isFinite, let double = Double(description) else { throw place.notFinite(description) }
        return .number(double)
    }
}

extension CGFloat: ScalarForm, NumberForm {
    func form(in encoding: ModelEncoding, at place: Place) throws -> JSONValue {
        try Double(self).form(in: encoding, at: place)
    }
}

extension Decimal: ScalarForm, NumberForm {
    func form(in _: ModelEncoding, at place: Place) throws -> JSONValue {
        guard isFinite else { throw place.notFinite("it") }
        // Always with a point, whatever the locale.
        return .string(description)
    }
}

extension Date: ScalarForm {
    func form(in _: ModelEncoding, at place: Place) throws -> JSONValue {
        if let stored { return .string(stored) }
        throw place.refusal("a date outside the years 1583 to 9999", remedy: "leave the field out")
    }
}

extension URL: ScalarForm {
    func form(in _: ModelEncoding, at _: Place) -> JSONValue { .string(absoluteString) }
}

extension Data: FormEncodable {
    func form(in encoding: ModelEncoding, at _: Place) -> JSONValue {
        encoding.tagged("$bytes", .string(base64EncodedString()))
    }
}

extension Optional: FormEncodable, AroundForm where Wrapped: Encodable {
    static var content: Any.Type { Wrapped.self }

    func form(in encoding: ModelEncoding, at place: Place) throws -> JSONValue {
        try map { try encoding.json($0, at: place) } ?? .null
    }
}

extension MergeableText: FormEncodable {
    func form(in encoding: ModelEncoding, at place: Place) throws -> JSONValue {
        try encoding.needsMerging("a text", at: place)
        return encoding.tagged("$text", .string(text))
    }
}

extension Counter: FormEncodable {
    func form(in encoding: ModelEncoding, at place: Place) throws -> JSONValue {
        try encoding.needsMerging("a counter", at: place)
        return encoding.tagged("$counter", .integer(sum))
    }
}

extension JSONValue: FormEncodable {
    /// As it is: whoever hands over JSON writes its tagged forms too.
    func form(in encoding: ModelEncoding, at place: Place) throws -> JSONValue {
        switch self {
        case .number(let number):
            _ = try number.form(in: encoding, at: place)
        case .array(let items):
            for (index, item) in items.enumerated() where item.isDeep {
                _ = try item.form(in: encoding, at: Place(place, Step(index)))
            }
        case .object(let fields):
            for (key, field) in fields where field.isDeep {
                _ = try field.form(in: encoding, at: Place(place, Step(key)))
            }
        default:
            break
        }
        return self
    }

    /// Whether something in it may be refused.
    private var isDeep: Bool {
        switch self {
        case .number, .array, .object: true
        default: false
        }
    }
}

extension Place {
    fileprivate func notFinite(_ number: String) -> DunlinError {
        refusal("\(number) is no number of JSON", remedy: "leave the field out, or store a string")
    }
}
