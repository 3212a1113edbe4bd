/// Reads JSON text: RFC 8259, as the core writes it.
struct JSONParser {
    private let bytes: [UInt8]
    private var offset = 0
    private var depth = 0

    /// The value of a text.
    static func value(of text: String) throws -> JSONValue {
        var parser = JSONParser(bytes: Array(text.utf8))
        let value = try parser.value()
        parser.skipSpace()
        if parser.offset < parser.bytes.count { throw parser.wrong("there is more behind it") }
        return value
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func value() throws -> JSONValue {
        skipSpace()
        switch next {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return try nested { try $0.object() }
        case UInt8(ascii: "["): return try nested { try $0.array() }
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    /// Bounded, so that no text takes all of the stack.
    private mutating func nested(_ read: (inout Self) throws -> JSONValue) throws -> JSONValue {
        guard depth < 512 else { throw wrong("it is nested too deep") }
        depth += 1
        defer { depth -= 1 }
        offset += 1
        return try read(&self)
    }

    private mutating func object() throws -> JSONValue {
        var fields: [String: JSONValue] = [:]
        if isNext("}") { return .object(fields) }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw wrong("a key is missing") }
            let key = try string()
            guard isNext(":") else { throw wrong("a colon is missing") }
            fields[key] = try value()
        } while isNext(",")
        guard isNext("}") else { throw wrong("an object has no end") }
        return .object(fields)
    }

    private mutating func array() throws -> JSONValue {
        var items: [JSONValue] = []
        if isNext("]") { return .array(items) }
        repeat { items.append(try value()) } while isNext(",")
        guard isNext("]") else { throw wrong("an array has no end") }
        return .array(items)
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        let isThere = word.withUTF8Buffer { bytes[offset...].starts(with: $0) }
        guard isThere else { throw wrong("no value stands there") }
        offset += word.utf8CodeUnitCount
        return value
    }

    private mutating func number() throws -> JSONValue {
        let start = offset
        while let byte = next, isOfNumber(byte) { offset += 1 }
        let digits = String(decoding: bytes[start..<offset], as: UTF8.self)
        let isSigned = digits.utf8.first == UInt8(ascii: "+")
        if !isSigned, let whole = Int64(digits) { return .integer(whole) }
        guard !isSigned, let number = Double(digits), number.isFinite else {
            offset = start
            throw wrong("no value stands there")
        }
        return Int64(exactly: number).map(JSONValue.integer) ?? .number(number)
    }

    private func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    private mutating func string() throws -> String {
        offset += 1
        let start = offset
        while let byte = next {
            if byte == UInt8(ascii: "\"") {
                defer { offset += 1 }
                return String(decoding: bytes[start..<offset], as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") { return try escaped(from: start) }
            offset += 1
        }
        throw wrong("a string has no end")
    }

    /// A string with escapes; the first one is next.
    private mutating func escaped(from start: Int) throws -> String {
        var text = Array(bytes[start..<offset])
        while let byte = next {
            offset += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") {
                text += try escape().utf8
            } else {
                text.append(byte)
            }
        }
        throw wrong("a string has no end")
    }

    /// What stands behind a backslash.
    private mutating func escape() throws -> String {
        guard let byte = next else { throw wrong("a string has no end") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            var units = [try unit()]
            if UTF16.isLeadSurrogate(units[0]) {
                guard bytes[offset...].starts(with: "\\u".utf8) else { throw wrong("half a pair") }
                offset += 2
                units.append(try unit())
            }
            return String(decoding: units, as: UTF16.self)
        default: throw wrong("an escape is unknown")
        }
    }

    private mutating func unit() throws -> UInt16 {
        let digits = String(decoding: bytes[offset...].prefix(4), as: UTF8.self)
        guard digits.utf8.count == 4, let unit = UInt16(digits, radix: 16) else {
            throw wrong("an escape is unknown")
        }
        offset += 4
        return unit
    }

    /// Goes past a sign, if it is the next one.
    private mutating func isNext(_ sign: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: sign) else { return false }
        offset += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || (0x9...0xd).contains(byte) { offset += 1 }
    }

    private func wrong(_ what: String) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: [], debugDescription: "it is no JSON: \(what), at byte \(offset)")
        return .dataCorrupted(context)
    }
}
