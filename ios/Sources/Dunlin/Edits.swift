/// Intents on one document, carried out in order.
///
/// A path is such as `/address/street`; through a list it names an item by index or by `@ITEM-ID`.
/// Indices of texts are UTF-16 code units, as those of `NSString` are.
public struct Edits: Sendable {
    private var edits: [JSONValue] = []
    private var refusal: DunlinError?
    private let forms: Forms

    init(_ forms: Forms) {
        self.forms = forms
    }

    /// Writes a value, replacing whatever is there. A missing object above it is made.
    public mutating func set<Value: Encodable>(_ path: String, _ value: Value) {
        record("set", path, ["value": json(of: value, path)])
    }

    /// Removes a field or a list item; nothing happens where nothing is.
    public mutating func remove(_ path: String) {
        record("remove", path)
    }

    /// Adds to a counter, making it where nothing is.
    public mutating func increment(_ path: String, by number: Int64 = 1) {
        record("increment", path, ["by": .integer(number)])
    }

    /// Deletes and inserts in a text, making it where nothing is.
    public mutating func splice(_ path: String, at index: Int, delete: Int = 0, insert: String = "") {
        record(
            "splice", path,
            ["at": integer(index), "delete": integer(delete), "insert": .string(insert)])
    }

    /// Inserts an item before this index of a list, making the list where nothing is.
    public mutating func insert<Value: Encodable>(_ path: String, at index: Int, _ value: Value) {
        record("insert", path, ["at": integer(index), "value": json(of: value, path)])
    }

    /// Moves an item of a list from one index to another.
    public mutating func move(_ path: String, from: Int, to: Int) {
        record("move", path, ["from": integer(from), "to": integer(to)])
    }

    /// Deletes an item of a list.
    public mutating func deleteItem(_ path: String, at index: Int) {
        record("delete-item", path, ["at": integer(index)])
    }

    /// Adds a scalar to a set, making the set where nothing is.
    public mutating func add<Element: Encodable>(_ path: String, _ element: Element) {
        record("add", path, ["value": json(of: element, path)])
    }

    /// Takes a scalar out of a set; nothing happens where it is not in it.
    public mutating func discard<Element: Encodable>(_ path: String, _ element: Element) {
        record("discard", path, ["value": json(of: element, path)])
    }

    /// The list as the core reads it.
    ///
    /// - Throws: ``DunlinError`` `invalidInput` for a value that could not be encoded.
    func encoded() throws -> String {
        if let refusal { throw refusal }
        return JSONWriter.text(.array(edits))
    }

    private mutating func record(
        _ operation: String, _ path: String, _ fields: [String: JSONValue] = [:]
    ) {
        let named: [String: JSONValue] = ["op": .string(operation), "path": .string(path)]
        edits.append(.object(named.merging(fields) { _, field in field }))
    }

    /// What cannot be encoded is told when the edits are carried out, so that an edit needs no `try`.
    private mutating func json<Value: Encodable>(of value: Value, _ path: String) -> JSONValue {
        let encoding = ModelEncoding(forms)
        do {
            return try encoding.refusing { try encoding.json(value, at: Place(base: path)) }
        } catch {
            refusal = refusal ?? error as? DunlinError
            return .null
        }
    }
}

private func integer(_ index: Int) -> JSONValue { .integer(Int64(index)) }
