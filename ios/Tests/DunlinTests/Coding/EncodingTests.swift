import Foundation
import Testing

@testable import Dunlin

/// How each type is written.
@Suite struct EncodingTests {
    @Test("a set of scalars is a set, in one order, and one of objects a list")
    func sets() throws {
        struct Model: Codable { var a: Set<String>, b: Set<Day>, c: Set<Int>, d: Set<Line>, e: Set<UUID> }
        let lines: Set = [Line(name: "x", code: "2"), Line(name: "y", code: "1")]
        let model = Model(a: ["b", "a"], b: [], c: [2, 1], d: lines, e: [])
        #expect(
            try written(model) == [
                "a": ["$set": ["a", "b"]], "b": ["$set": []], "c": ["$set": [1, 2]], "e": ["$set": []],
                "d": [
                    ["code": "1", "isDone": false, "name": "y"], ["code": "2", "isDone": false, "name": "x"],
                ],
            ])
        #expect(try written(["a": Set([[1.0, 2.0]])]) == ["a": ["$list": [[1, 2]]]])
    }

    @Test("a dictionary is an object, whatever its keys are")
    func dictionaries() throws {
        #expect(try written([Day.monday: 8]) == ["monday": 8])
        #expect(try written([Floor.cellar: "wine"]) == ["-1": "wine"])
        #expect(try written([Colour.red: true]) == ["red": true])
        #expect(try written([Part(rawValue: "x/y"): 1]) == ["x/y": 1])
        #expect(try written([UInt8(7): 1]) == ["7": 1])
        #expect(try written([2.5: 1]) == ["2.5": 1])
        #expect(try written([true: 1]) == ["true": 1])
        let day = Date(timeIntervalSince1970: 0)
        #expect(try written([day: 1]) == ["1970-01-01T00:00:00.000Z": 1])
        #expect(try read([Day: Int].self, ["monday": 8]) == [.monday: 8])
        #expect(try read([Floor: String].self, ["-1": "wine"]) == [.cellar: "wine"])
        #expect(try read([Colour: Bool].self, ["green": true]) == [.green: true])
        #expect(try read([Part: Int].self, ["x/y": 1]) == [Part(rawValue: "x/y"): 1])
        #expect(try read([UInt8: Int].self, ["7": 1]) == [7: 1])
        #expect(try read([Double: Int].self, ["2.5": 1, "3": 2]) == [2.5: 1, 3: 2])
        #expect(try read([Bool: Int].self, ["true": 1]) == [true: 1])
        #expect(try read([Date: Int].self, ["1970-01-01T00:00:00.000Z": 1]) == [day: 1])
        #expect(reason { try read([Day: Int].self, ["sunday": 8]) }?.contains("\"sunday\" is no Day") == true)
        #expect(reason { try written([[1, 2]: 1]) }?.contains("a key of type") == true)
    }

    @Test("an array of numbers is replaced whole unless it is declared to merge, and bytes are bytes")
    func numbers() throws {
        struct Model: Codable {
            var point: [Double] = []
            var track: [[Double]] = []
            var gaps: [Int?] = [1, nil]
            var prices: [Decimal] = [1.5]
            var octets: [UInt8] = [1, 2]
            var samples: MergeableList<Double> = [1.5]
            var words: [String] = []
            var bytes = Data([1, 2])
        }
        #expect(
            try written(Model()) == [
                "point": ["$value": []], "track": ["$value": []], "gaps": ["$value": [1, nil]],
                "prices": ["$value": ["1.5"]], "octets": [1, 2], "samples": ["$list": [1.5]], "words": [],
                "bytes": ["$bytes": "AQI="],
            ])
        #expect(try written(["point": [1.0, 2.0]]) == ["point": [1, 2]])
        #expect(try written(["empty": MergeableList<Double>()]) == ["empty": []])
        #expect(try written(["words": MergeableList(["a"])]) == ["words": ["a"]])
    }

    @Test("what means something only together is replaced whole")
    func wholes() throws {
        struct Model: Codable {
            var figure = Figure.named("x", tags: ["b", "a"])
            var colour = Colour.red
            var day = Day.monday
            var place = Place(latitude: 1, longitude: 2)
            var days = Date(timeIntervalSince1970: 0)...Date(timeIntervalSince1970: 1)
            var span = 1..<3
            var interval = DateInterval(start: Date(timeIntervalSince1970: 0), duration: 60)
            var size = Measurement(value: 2, unit: UnitLength.meters)
            var figures = [Figure.none]
        }
        let json = try written(Model())
        #expect(json["figure"] == ["$value": ["named": ["_0": "x", "tags": ["a", "b"]]]])
        #expect(json["colour"] == ["$value": ["red": [:]]])
        #expect(json["day"] == "monday")
        #expect(json["place"] == ["$value": ["latitude": 1, "longitude": 2]])
        #expect(json["days"] == ["$value": ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:01.000Z"]])
        #expect(json["span"] == [1, 3])
        let interval: JSONValue = ["start": "1970-01-01T00:00:00.000Z", "duration": 60]
        #expect(json["interval"] == ["$value": interval])
        #expect(json["size"]?["$value"]?["value"] == 2)
        #expect(json["figures"] == [["$value": ["none": [:]]]])
        // A document merges, whatever its model is.
        #expect(try written(Figure.circle(radius: 1)) == ["circle": ["radius": 1]])
    }

    @Test("what merges cannot stand in what is replaced whole")
    func merging() throws {
        enum Note: Codable { case text(MergeableText), count(Counter), list(MergeableList<Int>) }
        for note in [Note.text("x"), .count(1), .list([1])] {
            let reason = try #require(reason { try written(["note": note]) })
            #expect(reason.contains("at /note/") && reason.contains("cannot merge inside"), "\(reason)")
        }
    }

    @Test("an object that looks like a tagged form is written as an object")
    func collisions() throws {
        struct Odd: Codable {
            var text = 1
            private enum CodingKeys: String, CodingKey { case text = "$text" }
        }
        #expect(try written(["a": ["$text": "x"]]) == ["a": ["$object": ["$text": "x"]]])
        #expect(try written(["a": ["$text": "x", "b": "y"]]) == ["a": ["$text": "x", "b": "y"]])
        #expect(try written(["a": ["$ref": "x"]]) == ["a": ["$ref": "x"]])
        #expect(try written(["a": Odd()]) == ["a": ["$object": ["$text": 1]]])
        #expect(try written(["$counter": 1]) == ["$object": ["$counter": 1]])
        // Whoever hands over JSON means what it says.
        #expect(try written(["a": JSONValue.object(["$text": "x"])]) == ["a": ["$text": "x"]])
        #expect(try parsedJSON(encodeJSON(["$text": "x"], .plain)) == ["$text": "x"])
    }

    @Test("a plain collection has no tagged forms, and a dictionary no two keys of one name")
    func plain() throws {
        let json = try parsedJSON(encodedDocument(Everything(words: ["a"], bytes: Data([1])), .plain).json)
        #expect(json["words"] == ["a"] && json["bytes"] == "AQ==" && json["notes"] == "")
        #expect(json["minutes"] == 0 && json["point"] == [] && json["figure"] == ["none": [:]])
        struct Same: Codable, Hashable {
            var number: Int
            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                try container.encode("x")
            }
        }
        let same = [Same(number: 1): 1, Same(number: 2): 2]
        #expect(reason { try written(["a": same]) }?.contains("at /a: two keys are both \"x\"") == true)
    }

    @Test("what cannot be stored is refused with its path")
    func refusals() throws {
        #expect(reason { try written(["a/b": [1, .nan]]) }?.contains("at /a~1b/1: nan") == true)
        #expect(reason { try written(["a": Float.infinity]) }?.contains("at /a: inf") == true)
        #expect(reason { try written(["a": UInt64.max]) }?.contains("at /a: 18446744073709551615") == true)
        #expect(reason { try written(["a": Date.distantPast]) }?.contains("at /a: a date") == true)
        let endless = ["a": [JSONValue.number(.infinity)]]
        #expect(reason { try written(endless) }?.contains("at /a/0: inf") == true)
        final class Chain: Codable {
            var next: Chain?
        }
        let chain = Chain()
        chain.next = chain
        #expect(reason { try written(chain) }?.contains("nested deeper than 32") == true)
        chain.next = nil
        var edits = Edits(.tagged)
        edits.set("/x/y", ["z": Double.nan])
        #expect(reason { try edits.encoded() }?.contains("at /x/y/z: nan") == true)
    }

    @Test("containers are filled in any order, by classes and those above them too")
    func containers() throws {
        let nested = Nested()
        #expect(
            try written(["a": nested]) == [
                "a": [
                    "list": [1, ["x": ["$object": ["$text": 2]]], [], nil], "own": "y", "super": ["base": 1],
                ]
            ])
        let json: JSONValue = ["a": ["list": [1, ["x": [:]]], "own": "z", "super": ["base": 7]]]
        let read = try read([String: Nested].self, json)
        #expect(read["a"]?.own == "z" && read["a"]?.base == 7)
    }

    @Test("tagged forms are read where their types are")
    func tagged() throws {
        let json: JSONValue = [
            "words": ["$set": ["a", "a"]], "samples": ["$list": [1]], "point": ["$value": [1]],
            "bytes": ["$bytes": "AQI="],
        ]
        struct Some: Codable {
            var words: Set<String>
            var samples: MergeableList<Double>
            var point: [Double]
            var bytes: Data
        }
        let some = try read(Some.self, json)
        #expect(some.words == ["a"] && some.samples == [1])
        #expect(some.point == [1] && some.bytes == Data([1, 2]))
        struct Absent: Codable { var samples: MergeableList<Int> }
        #expect(try read(Absent.self, [:]).samples.isEmpty)
    }

    @Test("a decimal number is read from strings and numbers, and from nothing else")
    func decimals() throws {
        let json: JSONValue = ["a": "12.50", "b": 1.5, "c": 2]
        #expect(try read([String: Decimal].self, json) == ["a": 12.5, "b": 1.5, "c": 2])
        for wrong: JSONValue in ["12,50", "", "1.5 EUR", "nan", "0x10", true] {
            #expect(reason { try read([String: Decimal].self, ["a": wrong]) }?.contains("at /a") == true)
        }
    }

    @Test("text that is no JSON is refused")
    func text() throws {
        for text in ["", "{", "[1,]", "nul", "\"x", "1 2", "{\"a\" 1}", "+1", "\"\\x\"", "\"\\u12\"", "--1"] {
            #expect(reason { try parsedJSON(text) }?.contains("no JSON") == true, "\(text)")
        }
        #expect(try parsedJSON("\"\\ud83e\\udd86\\n\\u00e9\\/\"") == "🦆\né/")
        let deep = String(repeating: "[", count: 100_000)
        #expect(reason { try parsedJSON(deep) }?.contains("too deep") == true)
    }
}

