import Foundation
import Testing

@testable import Dunlin

/// Sets of objects are lists in documents, in an order that the model does not have.
@Suite struct SetOrderTests {
    @Test("an update of a set of objects touches the one that was changed, in whatever order they are stored")
    func order() async throws {
        try await withNodes { nodes in
            let farm = try await nodes.node("ann").createSpace("farm")
            let raw = try farm.collection("things", of: JSONValue.self)
            struct Model: Codable, Hashable { var lines: Set<Line> }
            let stored: JSONValue = [
                "lines": [
                    ["name": "b", "code": "2", "isDone": false], ["name": "a", "code": "1", "isDone": false],
                    ["name": "b", "code": "2", "isDone": false],
                    ["name": "c", "code": "3", "more": 1, "isDone": false],
                ]
            ]
            for code in ["1", "2", "3"] {
                try await raw.insert(stored, id: code)
                let things = try farm.collection("things", of: Model.self)
                let others = try #require(stored["lines"]?.array).filter { $0["code"] != .string(code) }
                try await things.update(code) { model in
                    model.lines = model.lines.filter { $0.code != code }
                }
                #expect(try await things.get(code).json == ["lines": .array(others)], "\(code)")
                try await things.update(code) { model in
                    model.lines = Set(model.lines.map { Line(name: $0.name + "!", code: $0.code) })
                }
                let names = try await things.get(code).value.lines.map(\.name)
                #expect(names.allSatisfy { $0.hasSuffix("!") } && names.count == 2, "\(code): \(names)")
                try await things.update(code) { $0.lines.insert(Line(name: "d", code: "0")) }
                #expect(try await things.get(code).value.lines.count == 3)
                #expect(try await things.update(code) { _ in }.paths == [])
            }
        }
    }
}
