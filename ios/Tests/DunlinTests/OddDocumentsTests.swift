import Foundation
import Testing

@testable import Dunlin

private enum Light: String, Codable {
    case red, green
}

private enum Form: Codable, Hashable {
    case square(side: Int)
}

private struct Child: Codable, Hashable {
    var name: String
    var children: [Child]?
}

/// Throws what no coder throws.
private struct Unlucky: Error {}

private struct Odd: Codable, Hashable, Sendable {
    var n: Int32
    var byte: Int8?
    var light: Light?
    var lights: [Light]?
    var form: Form?
    var child: Child?
    var names: [String: Int]?
    var at: Date?
    var link: URL?

    init(n: Int32) { self.n = n }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        n = try fields.decode(Int32.self, forKey: .n)
        if n == 13 { throw Unlucky() }
        byte = try fields.decodeIfPresent(Int8.self, forKey: .byte)
        light = try fields.decodeIfPresent(Light.self, forKey: .light)
        lights = try fields.decodeIfPresent([Light].self, forKey: .lights)
        form = try fields.decodeIfPresent(Form.self, forKey: .form)
        child = try fields.decodeIfPresent(Child.self, forKey: .child)
        names = try fields.decodeIfPresent([String: Int].self, forKey: .names)
        at = try fields.decodeIfPresent(Date.self, forKey: .at)
        link = try fields.decodeIfPresent(URL.self, forKey: .link)
    }
}

