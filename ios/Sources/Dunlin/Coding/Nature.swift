import Foundation

/// How values of a type are encoded.
enum Nature {
    /// As the library says, which sees into the type.
    case form
    /// As the type says.
    case model
    /// As the type says, and replaced whole: two concurrent changes of it must not mix.
    case whole

    init<Value: Encodable>(of value: Value) {
        if Value.self is any FormEncodable.Type {
            self = .form
        } else if Value.self is any ReplacedWhole.Type || isOfLibrary(Value.self)
            || Mirror(reflecting: value).displayStyle == .enum
        {
            self = .whole
        } else {
            self = .model
        }
    }
}

/// Whether a type is Swift's or Foundation's own: a range, an interval, a measurement. Their fields mean
/// something together only. Collections have forms of their own.
private func isOfLibrary(_ type: Any.Type) -> Bool {
    let name = String(reflecting: type)
    let modules = ["Swift.", "Foundation.", "FoundationEssentials.", "__C."]
    return modules.contains { name.hasPrefix($0) }
}

/// Numbers: an array of these is replaced whole.
protocol NumberForm {}

/// Types around another one, whose arrays are of numbers if that is one.
protocol AroundForm {
    static var content: Any.Type { get }
}

/// Whether arrays of this type are arrays of numbers.
func isNumeric(_ type: Any.Type) -> Bool {
    if type is any NumberForm.Type { return true }
    guard let around = type as? any AroundForm.Type else { return false }
    return isNumeric(around.content)
}

/// Whether values of this type are one string, number or truth value, as far as the type tells.
func isScalar(_ type: Any.Type) -> Bool {
    if type is any ScalarForm.Type || type == UUID.self { return true }
    guard let raw = type as? any RawRepresentable.Type else { return false }
    return isScalar(rawValue(of: raw))
}

private func rawValue<Raw: RawRepresentable>(of type: Raw.Type) -> Any.Type { Raw.RawValue.self }
