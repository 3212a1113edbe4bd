internal import DunlinBindings
import Foundation

/// A collaborative text of a document: reading it with its version, and writing splices at one.
struct TextPlace: Sendable {
    let id: String
    let path: String

    private let collection: DunlinBindings.Collection
    private let keys: [String]

    /// - Throws: ``DunlinError`` `invalidInput` for what is no path.
    init(_ collection: DunlinBindings.Collection, id: String, path: String) throws {
        self.collection = collection
        self.id = id
        self.path = path
        keys = try keysOf(path)
    }

    /// The text, empty where nothing is yet, and the version of the document.
    func read() async throws -> (text: String, version: String) {
        let document = try await bridged { try await collection.get(id: id) }
        return (try text(in: document), document.version)
    }

    /// Writes a change of the text as it was at `base`; the commit's place in the change feed.
    func write(_ change: TextChange, base: String) async throws -> Int64 {
        var edits = Edits()
        for splice in change.splices() {
            edits.splice(path, at: splice.at, delete: splice.delete, insert: String(units: splice.insert))
        }
        let json = try edits.encoded()
        return try await bridged { try await collection.edit(id: id, edits: json, base: base) }.seq
    }

    private func text(in document: DunlinBindings.Document) throws -> String {
        // Read anew after each edit, which is why it does not become a `JSONValue`.
        var here: Any? = try JSONSerialization.jsonObject(with: Data(document.taggedJson.utf8))
        for key in keys {
            guard let found = here else { break }
            guard let object = found as? [String: Any] else { throw noText("no object above it") }
            here = object[key]
        }
        guard let found = here else { return "" }
        let text = (found as? [String: Any])?["$text"] as? String
        guard let text else { throw noText("no mergeable text") }
        return text
    }

    private func noText(_ found: String) -> DunlinError {
        DunlinError(
            .wrongKind,
            "there is \(found) at \(path) of \(id)",
            remedy: "give the path of a MergeableText; a String has to be replaced whole"
        )
    }
}

/// The keys that a JSON pointer (RFC 6901) names.
private func keysOf(_ path: String) throws -> [String] {
    guard path.hasPrefix("/") else {
        throw DunlinError(
            .invalidInput,
            "\(path) is not the path of a text",
            remedy: "give a path such as /notes"
        )
    }
    return path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map {
        $0.replacingOccurrences(of: "~1", with: "/").replacingOccurrences(of: "~0", with: "~")
    }
}
