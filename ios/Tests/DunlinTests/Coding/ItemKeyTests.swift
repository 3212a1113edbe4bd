import Foundation
import Testing

@testable import Dunlin

/// By which field items of lists are told apart.
@Suite struct ItemKeyTests {
    @Test("a stored id needs nothing, another field is found, and a declared one is named")
    func found() throws {
        struct Model: Codable { var rows: [Row], lines: [Line], tools: [Tool], pairs: [Pair], set: Set<Line> }
        let lines = [Line(name: "a", code: "1"), Line(name: "2", code: "2")]
        let model = Model(
            rows: [Row(id: 1, text: "x")], lines: lines, tools: [], pairs: [Pair(left: "a", right: "b")],
            set: Set(lines))
        #expect(try keys(model) == ["/lines": "code", "/tools": "no", "/set": "code"])
    }

    @Test("patterns have a star for items and for fields of dictionaries")
    func patterns() throws {
        struct Model: Codable { var sites: [String: [Site]] }
        struct Site: Codable { var tools: [Tool] }
        let site = Site(tools: [Tool(number: 1, name: "saw")])
        #expect(try keys(Model(sites: ["a/b": [site], "c": [site]])) == ["/sites/*/*/tools": "no"])
        #expect(try keys(["x": MergeableList([Tool(number: 1, name: "saw")])]) == ["/*": "no"])
    }

    @Test("fields that equal the id by chance are ruled out as soon as one does not")
    func narrowed() throws {
        struct Item: Codable, Identifiable {
            var alias: String
            var sku: String
            var id: String { sku }
        }
        let alike = ["items": [Item(alias: "a", sku: "a")]]
        // Either would do: both have the same value.
        #expect(try keys(alike) == ["/*": "alias"])
        let encoding = ModelEncoding(.tagged)
        _ = try encoding.text(of: alike)
        _ = try encoding.text(of: ["items": [Item(alias: "b", sku: "a")]])
        #expect(try keys(alike) == ["/*": "sku"])
    }

    @Test("lists of different items at one pattern have no key, nor has what is replaced whole")
    func none() throws {
        struct Mixed: Codable {
            var isTools: Bool
            var list: [Int: Int] = [:]
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                if isTools {
                    try container.encode([Tool(number: 1, name: "x")], forKey: .list)
                } else {
                    try container.encode([Line(name: "b", code: "a")], forKey: .list)
                }
            }
        }
        #expect(try keys(["a": [Mixed(isTools: true), Mixed(isTools: false)]]) == [:])
        struct Whole: Codable, Identifiable, ReplacedWhole {
            var code: Int
            var lines: [Line]
            var id: Int { code }
        }
        #expect(try keys(["a": [Whole(code: 1, lines: [Line(name: "b", code: "a")])]]) == ["/*": "code"])
        enum Box: Codable { case tools([Tool]) }
        #expect(try keys(["a": Box.tools([Tool(number: 1, name: "x")])]) == [:])
    }

    private func keys<Value: Encodable>(_ value: Value) throws -> [String: String] {
        try encodedDocument(value, .tagged).keys
    }
}
