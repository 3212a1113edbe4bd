import Foundation
import Testing

@testable import Dunlin

/// What becomes of values on their way to JSON and back, without a node.
@Suite struct CodingTests {
    @Test("texts and counters are written with their kind, and read with and without it")
    func kinds() throws {
        let chore = Chore(title: "Fence", notes: "posts", minutes: 3)
        let json = try parsedJSON(encodeJSON(chore, .tagged))
        #expect(
            json == [
                "title": "Fence", "notes": ["$text": "posts"], "minutes": ["$counter": 3],
            ])
        #expect(try decoded(json) == chore)
        #expect(try decoded(["title": "Fence", "notes": "posts", "minutes": 3]) == chore)
    }

    @Test("absent and null read alike")
    func absence() throws {
        #expect(try decoded(["title": "Fence"]) == Chore(title: "Fence"))
        let nulls: JSONValue = [
            "title": "Fence", "done": nil, "due": nil, "notes": nil, "minutes": nil, "steps": nil,
        ]
        #expect(try decoded(nulls) == Chore(title: "Fence"))
    }

    @Test("what is not known is passed over, and what does not fit is refused with its place")
    func fit() throws {
        #expect(try decoded(["title": "Fence", "owner": "ben"]) == Chore(title: "Fence"))
        func reason(_ json: JSONValue) -> String? {
            do {
                _ = try decoded(json)
                return nil
            } catch {
                #expect((error as? DunlinError)?.code == .wrongKind)
                return (error as? DunlinError)?.reason
            }
        }
        #expect(reason([:])?.contains("tasks/a does not fit Chore at /title:") == true)
        #expect(reason(["title": 1])?.contains("at /title") == true)
        #expect(reason(["title": "x", "notes": 1])?.contains("at /notes") == true)
        #expect(reason(["title": "x", "notes": ["$counter": 1]])?.contains("at /notes/$text") == true)
        #expect(reason(["title": "x", "minutes": "1"])?.contains("at /minutes") == true)
        let steps: JSONValue = ["title": "x", "steps": [["text": "dig"], [:]]]
        #expect(reason(steps)?.contains("/text: there is none") == true)
    }

    @Test("what JSON cannot say is refused", arguments: [Double.infinity, -.infinity, .nan])
    func infinity(_ number: Double) async throws {
        let refusal = try await refused { _ = try encodeJSON(["n": number]) }
        #expect(refusal.code == .invalidInput)
        #expect(refusal.reason.contains("at /n"))
    }

    @Test(
        "a date is the same moment again, to the millisecond",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1, "1970-01-01T00:00:00.001Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (1_234_567_890_123, "2009-02-13T23:31:30.123Z"),
            (1_796_126_399_999, "2026-12-01T11:59:59.999Z"),
            (-12_212_553_600_000, "1583-01-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ])
    func dates(_ count: Int, _ text: String) throws {
        let date = Date(timeIntervalSince1970: TimeInterval(count) / 1000)
        #expect(date.stored == text)
        #expect(Date(stored: text)?.stored == text)
    }

    @Test("a date is read in any form of RFC 3339")
    func dateForms() throws {
        let noon = try #require(Date(stored: "2026-12-01T12:00:00Z"))
        #expect(noon == Date(timeIntervalSince1970: 1_796_126_400))
        #expect(Date(stored: "2026-12-01T14:30:00+02:30") == noon)
        #expect(Date(stored: "2026-12-01T07:00:00.500-05:00") == noon + 0.5)
        #expect(Date(stored: "2026-12-01T12:00:00.000000500Z")?.stored == noon.stored)
        for text in ["", "2026-12-01", "noon", "2026-12-01T12:00:00.Z", "2026-13-01T12:00:00Z", "1582-12-31T00:00:00Z"] {
            #expect(Date(stored: text) == nil, "\(text)")
        }
        #expect(Date.distantPast.stored == nil)
        #expect(Date(timeIntervalSince1970: .nan).stored == nil)
    }

    @Test("any JSON is read and written as it is")
    func json() throws {
        let value: JSONValue = [
            "null": nil, "yes": true, "no": false, "least": .integer(.min), "most": .integer(.max),
            "half": 0.5, "large": 1e300, "text": "a/\"b\"\u{0}\u{1F426}", "list": [1, [], [:]],
        ]
        #expect(try parsedJSON(encodeJSON(value)) == value)
        #expect(try parsedJSON(value.description) == value)
        #expect(try parsedJSON(" [1, 1.5, \"x\" ] ") == [1, 1.5, "x"])
        #expect(value["list"]?.array?.count == 3)
        #expect(value["none"] == nil && value["null"]?.isNull == true)
        #expect(value["most"]?.integer == .max && value["half"]?.number == 0.5)
        #expect(value["yes"]?.bool == true && value["yes"]?.integer == nil)
    }

    private func decoded(_ json: JSONValue) throws -> Chore {
        try decodeJSON(Chore.self, from: encodeJSON(json), of: "tasks/a")
    }
}