/// A class that does what encoders seldom see.
private class Base: Codable {
    var base = 1
}

private final class Nested: Base {
    var own = "y"

    private enum CodingKeys: CodingKey { case list, own }

    override init() { super.init() }

    required init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        own = try container.decode(String.self, forKey: .own)
        var list = try container.nestedUnkeyedContainer(forKey: .list)
        _ = try list.decode(Int.self)
        _ = try list.nestedContainer(keyedBy: CodingKeys.self)
        if !list.isAtEnd { throw DecodingError.dataCorruptedError(in: list, debugDescription: "more") }
        try super.init(from: try container.superDecoder())
    }

    override func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        var list = container.nestedUnkeyedContainer(forKey: .list)
        try list.encode(1)
        var object = list.nestedContainer(keyedBy: AnyKey.self)
        _ = list.nestedUnkeyedContainer()
        try list.encodeNil()
        var inner = object.nestedContainer(keyedBy: AnyKey.self, forKey: AnyKey("x"))
        try container.encode(own, forKey: .own)
        try super.encode(to: container.superEncoder())
        try inner.encode(2, forKey: AnyKey("$text"))
    }
}

private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}

func written<Value: Encodable>(_ value: Value) throws -> JSONValue {
    try parsedJSON(encodedDocument(value, .tagged).json)
}

private func read<Value: Decodable>(_ type: Value.Type, _ json: JSONValue) throws -> Value {
    try decodeJSON(type, from: json.description, of: "it")
}

/// Why a call was refused for what was handed over; nil if it was not.
private func reason<Answer>(_ call: () throws -> Answer) -> String? {
    do {
        _ = try call()
        return nil
    } catch {
        let refusal = error as? DunlinError
        let codes: [ErrorCode?] = [.invalidInput, .wrongKind]
        return codes.contains(refusal?.code) ? refusal?.reason : nil
    }
}
