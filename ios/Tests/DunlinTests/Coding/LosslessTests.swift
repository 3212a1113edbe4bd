import Foundation
import Testing

@testable import Dunlin

/// What goes in comes out the same, or is refused.
@Suite struct LosslessTests {
    struct Measured: Codable, Equatable, Sendable {
        var doubles: [Double]
        var byName: [String: Double]
        var whole: [Int64]
        var one: Double
        var text: String
    }

    /// Doubles of every magnitude out of random bits, and what is known to be hard.
    static let doubles: [Double] = {
        // SplitMix64.
        var state: UInt64 = 7
        func next() -> Double {
            state &+= 0x9e37_79b9_7f4a_7c15
            var bits = state
            bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
            bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
            return Double(bitPattern: bits ^ (bits >> 31))
        }
        var doubles = [
            105.32744387051825, 1e22, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 0.1, 5e15, 1e18,
        ]
        while doubles.count < 2_000 {
            let double = next()
            if double.isFinite && double != 0 { doubles.append(double) }
        }
        return doubles
    }()

    @Test("a model's numbers are the same when they are read back")
    func numbers() async throws {
        try await withNodes { nodes in
            let (_, farm, _) = try await nodes.chores()
            let readings = try farm.collection("readings", of: Measured.self)
            let doubles = Self.doubles
            var names: [String: Double] = [:]
            for (index, double) in doubles.prefix(200).enumerated() { names["$n\(index)"] = double }
            var measured = Measured(
                doubles: doubles, byName: names, whole: [.min, .max, 9_007_199_254_740_993, 0, -1],
                one: doubles[0], text: "é\u{0}🦆\u{2028}")
            try await readings.insert(measured, id: "a")
            #expect(try await readings.get("a").value == measured)
            try await readings.put("b", measured)
            #expect(try await readings.get("b").value == measured)
            for double in doubles.prefix(30) {
                try await readings.update("a") { $0.one = double }
                #expect(try await readings.get("a").value.one == double)
                let sql = "SELECT doc->>'$.one' AS one FROM readings WHERE json_extract(doc, '$.one') = ?"
                let rows = try await farm.query(sql, double).rows
                #expect(rows.first?["one"]?.number == double)
            }
            measured.doubles.reverse()
            try await readings.replace("a", measured)
            #expect(try await readings.get("a").value == measured)
        }
    }

    @Test("a plain collection takes any JSON as it is")
    func plain() async throws {
        try await withNodes { nodes in
            let (_, farm, _) = try await nodes.chores()
            let specs = try farm.collection("specs", of: JSONValue.self, plain: true)
            let json: JSONValue = [
                "a": ["$text": 5], "b": [["$counter": 1], ["$ref": "#/a"]], "c": nil, "d": ["e": [nil]],
            ]
            try await specs.replace("a", json)
            #expect(try await specs.get("a").json == json)
            try await specs.update("a") { $0 = json }
            #expect(try await specs.get("a").value == json)
            let tagged = try farm.collection("specs", of: JSONValue.self)
            let refusal = try await refused { _ = try await tagged.replace("b", json) }
            #expect(refusal.code == .invalidInput)
            #expect(refusal.reason.contains("/a"))
        }
    }
}
