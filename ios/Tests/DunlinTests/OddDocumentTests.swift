import Foundation
import Testing

@testable import Dunlin

private enum Light: String, Codable {
    case red, green
}

private enum Form: Codable, Hashable {
    case square(side: Int)
    case point
}

private struct Child: Codable, Hashable {
    var name: String
    var children: [Child]?
}

/// What a model of an app's own throws.
private struct BadLuck: Error {}

private struct Lucky: Codable, Hashable {
    var number: Int

    init(from decoder: any Decoder) throws {
        number = try decoder.singleValueContainer().decode(Int.self)
        if number == 13 { throw BadLuck() }
        if number == 14 { throw CancellationError() }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

private struct Odd: Codable, Hashable {
    var n: Int
    var byte: UInt8?
    var light: Light?
    var lights: [Light]?
    var form: Form?
    var child: Child?
    var names: [String: Int]?
    var range: ClosedRange<Int>?
    var at: Date?
    var bytes: Data?
    var price: Decimal?
    var lucky: Lucky?
    var pair: [Float]?
}

/// What one peer or another writes, and where it is wrong.
private let oddities: [(text: String, path: String)] = [
    (#"{"n":"text"}"#, "/n"),
    (#"{"n":{"a":1}}"#, "/n"),
    (#"{"n":null}"#, "/n"),
    (#"{}"#, "/n"),
    (#"{"n":1.5}"#, "/n"),
    (#"{"n":1e300}"#, "/n"),
    (#"{"n":1,"byte":300}"#, "/byte"),
    (#"{"n":1,"byte":-1}"#, "/byte"),
    (#"{"n":1,"light":"blue"}"#, "/light"),
    (#"{"n":1,"light":1}"#, "/light"),
    (#"{"n":1,"lights":["red","blue"]}"#, "/lights/1"),
    (#"{"n":1,"lights":"red"}"#, "/lights"),
    (#"{"n":1,"lights":[["red"]]}"#, "/lights/0"),
    (#"{"n":1,"form":{"circle":{"radius":1}}}"#, "/form"),
    (#"{"n":1,"form":{"square":{"side":1},"point":{}}}"#, "/form"),
    (#"{"n":1,"form":{"square":{}}}"#, "/form/square/side"),
    (#"{"n":1,"form":"square"}"#, "/form"),
    (#"{"n":1,"child":{"name":"a","children":[{"name":"b","children":[{"name":null}]}]}}"#,
        "/child/children/0/children/0/name"),
    (#"{"n":1,"child":["a"]}"#, "/child"),
    (#"{"n":1,"names":{"a/b":"b"}}"#, "/names/a~1b"),
    (#"{"n":1,"range":[2,1]}"#, "/range"),
    (#"{"n":1,"range":[1]}"#, "/range/1"),
    (#"{"n":1,"range":{}}"#, "/range"),
    (#"{"n":1,"at":"tomorrow"}"#, "/at"),
    (#"{"n":1,"at":1}"#, "/at"),
    (#"{"n":1,"bytes":"%"}"#, "/bytes"),
    (#"{"n":1,"price":"nan"}"#, "/price"),
    (#"{"n":1,"lucky":13}"#, ""),
    (#"{"n":1,"lucky":14}"#, ""),
    (#"{"n":1,"pair":[1e300,1]}"#, "/pair/0"),
]

private struct Summary: Codable, Hashable {
    var title: String
    var open: Bool
    var steps: [Step]?
    var raw: String?
    var n: Int?
}

@Suite struct OddDocumentTests {
    /// As deep as documents go.
    private var deep: String {
        let levels = 13
        let above = String(repeating: #"{"name":"a","children":["#, count: levels)
        return #"{"n":1,"child":"# + above + #"{"name":1}"# + String(repeating: "]}", count: levels) + "}"
    }

    @Test("whatever a peer writes, get refuses with a code, and lists, sequences and inspect go on")
    func oddDocuments() async throws {
        try await withNodes { nodes in
            let farm = try await nodes.node("ann").createSpace("farm")
            let odd = try farm.collection("odd", of: Odd.self)
            let anything = try farm.collection("odd", of: JSONValue.self)
            var lists = odd.watch().makeAsyncIterator()
            var one = odd.watchDocument("x").makeAsyncIterator()
            #expect(try await lists.next() == [])
            #expect(try await one.next() == .some(nil))
            try await anything.put("a", ["n": 1])
            #expect(try await lists.next() == [Entry(id: "a", value: Odd(n: 1))])
            for (text, path) in oddities + [(deep, "/child" + String(repeating: "/children/0", count: 13) + "/name")] {
                let place = Comment(rawValue: text)
                try await anything.replace("x", try parsedJSON(text))
                let list = try #require(try await lists.next())
                #expect(list.values == [Odd(n: 1)], place)
                let failure = try #require(list.failures.first?.failure, place)
                #expect(list.failures.map(\.id) == ["x"], place)
                #expect(failure.path == path, place)
                #expect(try await anything.get("x").json == failure.json, place)
                let read = try #require(try await one.next())
                #expect(read?.failure == failure, place)

                let refusal = try await refused { _ = try await odd.get("x") }
                #expect(refusal.code == .wrongKind, place)
                #expect(refusal.reason.contains("odd/x") && refusal.remedy.contains("inspect"))
                #expect(try await refused { _ = try await odd.find("x") } == refusal)
                #expect(try await refused { try await odd.update("x") { $0.n = 1 } } == refusal)
                #expect(try await odd.inspect("x").failure == failure, place)

                // An app that does not know better can mend it by path.
                try await odd.edit("x") { $0.set("", Odd(n: 2)) }
                #expect(try await lists.next()?.values == [Odd(n: 1), Odd(n: 2)], place)
                #expect(try await one.next()??.value == Odd(n: 2), place)
            }
            try await anything.replace("x", ["n": "odd"])
            #expect(try await lists.next()?.failures.count == 1)
            try await odd.delete("x")
            #expect(try await lists.next()?.values == [Odd(n: 1)])
            let deleted = try await odd.inspect("x")
            #expect(deleted.isDeleted && deleted.failure != nil)
            try await odd.restore("x")
            #expect(try await lists.next()?.failures.first?.id == "x")
        }
    }

    @Test("rows of any query are models, each for itself")
    func rows() async throws {
        try await withNodes { nodes in
            let farm = try await nodes.node("ann").createSpace("farm")
            let order = try farm.collection("order", of: JSONValue.self)
            try await order.put("a", ["title": "[1]", "open": true, "steps": [["text": "dig"]], "n": 1])
            try await order.put("b", ["title": "Gate", "open": false, "n": "many"])
            try await order.put("c", ["title": "Hedge"])
            let sql = """
                SELECT id, doc->>'$.title' AS title, ifnull(doc->>'$.open', ?) AS open,
                    doc->'$.steps' AS steps, doc AS raw, doc->>'$.n' AS n FROM "order" ORDER BY id
                """
            let rows = try await farm.query(sql, false, as: Summary.self)
            let first = try #require(rows[0].value)
            #expect(first.title == "[1]" && first.open && first.n == 1)
            #expect(first.steps == [Step(text: "dig")])
            #expect(first.raw?.contains(#""steps":[{"#) == true)
            #expect(rows[1].id == "b" && rows[1].failure?.path == "/n")
            #expect(rows[2].value.map { [$0.title, "\($0.open)"] } == ["Hedge", "false"])

            var followed = farm.watch(sql, false, as: Summary.self).makeAsyncIterator()
            #expect(try await followed.next() == rows)
            try await order.put("b", ["n": 2])
            #expect(try await followed.next()?.values.map(\.n) == [1, 2, nil])
            let count = try await farm.query(
                "SELECT count(*) AS n FROM \"order\"", as: [String: Int].self)
            #expect(count == [Entry(id: "0", value: ["n": 3])])
        }
    }

    @Test("plain data is made by apps, and equal if it says the same")
    func plainData() {
        func entries() -> Entries<Int> {
            let failure = Unreadable(path: "/n", reason: "odd", json: ["n": "x"])
            return Entries([Entry(id: "a", value: 1), Entry(id: "b", failure: failure)], hasMore: true)
        }
        #expect(entries() == entries())
        #expect(entries() != Entries(Array(entries())))
        #expect(entries().values == [1])
        func document(_ title: String) -> Document<Step> {
            let conflict = Conflict(path: "/text", value: nil, time: nil, item: nil)
            return Document(
                id: "a", value: Step(text: title), version: "v", json: ["text": "x"], conflicts: [conflict])
        }
        #expect(document("x") == document("x"))
        #expect(document("x") != document("y"))
        func plain() -> [AnyHashable] {
            let device = Device(id: "ff", name: "barn", kind: .sensor)
            let refusal = DunlinError(.notFound, "none", remedy: "make one")
            let change = Change(
                seq: 1, collection: "tasks", id: "a", paths: ["/n"], device: "ff", kind: .human,
                origin: .remote, time: Date(timeIntervalSince1970: 2))
            let peer = Peer(
                device: "ff", name: "barn", state: .connected, address: "x:1", isInSync: true,
                spaces: ["s"], reason: nil)
            return [
                Member(device: device, role: .admin, since: Date(timeIntervalSince1970: 5)), change,
                ChangeBatch([change]), peer,
                NodeStatus(
                    device: device, listen: [], spaces: [], peers: [peer], discovery: nil,
                    refusals: [Refusal(peer: "a", space: "b", documents: [], isByUs: true, reason: "c")]),
                QueryResult(columns: ["n"], rows: [Dunlin.Row(columns: ["n"], cells: [1])], refusal: refusal),
                QueryPlan(steps: ["SCAN"], warnings: []),
                Committed(id: "a", seq: 1, version: "v", paths: ["/n"]),
                PutOutcome(id: "a", result: .failure(refusal)),
                SyncOutcome(isInSync: true, peers: []), Presence(device: device, state: 1),
                Large(path: "/a", bytes: 9),
            ]
        }
        #expect(plain() == plain())
    }
}
