import Foundation

/// An item of a list that is told apart from others by one of its fields.
///
/// When a list is written whole, its items keep their identity by that field: two people can drag, tick
/// and insert rows at once. Items that are `Identifiable` by a stored property, and those with a field
/// `id`, need no such declaration.
///
/// ```swift
/// struct Part: Codable, KeyedItem {
///     var number: String
///     var count: Int
///
///     static var itemKey: any CodingKey { CodingKeys.number }
/// }
/// ```
public protocol KeyedItem {
    /// The field, a string or a number, that no two items of a list share.
    static var itemKey: any CodingKey { get }
}

/// By which field the items of each list of a value are told apart.
struct ListKeys {
    /// By the list's pattern; nil where lists of different items have the same.
    private var fields: [String: String?] = [:]

    /// As the core takes them, which looks for a field `id` by itself.
    var declared: [String: String] { fields.compactMapValues { $0 }.filter { $0.value != "id" } }

    mutating func note<Items: Collection>(_ items: Items, _ encoded: [JSONValue], at place: Place)
    where Items.Element: Encodable {
        let field: String?
        if let type = Items.Element.self as? any KeyedItem.Type {
            field = type.itemKey.stringValue
        } else if Items.Element.self is any Identifiable.Type {
            field = IdentityFields.shared.field(of: items, encoded)
        } else {
            return
        }
        guard let field else { return }
        let pattern = place.pattern
        if let known = fields[pattern], known != field {
            fields.updateValue(nil, forKey: pattern)
        } else {
            fields[pattern] = field
        }
    }
}

/// Which field of their encoding the `id` of `Identifiable` items is, as far as what was seen of each
/// type tells: every item rules out the fields that do not equal its `id`.
private final class IdentityFields: @unchecked Sendable {
    static let shared = IdentityFields()

    private let lock = NSLock()
    private var candidates: [ObjectIdentifier: Set<String>] = [:]

    /// The field; nil if it is none, or nothing is known.
    func field<Items: Collection>(of items: Items, _ encoded: [JSONValue]) -> String? {
        let type = ObjectIdentifier(Items.Element.self)
        var left = lock.withLock { candidates[type] }
        for (item, json) in zip(items, encoded) {
            guard let item = item as? any Identifiable, let fields = json.storedFields,
                let id = identity(of: item)
            else { continue }
            let equal = (left ?? Set(fields.keys)).filter { fields[$0] == id }
            left = equal
            if equal.isEmpty { break }
        }
        lock.withLock {
            if let left { candidates[type] = candidates[type]?.intersection(left) ?? left }
            left = candidates[type]
        }
        // Any of several will do: they were equal in all items so far.
        return left.flatMap { $0.contains("id") ? "id" : $0.min() }
    }
}

/// An item's `id` as the core knows keys: a string or a number.
private func identity<Item: Identifiable>(of item: Item) -> JSONValue? {
    guard let id = item.id as? any Encodable, let json = try? ModelEncoding(.plain).json(id) else {
        return nil
    }
    switch json {
    case .string, .integer, .number: return json
    default: return nil
    }
}

extension JSONValue {
    /// The fields of an object, also of one that is replaced whole.
    fileprivate var storedFields: [String: JSONValue]? {
        guard let fields = object else { return nil }
        return fields.count == 1 ? fields["$value"]?.object ?? fields : fields
    }
}
