internal import DunlinBindings

/// A collaborative text of a document: reading it with its version, and writing splices at one.
struct TextPlace: Sendable {
    private let collection: DunlinBindings.Collection
    private let id: String

    /// Names list items by id, so that it stays good when they move.
    private let path: String

    /// Finds a text, and reads it for the first time.
    static func find(
        _ collection: DunlinBindings.Collection, id: String, path: String
    ) async throws -> (place: TextPlace, text: DunlinBindings.Text) {
        let text = try await bridged { try await collection.readText(id: id, path: path) }
        return (TextPlace(collection: collection, id: id, path: text.path), text)
    }

    /// The text, empty where nothing is yet, and the version of the document.
    func read() async throws -> DunlinBindings.Text {
        try await bridged { try await collection.readText(id: id, path: path) }
    }

    /// Writes a change of the text as it was at `base`; the commit's place in the change feed.
    func write(_ change: TextChange, base: String) async throws -> Int64 {
        var edits = Edits(.tagged)
        for splice in change.splices() {
            edits.splice(path, at: splice.at, delete: splice.delete, insert: String(units: splice.insert))
        }
        let json = try edits.encoded()
        return try await bridged { try await collection.edit(id: id, edits: json, base: base) }.seq
    }
}
