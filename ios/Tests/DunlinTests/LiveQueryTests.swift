import Testing

@testable import Dunlin

@Suite struct LiveQueryTests {
    /// Many changes of every kind at once: the folded differences are the query's own answer.
    @Test("a live query shows what the query answers, whatever has changed")
    func differences() async throws {
        try await withNodes { nodes in
            let (_, farm, tasks) = try await nodes.chores()
            let byTitle = "SELECT id, doc->>'$.title' AS title, doc->>'$.due' FROM tasks ORDER BY title, id"
            var results = farm.watch(byTitle).makeAsyncIterator()
            var shown = try #require(try await results.next())
            for round in 0..<40 {
                let values = (0..<Int.random(in: 1...8)).map { _ in
                    let chore = Chore(title: "\(Int.random(in: 0...9))", due: "\(round)")
                    return (id: "t\(Int.random(in: 0...12))", value: chore)
                }
                try await tasks.putAll(values)
                if let id = values.randomElement()?.id, Bool.random() { try await tasks.delete(id) }
                let answer = try await farm.query(byTitle)
                while shown.rows != answer.rows { shown = try #require(try await results.next()) }
            }
        }
    }

    @Test("a live query follows rows that come, change, move and go")
    func rows() async throws {
        try await withNodes { nodes in
            let (_, farm, chores) = try await nodes.chores()
            let byTitle = "SELECT id, doc->>'$.title' AS title FROM chores ORDER BY title"
            var results = farm.watch(byTitle).makeAsyncIterator()
            func titles() async throws -> [String?]? {
                try await results.next()?.rows.map { $0["title"]?.string }
            }
            #expect(try await titles() == [])
            try await chores.put("a", Chore(title: "ash"))
            #expect(try await titles() == ["ash"])
            try await chores.putAll(["b": Chore(title: "beech"), "c": Chore(title: "cedar")])
            #expect(try await titles() == ["ash", "beech", "cedar"])
            try await chores.update("a") { $0.title = "yew" }
            #expect(try await titles() == ["beech", "cedar", "yew"])
            try await chores.delete("b")
            #expect(try await titles() == ["cedar", "yew"])
        }
    }

    @Test("a collection is followed as models from before its first document")
    func models() async throws {
        try await withNodes { nodes in
            let (_, _, chores) = try await nodes.chores()
            let isOpen = "json_extract(doc, '$.done') IS NOT ?"
            var open = chores.watch(isOpen, true).makeAsyncIterator()
            #expect(try await open.next() == [])
            try await chores.insert(Chore(title: "ash"), id: "a")
            #expect(try await open.next() == [Entry(id: "a", value: Chore(title: "ash"))])
            try await chores.update("a") { $0.done = true }
            #expect(try await open.next() == [])
        }
    }

    @Test("a document is followed through its writes, deletion and return")
    func document() async throws {
        try await withNodes { nodes in
            let (node, _, chores) = try await nodes.chores()
            var documents = chores.watchDocument("a").makeAsyncIterator()
            func title() async throws -> String?? {
                try await documents.next().map { $0?.value?.title }
            }
            #expect(try await title() == .some(nil))
            try await chores.put("b", Chore(title: "beech"))
            try await chores.put("a", Chore(title: "ash"))
            #expect(try await title() == "ash")
            try await chores.put("a", Chore(title: "alder"))
            try await chores.put("a", Chore(title: "aspen"))
            // The two are told as one, or one after the other.
            while try await title() != "aspen" {}
            try await chores.delete("a")
            #expect(try await title() == .some(nil))
            try await chores.restore("a")
            #expect(try await title() == "aspen")
            try await node.shutdown()
            #expect(try await documents.next() == nil)
        }
    }

    @Test("a query answers once, and its plan warns until there is an index")
    func plan() async throws {
        try await withNodes { nodes in
            let (_, farm, chores) = try await nodes.chores()
            for day in 1...3 {
                try await chores.put("c\(day)", Chore(title: "chore", due: "2026-12-0\(day)"))
            }
            let sql = "SELECT count(*) AS n FROM chores WHERE json_extract(doc, '$.due') > ?"
            let result = try await farm.query(sql, "2026-12-01")
            #expect(result.columns == ["n"])
            #expect(result.rows.map { $0["n"] } == [2])
            #expect(result.rows[0]["m"] == nil)
            #expect(try await farm.collections() == ["chores"])

            #expect(try await farm.explain(sql).warnings.count == 1)
            #expect(try await farm.createIndex("chores", "$.due"))
            #expect(try await !farm.createIndex("chores", "$.due"))
            // A plan is made with the tables and indexes that the last query saw.
            _ = try await farm.query(sql, "2026-12-01")
            #expect(try await farm.explain(sql).warnings == [])
        }
    }

    @Test("parameters of every kind reach a query")
    func parameters() async throws {
        try await withNodes { nodes in
            let (_, farm, _) = try await nodes.chores()
            let (flag, text) = (true, "x")
            let result = try await farm.query("SELECT ?, ?, ?, ?, ?", nil, flag, Int64.max, 1.5, text)
            #expect(result.rows.map(\.cells) == [[nil, 1, .integer(.max), 1.5, "x"]])
            let refusal = try await code { _ = try await farm.query("SELECT ?", Double.nan) }
            #expect(refusal == .invalidInput)
            let list: JSONValue = ["ash", "beech"]
            let length = try await farm.query("SELECT json_array_length(?)", parameters: [list])
            #expect(length.rows.map(\.cells) == [[2]])
        }
    }

    @Test("sequences end when the node is shut down")
    func end() async throws {
        try await withNodes { nodes in
            let (node, farm, chores) = try await nodes.chores()
            try await chores.put("a", Chore(title: "ash"))
            var queries = farm.watch("SELECT id FROM chores").makeAsyncIterator()
            var changes = farm.changes(for: "app").makeAsyncIterator()
            var peers = node.watchPeers().makeAsyncIterator()
            var status = node.watchStatus().makeAsyncIterator()
            var documents = chores.watchDocument("a").makeAsyncIterator()
            #expect(try await queries.next() != nil)
            #expect(try await changes.next() != nil)
            #expect(try await peers.next() != nil)
            #expect(try await status.next() != nil)
            #expect(try await documents.next() != nil)
            try await node.shutdown()
            while try await queries.next() != nil {}
            while try await changes.next() != nil {}
            while try await peers.next() != nil {}
            while try await status.next() != nil {}
            while try await documents.next() != nil {}
        }
    }
}
