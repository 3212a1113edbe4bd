import Dunlin

/// Something in the field that several people look after.
struct Inspection: Codable, Hashable, Sendable {
    var place: String
    var condition = "unknown"
    var done = false
    var notes = MergeableText()
    var visits = Counter()
}

/// What a place can be found in.
let conditions = ["unknown", "good", "worn", "broken"]

extension Space {
    var inspections: DocumentCollection<Inspection> {
        get throws { try collection("inspections", of: Inspection.self) }
    }
}

extension DocumentCollection<Inspection> {
    /// Takes what lost a conflict after all, which settles it as any other write does.
    func take(_ conflict: Conflict, of id: String) async throws {
        guard let lost = conflict.value else { return }
        try await edit(id) { $0.set(conflict.path, lost) }
    }
}

extension Conflict {
    /// What somebody wrote meanwhile and lost; nil if there is nothing to take.
    var words: String? {
        value.map { "\(path) was also \($0.string ?? $0.description)" }
    }
}
