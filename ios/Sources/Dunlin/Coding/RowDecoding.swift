/// A row of a query as an entry; its place is its id if it has no column `id`.
func entry<Model: Decodable & Sendable>(
    _ model: Model.Type, _ columns: [String], _ cells: [JSONValue], _ place: Int
) -> Entry<Model> {
    let fields = Dictionary(zip(columns, cells), uniquingKeysWith: { first, _ in first })
    let id = fields["id"].map { $0.string ?? $0.description } ?? String(place)
    let row = JSONValue.object(fields)
    do {
        return Entry(id: id, value: try decoded(model, from: row, in: ModelDecoding(isRow: true)))
    } catch {
        return Entry(id: id, failure: Misfit(error).unreadable(row))
    }
}

extension ModelDecoding {
    /// What stands in a row's place of an object or a list: SQL has those as text.
    func unfolded(_ json: JSONValue, at place: Place) -> JSONValue {
        guard isRow, place.depth == 1, case .string(let text) = json,
            let nested = try? JSONParser.value(of: text), nested.object != nil || nested.array != nil
        else { return json }
        return nested
    }

    /// What stands in a row's place of a truth value: SQL has 0 and 1 for it.
    func truth(_ json: JSONValue, at place: Place) -> Bool? {
        switch json {
        case .bool(let truth): truth
        case .integer(0) where isRow && place.depth == 1: false
        case .integer(1) where isRow && place.depth == 1: true
        default: nil
        }
    }
}
