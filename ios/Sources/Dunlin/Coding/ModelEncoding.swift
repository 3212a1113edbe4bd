/// Whether objects of one key such as `$text` are forms of kinds that JSON does not have.
enum Forms: Sendable {
    /// They are.
    case tagged
    /// They are objects like any other, and nothing is written in such a form.
    case plain
}

/// Deepest nesting of a value, as the core has it.
private let deepest = 32

/// Values of models on their way into documents. Foundation's encoder does not show dictionaries and
/// sets, which look like arrays to it; this one sees the type of whatever it encodes.
///
/// One encoding may take several values of one write, such as what was read and what is wanted:
/// they have their keys of items in common.
final class ModelEncoding {
    let forms: Forms

    /// How the document that is written to has its sets of objects.
    let orders: SetOrders

    /// By which field the items of lists are told apart.
    private(set) var keys = ListKeys()

    /// Whether what is being encoded is replaced whole, so that nothing in it merges.
    private(set) var isWhole = false

    private var natures: [ObjectIdentifier: Nature] = [:]

    init(_ forms: Forms, _ orders: SetOrders = SetOrders()) {
        self.forms = forms
        self.orders = orders
    }

    /// The JSON of a value.
    func json<Value: Encodable>(_ value: Value, at place: Place = Place()) throws -> JSONValue {
        guard place.depth <= deepest else {
            throw place.refusal(
                "it is nested deeper than \(deepest)",
                remedy: "flatten it, or split it over several documents")
        }
        switch nature(of: value) {
        case .form:
            guard let value = value as? any FormEncodable else { return .null }
            return try value.form(in: self, at: place)
        case .model:
            return try written(value, at: place)
        case .whole:
            // A document is an object that merges, whatever its model is.
            if place.isDocument { return try written(value, at: place) }
            return try whole { try written(value, at: place) }
        }
    }

    /// What `make` encodes, as one value that is replaced whole.
    func whole(_ make: () throws -> JSONValue) rethrows -> JSONValue {
        let isInner = isWhole
        isWhole = true
        defer { isWhole = isInner }
        let json = try make()
        return isInner ? json : replacedWhole(json)
    }

    /// An object, wrapped where it would read as a tagged form.
    func object(_ fields: [String: JSONValue]) -> JSONValue {
        let object = JSONValue.object(fields)
        guard forms == .tagged, fields.count == 1, let key = fields.keys.first, tags.contains(key)
        else { return object }
        return .object(["$object": object])
    }

    /// A tagged form, or what plain JSON has in its place.
    func tagged(_ tag: String, _ content: JSONValue) -> JSONValue {
        forms == .tagged ? .object([tag: content]) : content
    }

    /// The refusal of what says that it merges, inside of what does not.
    func needsMerging(_ kind: String, at place: Place) throws {
        guard isWhole, forms == .tagged else { return }
        throw place.refusal(
            "\(kind) cannot merge inside of a value that is replaced whole",
            remedy: "move it out of the case, or store a string, a number or an array there")
    }

    /// Notes by which field the items of a list are told apart.
    func note<Items: Collection>(_ items: Items, _ encoded: [JSONValue], at place: Place)
    where Items.Element: Encodable {
        if !isWhole { keys.note(items, encoded, at: place) }
    }

    private func written<Value: Encodable>(_ value: Value, at place: Place) throws -> JSONValue {
        let slot = Slot()
        try value.encode(to: SlotEncoder(encoding: self, slot: slot, place: place))
        return slot.content(in: self)
    }

    private func replacedWhole(_ json: JSONValue) -> JSONValue {
        switch json {
        // The core takes these for values without being told.
        case .array(let items) where readsAsValue(items): json
        case .array, .object: isForm(json) ? json : tagged("$value", json)
        default: json
        }
    }

    private func nature<Value: Encodable>(of value: Value) -> Nature {
        let type = ObjectIdentifier(Value.self)
        if let known = natures[type] { return known }
        let nature = Nature(of: value)
        natures[type] = nature
        return nature
    }
}

/// Keys that make a tagged form of an object that has one of them and nothing else.
private let tags: Set<String> = [
    "$text", "$counter", "$bytes", "$value", "$set", "$list", "$attachment", "$object",
]

/// Whether this is a scalar that has a form of its own.
private func isForm(_ json: JSONValue) -> Bool {
    guard let fields = json.object, fields.count == 1 else { return false }
    return fields["$bytes"] != nil
}

/// Whether the core takes an array for a value by itself: at least one number, and nothing but numbers
/// and such arrays.
func readsAsValue(_ items: [JSONValue]) -> Bool {
    !items.isEmpty
        && items.allSatisfy { item in
            switch item {
            case .integer, .number: true
            case .array(let items): readsAsValue(items)
            default: false
            }
        }
}
