/// Where a value's `encode(to:)` leaves what it has to say. Containers of it may be filled late, and in
/// any order.
final class Slot {
    private var scalar: JSONValue?
    private var fields: [String: JSONValue]?
    private var items: [JSONValue]?
    private var laterFields: [(key: String, slot: Slot)] = []
    private var laterItems: [(index: Int, slot: Slot)] = []

    /// How many items there are.
    var count: Int { items?.count ?? 0 }

    func set(_ json: JSONValue) {
        scalar = json
    }

    func beginObject() {
        if fields == nil { fields = [:] }
    }

    func beginArray() {
        if items == nil { items = [] }
    }

    func set(_ json: JSONValue, for key: String) {
        fields?[key] = json
    }

    func append(_ json: JSONValue) {
        items?.append(json)
    }

    /// A field that is filled later.
    func later(for key: String) -> Slot {
        let slot = Slot()
        laterFields.append((key, slot))
        return slot
    }

    /// An item that is filled later.
    func later() -> Slot {
        let slot = Slot()
        laterItems.append((count, slot))
        append(.null)
        return slot
    }

    /// What was left here; an object without fields if nothing was.
    func content(in encoding: ModelEncoding) -> JSONValue {
        if var items {
            for (index, slot) in laterItems { items[index] = slot.content(in: encoding) }
            return .array(items)
        }
        if let scalar { return scalar }
        var fields = fields ?? [:]
        for (key, slot) in laterFields { fields[key] = slot.content(in: encoding) }
        return encoding.object(fields)
    }
}
