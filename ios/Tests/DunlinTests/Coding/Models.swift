import Dunlin
import Foundation

// Models of every shape that an app may have.

enum Day: String, Codable, CaseIterable, Hashable { case monday, tuesday, wednesday }

enum Floor: Int, Codable, CaseIterable, Hashable { case cellar = -1, ground, first }

/// Without raw values: encoded by the compiler as an object of one field.
enum Colour: Codable, CaseIterable, Hashable { case red, green }

enum Figure: Codable, Hashable {
    case circle(radius: Double)
    case named(String, tags: Set<String>)
    case none
}

/// A number of its own type.
struct Part: RawRepresentable, Codable, Hashable { var rawValue: String }

struct Place: Codable, Hashable, ReplacedWhole {
    var latitude: Double
    var longitude: Double
}

/// Told apart by what it calls `code`.
struct Line: Codable, Hashable, Identifiable {
    var name: String
    var code: String
    var isDone = false

    var id: String { code }
}

/// Told apart by a stored `id`.
struct Row: Codable, Hashable, Identifiable {
    var id: Int
    var text: String
    var children: [Row]?
}

/// Told apart by what it declares.
struct Tool: Codable, Hashable, KeyedItem {
    var number: Int
    var name: String

    private enum CodingKeys: String, CodingKey {
        case number = "no"
        case name
    }

    static var itemKey: any CodingKey { CodingKeys.number }
}

/// An item that has its whole `id` in no field.
struct Pair: Codable, Hashable, Identifiable {
    var left: String
    var right: String

    var id: String { "\(left)/\(right)" }
}

/// Something of everything.
struct Everything: Codable, Hashable, Sendable {
    var words: Set<String> = []
    var numbers: Set<Int> = []
    var days: Set<Day> = []
    var ids: Set<UUID> = []
    var lines: Set<Line> = []
    var hours: [Day: Int] = [:]
    var floors: [Floor: [String]] = [:]
    var colours: [Colour: Bool] = [:]
    var parts: [Part: Line] = [:]
    var counts: [Int: Double] = [:]
    var names: [String: String] = [:]
    var rows: [Row] = []
    var tools: [Tool] = []
    var track: [[Double]] = []
    var point: [Double] = []
    var samples: MergeableList<Double> = []
    var bytes = Data()
    var octets: [UInt8] = []
    var figure = Figure.none
    var figures: [Figure] = []
    var place: Place?
    var span: ClosedRange<Int> = 0...0
    var interval: DateInterval?
    var amount: Decimal = 0
    var at: Date?
    var link: URL?
    var notes = MergeableText()
    var minutes = Counter()
    var part: Part?
    var colour = Colour.red
    var small: Float = 0
}

extension Everything {
    static func random(using random: inout some RandomNumberGenerator) -> Everything {
        var some = Everything()
        some.words = Set(words(&random))
        some.numbers = Set((0..<Int.random(in: 0...4, using: &random)).map { _ in whole(&random) })
        some.days = Set(Day.allCases.shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random)))
        some.ids = Set((0..<Int.random(in: 0...2, using: &random)).map { _ in UUID() })
        some.lines = Set(words(&random).map { Line(name: word(&random), code: $0) })
        for day in some.days { some.hours[day] = whole(&random) }
        for floor in Floor.allCases where Bool.random(using: &random) { some.floors[floor] = words(&random) }
        for colour in Colour.allCases where Bool.random(using: &random) {
            some.colours[colour] = Bool.random(using: &random)
        }
        for name in words(&random) { some.parts[Part(rawValue: name)] = Line(name: "x", code: name) }
        for _ in words(&random) { some.counts[whole(&random)] = double(&random) }
        for name in words(&random) { some.names[name] = word(&random) }
        some.rows = words(&random).enumerated().map { Row(id: $0, text: $1) }
        some.tools = words(&random).enumerated().map { Tool(number: $0, name: $1) }
        some.track = words(&random).map { _ in [double(&random), double(&random)] }
        some.point = words(&random).map { _ in double(&random) }
        some.samples = MergeableList(words(&random).map { _ in double(&random) })
        some.bytes = Data(words(&random).joined().utf8)
        some.octets = Array(words(&random).joined().utf8)
        some.figure = figure(&random)
        some.figures = words(&random).map { _ in figure(&random) }
        if Bool.random(using: &random) { some.place = Place(latitude: double(&random), longitude: 1) }
        let bounds = [whole(&random), whole(&random)].sorted()
        some.span = bounds[0]...bounds[1]
        let moment = Date(timeIntervalSince1970: Double(Int.random(in: 0...2_000_000_000, using: &random)))
        if Bool.random(using: &random) { some.interval = DateInterval(start: moment, duration: 60) }
        some.amount = Decimal(whole(&random) % 1_000_000) / 100
        if Bool.random(using: &random) { some.at = moment }
        if Bool.random(using: &random) {
            some.link = URL(string: "https://example.org/\(whole(&random))?a=b")
        }
        some.notes = MergeableText(word(&random))
        some.minutes = Counter(Int64(whole(&random) % 1_000_000))
        if Bool.random(using: &random) { some.part = Part(rawValue: word(&random)) }
        some.colour = Colour.allCases.randomElement(using: &random) ?? .red
        some.small = Float(double(&random))
        if !some.small.isFinite { some.small = 0.1 }
        return some
    }

    private static func figure(_ random: inout some RandomNumberGenerator) -> Figure {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: .circle(radius: double(&random))
        case 1: .named(word(&random), tags: Set(words(&random)))
        default: .none
        }
    }

    private static func whole(_ random: inout some RandomNumberGenerator) -> Int {
        Int.random(in: -5...5, using: &random) << Int.random(in: 0...40, using: &random)
    }

    private static func double(_ random: inout some RandomNumberGenerator) -> Double {
        let double = Double(bitPattern: UInt64.random(in: 0...UInt64.max, using: &random))
        return double.isFinite && double != 0 ? double : 0.1
    }

    private static func words(_ random: inout some RandomNumberGenerator) -> [String] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in word(&random) }
    }

    private static func word(_ random: inout some RandomNumberGenerator) -> String {
        let words = [
            "", "a", "b", "$text", "$object", "$value", "$ref", "é", "🦆", "\u{0}", "a/b~c", "1", "*",
        ]
        return words.randomElement(using: &random) ?? ""
    }
}

/// SplitMix64: the same numbers for the same seed.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }
}
