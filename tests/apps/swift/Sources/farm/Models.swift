import Dunlin
import Foundation

/// A field, as the first release of the app knew it.
struct FirstField: Codable, Hashable, Sendable {
    var name: String
    var sown: Date
    var beds: [FirstBed] = []
    var tags: Set<String> = []
    var notes = MergeableText()
    var hours = Counter()
}

struct FirstBed: Codable, Hashable, Identifiable, Sendable {
    var id: String
    var plants: [Plant] = []
}

/// A field, as the present release has it: with a crop, and water in each bed.
struct Field: Codable, Hashable, Sendable {
    var name: String
    var sown: Date
    var crop: Crop?
    var beds: [Bed] = []
    var tags: Set<String> = []
    var notes = MergeableText()
    var hours = Counter()
}

struct Bed: Codable, Hashable, Identifiable, Sendable {
    var id: String
    var plants: [Plant] = []
    var litres: Int?
}

struct Plant: Codable, Hashable, Identifiable, Sendable {
    var id: String
    var kind: String
    var isTall = false
}

enum Crop: Codable, Hashable, Sendable {
    case fallow
    case grain(variety: String, kilograms: Double)
}
