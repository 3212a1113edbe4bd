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

extension Conflict {
    /// What somebody wrote meanwhile and lost; nil if there is nothing to take.
    var words: String? {
        let author = lost.author.map { " by \($0.device.name)" } ?? ""
        return lost.value.map { "\(path) was also \($0.string ?? $0.description)\(author)" }
    }
}