/// What one peer or another writes, and where it is wrong, if the coder can tell.
private let oddities: [(json: String, path: String?)] = [
    (#"{"n":"text"}"#, "/n"),
    (#"{"n":{"a":1}}"#, "/n"),
    (#"{"n":null}"#, "/n"),
    (#"{}"#, "/n"),
    (#"{"n":2147483648}"#, "/n"),
    (#"{"n":1.5}"#, "/n"),
    (#"{"n":1e300}"#, "/n"),
    (#"{"n":13}"#, ""),
    (#"{"n":1,"byte":300}"#, "/byte"),
    (#"{"n":1,"light":"blue"}"#, "/light"),
    (#"{"n":1,"lights":["red","blue"]}"#, "/lights/1"),
    (#"{"n":1,"lights":"red"}"#, "/lights"),
    (#"{"n":1,"lights":{"0":"red"}}"#, "/lights"),
    (#"{"n":1,"lights":[["red"]]}"#, "/lights/0"),
    (#"{"n":1,"form":{"circle":{"radius":1}}}"#, nil),
    (#"{"n":1,"form":{"square":{}}}"#, nil),
    (#"{"n":1,"form":"square"}"#, nil),
    (#"{"n":1,"child":{"name":"a","children":[{"name":"b","children":[{"name":null}]}]}}"#, nil),
    (#"{"n":1,"child":["a"]}"#, "/child"),
    (#"{"n":1,"names":{"a":"b"}}"#, "/names/a"),
    (#"{"n":1,"names":{"a/b":{}}}"#, "/names/a~1b"),
    (#"{"n":1,"at":"tomorrow"}"#, "/at"),
    (#"{"n":1,"at":{}}"#, "/at"),
    (#"{"n":1,"link":7}"#, "/link"),
]

@Suite struct OddDocumentsTests {
    private func deep(_ levels: Int) -> String {
        let open = String(repeating: #"{"name":"a","children":["#, count: levels)
        return #"{"n":1,"child":"# + open + #"{"name":1}"# + String(repeating: "]}", count: levels) + "}"
    }

    @Test("whatever a peer writes, get refuses with a code, and lists, sequences and inspect go on")
    func goOn() async throws {
        try await withNodes { nodes in
            let space = try await nodes.node("ann").createSpace("farm")
            let odd = try space.collection("odd", of: Odd.self)
            let anything = try space.collection("odd", of: JSONValue.self)
            var lists = odd.watch().makeAsyncIterator()
            var one = odd.watchDocument("x").makeAsyncIterator()
            #expect(try await lists.next() == [])
            #expect(try await one.next() == .some(nil))
            try await anything.put("a", ["n": 1])
            #expect(try await lists.next() == [Entry(id: "a", value: Odd(n: 1))])
            for (text, path) in oddities + [(deep(13), nil)] {
                let place = Comment(rawValue: text)
                try await anything.replace("x", try JSONParser.value(of: text))
                let list = try #require(try await lists.next())
                #expect(list.first?.value == Odd(n: 1), place)
                let failure = try #require(list.last?.failure, place)
                let stored = try await anything.get("x").json
                #expect(failure.json == stored, place)
                #expect(!failure.reason.isEmpty, place)
                if let path { #expect(failure.path == path, place) }

                #expect(try await one.next()??.failure == failure, place)
                let refusal = try await refused { _ = try await odd.get("x") }
                #expect(refusal.code == .wrongKind, place)
                #expect(refusal.reason.contains("odd/x") && refusal.remedy.contains("inspect"), place)
                #expect(try await refused { _ = try await odd.find("x") } == refusal, place)
                #expect(try await refused { try await odd.update("x") { $0.n += 1 } } == refusal, place)
                #expect(try await odd.inspect("x").failure == failure, place)

                // An app that does not know better can mend it by path.
                try await odd.edit("x") { $0.set("", Odd(n: 2)) }
                #expect(try await lists.next()?.values == [Odd(n: 1), Odd(n: 2)], place)
                #expect(try await one.next()??.value == Odd(n: 2), place)
            }
            try await anything.replace("x", ["n": "odd"])
            #expect(try await lists.next()?.failures.count == 1)
            #expect(try await one.next()??.failure != nil)
            try await odd.delete("x")
            #expect(try await lists.next()?.values == [Odd(n: 1)])
            #expect(try await one.next() == .some(nil))
            let deleted = try await odd.inspect("x")
            #expect(deleted.isDeleted && deleted.failure != nil)
            try await odd.restore("x")
            #expect(try await lists.next()?.failures.map(\.id) == ["x"])
        }
    }

    private struct Summary: Codable, Hashable, Sendable {
        var title: String
        var open: Bool
        var steps: [Step]?
        var raw: String?
        var n: Int?
    }

    @Test("rows of any query are models, each for itself")
    func rows() async throws {
        try await withNodes { nodes in
            let space = try await nodes.node("ann").createSpace("farm")
            let order = try space.collection("order", of: JSONValue.self)
            try await order.put("a", ["title": "[1]", "open": true, "steps": [["text": "dig"]], "n": 1])
            try await order.put("b", ["title": "Gate", "open": false, "n": "many"])
            try await order.put("c", ["title": "Hedge"])
            let sql = """
                SELECT id, doc->>'$.title' AS title, ifnull(doc->>'$.open', ?) AS open,
                doc->'$.steps' AS steps, doc AS raw, doc->>'$.n' AS n FROM "order" ORDER BY id
                """
            let rows = try await space.query(sql, false, as: Summary.self)
            let raw = #"{"n":1,"open":true,"steps":[{"text":"dig"}],"title":"[1]"}"#
            let first = Summary(title: "[1]", open: true, steps: [Step(text: "dig")], raw: raw, n: 1)
            #expect(rows[0].value == first)
            #expect(rows[1].id == "b" && rows[1].failure?.path == "/n")
            #expect(rows[2].value?.title == "Hedge" && rows[2].value?.open == false)

            var followed = space.watch(sql, false, as: Summary.self).makeAsyncIterator()
            #expect(try await followed.next() == rows)
            try await order.put("b", ["n": 2])
            #expect(try await followed.next()?.values.map(\.n) == [1, 2, nil])
            let count = "SELECT count(*) AS n FROM \"order\""
            let counts = try await space.query(count, as: [String: Int].self)
            #expect(counts.first?.id == "0" && counts.values == [["n": 3]])
        }
    }

    @Test("a followed list is sorted and bounded, says that there are more, and is counted")
    func selection() async throws {
        try await withNodes { nodes in
            let (_, _, chores) = try await nodes.chores()
            var lists = chores.watch(
                "json_extract(doc, '$.done') IS NOT ?", true,
                orderBy: "json_extract(doc, '$.title') DESC", limit: 2
            ).makeAsyncIterator()
            var counts = chores.watchCount("json_extract(doc, '$.done') IS NOT ?", true)
                .makeAsyncIterator()
            #expect(try await lists.next() == [])
            #expect(try await counts.next() == 0)
            let titles = ["ash", "beech", "cedar"]
            try await chores.putAll(titles.map { (id: $0, value: Chore(title: $0)) })
            var list = try #require(try await lists.next())
            while list.count < 2 || !list.hasMore { list = try #require(try await lists.next()) }
            #expect(list.values.map(\.title) == ["cedar", "beech"])
            while try await counts.next() != 3 {}
            try await chores.update("cedar") { $0.done = true }
            list = try #require(try await lists.next())
            #expect(list.values.map(\.title) == ["beech", "ash"] && !list.hasMore)
            #expect(try await counts.next() == 2)
        }
    }

    @Test("plain data is made by apps, and equal if it says the same")
    func plain() {
        func entries() -> Entries<Int> {
            let odd = Unreadable(path: "/n", reason: "odd", json: [:])
            return Entries([Entry(id: "a", value: 1), Entry(id: "b", failure: odd)], hasMore: true)
        }
        #expect(entries() == entries())
        #expect(entries() != Entries(Array(entries())))
        #expect(entries().values == [1])
        func conflict() -> Conflict {
            let device = Device(id: "ff", name: "barn", kind: .human)
            let side = Side(value: "x", author: Author(device: device, known: .book), time: nil)
            return Conflict(id: "c", path: "/title", shown: side, lost: side)
        }
        #expect(conflict() == conflict())
        func document() -> Document<Chore> {
            Document(id: "a", value: Chore(title: "x"), version: "v", conflicts: [conflict()])
        }
        #expect(document() == document())
        #expect(document() != Document(id: "a", value: Chore(title: "y")))
        let listed = Listed(collection: "tasks", id: "a", isDeleted: false, hasConflicts: true)
        #expect(listed.hasConflicts)
    }
}
