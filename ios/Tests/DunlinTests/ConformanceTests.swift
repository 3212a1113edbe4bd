import Foundation
import Testing

@testable import Dunlin

/// The conformance list, run through the Swift API; see `tests/conformance/README.md`.
@Suite struct ConformanceTests {
    @Test("every case of the list holds", arguments: try ConformanceCase.all())
    func holds(_ conformance: ConformanceCase) async throws {
        try await withNodes { try await Run(nodes: $0).run(conformance) }
    }

    @Test("the list is read whole")
    func isWhole() throws {
        #expect(try ConformanceCase.all().count >= 20)
    }
}

struct ConformanceCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let devices: [String]
    let readers: [String]
    let steps: [[String: JSONValue]]

    static func all() throws -> [ConformanceCase] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../tests/conformance").standardizedFileURL
        let files = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        return try files.filter { $0.pathExtension == "json" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .flatMap { file in
                let cases = try JSONDecoder().decode([JSONValue].self, from: Data(contentsOf: file))
                let name = file.deletingPathExtension().lastPathComponent
                return try cases.map { try ConformanceCase($0, of: name) }
            }
    }

    private init(_ json: JSONValue, of file: String) throws {
        testDescription = "\(file): \(try text(json["name"]))"
        devices = try (json["devices"]?.array ?? []).map(text)
        readers = try (json["readers"]?.array ?? []).map(text)
        steps = try #require(json["steps"]?.array).map { try #require($0.object) }
    }
}

private actor Run {
    private struct Device {
        let node: Node
        let space: Space
        var feeds: [String: Updates<ChangeBatch>.Iterator] = [:]
    }

    private let nodes: Nodes
    private var devices: [String: Device] = [:]
    private var read: [String: Document<JSONValue>] = [:]
    private var anchors: [String: Anchor] = [:]
    private var shown: [String: (list: Shown?, later: Updates<Shown>.Iterator)] = [:]

    init(nodes: Nodes) {
        self.nodes = nodes
    }

    func run(_ conformance: ConformanceCase) async throws {
        let founder = try await nodes.node("a")
        let farm = try await founder.createSpace("farm")
        devices["a"] = Device(node: founder, space: farm)
        for name in conformance.devices where name != "a" {
            let node = try await nodes.node(name)
            let ticket = try await farm.invite(conformance.readers.contains(name) ? .reader : .writer)
            devices[name] = Device(node: node, space: try await node.join(ticket))
        }
        for (index, step) in conformance.steps.enumerated() {
            try await tick()
            let place = Comment(rawValue: "step \(index + 1): \(JSONValue.object(step))")
            guard let code = step["refused"] else {
                try await perform(step, place)
                continue
            }
            let answer = try await refused { try await self.perform(step, place) }
            #expect(answer.code.rawValue == code.string, place)
        }
    }

    /// Waits until the wall clock shows another millisecond.
    private func tick() async throws {
        let now = { Int(Date().timeIntervalSince1970 * 1000) }
        let before = now()
        while now() <= before { try await pause(milliseconds: 1) }
    }

    private func perform(_ step: [String: JSONValue], _ place: Comment) async throws {
        let name = step["on"]?.string ?? "a"
        let device = try #require(devices[name])
        if step["meet"] != nil {
            try await meet()
        } else if step["suspend"] != nil {
            try await device.node.suspend()
        } else if step["resume"] != nil {
            try await device.node.resume()
        } else if let sql = step["query"]?.string {
            let parameters = step["parameters"]?.array ?? []
            let result = try await device.space.query(sql, parameters: parameters)
            #expect(result.json == step["rows"], place)
        } else if step["watch"] != nil || step["select"] != nil || step["count"] != nil {
            var lists = try follow(device.space, step).makeAsyncIterator()
            let list = try await lists.next()
            shown[try text(step["as"])] = (list, lists)
        } else if let name = step["shows"]?.string {
            try await shows(name, step)
        } else if let steps = step["transaction"]?.array {
            let space = device.space
            try await space.transaction { tx in
                for step in steps { try await transact(tx, space, try #require(step.object), place) }
            }
        } else if let expected = step["contested"]?.array {
            #expect(try await device.space.contested().names == expected, place)
        } else if let expected = step["deleted"]?.array {
            #expect(try await device.space.deleted().names == expected, place)
        } else if let consumer = step["feed"]?.string {
            try await feed(consumer, of: name, tells: step["tells"]?.array ?? [], place)
        } else {
            try await onDocument(device.space, step, place)
        }
    }

    private func follow(_ space: Space, _ step: [String: JSONValue]) throws -> Updates<Shown> {
        let parameters = step["parameters"]?.array ?? []
        if let sql = step["watch"]?.string {
            return space.watch(sql, parameters: parameters).map {
                list("rows", $0.json, $0.hasMore, $0.refusal)
            }
        }
        let name = try text(step["select"] ?? step["count"])
        let documents = try space.collection(name, of: JSONValue.self)
        let condition = step["where"]?.string
        if step["count"] != nil {
            return documents.watchCount(condition, parameters: parameters).map {
                list("rows", [[.integer(Int64($0))]], false, nil)
            }
        }
        let limit = step["limit"]?.integer.map(Int.init)
        let order = step["order"]?.string
        return documents.watch(condition, parameters: parameters, orderBy: order, limit: limit).map {
            let entries = $0.map { JSONValue.array([.string($0.id), $0.value ?? .null]) }
            return list("documents", .array(entries), $0.hasMore, $0.refusal)
        }
    }

    private func shows(_ name: String, _ step: [String: JSONValue]) async throws {
        let expected = step.filter { ["rows", "documents", "more", "failed"].contains($0.key) }
        func isSo(_ list: Shown?) -> Bool {
            guard let list, (list["failed"] == nil) == (expected["failed"] == nil) else { return false }
            return expected.allSatisfy { list[$0.key] == $0.value }
        }
        var watched = try #require(shown[name])
        while !isSo(watched.list) {
            watched.list = try #require(try await watched.later.next())
        }
        shown[name] = watched
    }

    private func feed(
        _ consumer: String, of name: String, tells expected: [JSONValue], _ place: Comment
    ) async throws {
        let device = try #require(devices[name])
        var feed = device.feeds[consumer] ?? device.space.changes(for: consumer).makeAsyncIterator()
        var told: [JSONValue] = []
        while told.count < expected.count {
            let batch = try #require(try await feed.next())
            try await batch.acknowledge()
            told += batch.changes.map { change in
                [
                    .string("\(change.collection)/\(change.id)"),
                    .array(change.paths.map(JSONValue.string)),
                    .string(change.origin == .local ? "local" : "remote"),
                ]
            }
        }
        #expect(told == expected, place)
        devices[name]?.feeds[consumer] = feed
    }

    private func transact(
        _ tx: Transaction, _ space: Space, _ step: [String: JSONValue], _ place: Comment
    ) async throws {
        let kinds = ["put", "insert", "replace", "edit", "delete", "restore", "update", "get"]
        let kind = try #require(kinds.first { step[$0] != nil }, place)
        let names = try text(step[kind]).split(separator: "/", maxSplits: 1).map(String.init)
        let documents = try space.collection(names[0], of: JSONValue.self)
        let id = names[1]
        switch kind {
        case "put": try tx.put(id, try #require(step["value"]), in: documents)
        case "insert": try tx.insert(try #require(step["value"]), id: id, in: documents)
        case "replace": try tx.replace(id, try #require(step["value"]), in: documents)
        case "edit":
            let edits = try #require(step["edits"]?.array)
            try tx.edit(id, in: documents) { list in
                for edit in edits { try list.add(try #require(edit.object)) }
            }
        case "delete": try tx.delete(id, in: documents)
        case "restore": try tx.restore(id, in: documents)
        case "update":
            let added = try #require(step["value"]?.object)
            try await tx.update(id, in: documents) { value in
                value = .object(try #require(value.object).merging(added) { $1 })
            }
        default: #expect(try await tx.get(id, in: documents).json == step["is"], place)
        }
    }

    private func onDocument(
        _ space: Space, _ step: [String: JSONValue], _ place: Comment
    ) async throws {
        let kinds = [
            "put", "insert", "replace", "edit", "save", "keep", "take", "delete", "restore", "read", "get",
            "anchor", "resolve",
        ]
        let kind = try #require(kinds.first { step[$0] != nil }, place)
        let names = try text(step[kind]).split(separator: "/", maxSplits: 1).map(String.init)
        let isPlain = step["plain"]?.bool ?? false
        let documents = try space.collection(names[0], of: JSONValue.self, plain: isPlain)
        let id = names[1]
        let base = step["base"]?.string.flatMap { read[$0] }?.version
        switch kind {
        case "put": try await documents.put(id, try #require(step["value"]), base: base)
        case "insert": try await documents.insert(try #require(step["value"]), id: id)
        case "replace": try await documents.replace(id, try #require(step["value"]), base: base)
        case "edit":
            let edits = try #require(step["edits"]?.array)
            try await documents.edit(id, base: base) { list in
                for edit in edits { try list.add(try #require(edit.object)) }
            }
        case "save":
            let document = try #require(read[try text(step["read"])])
            try await documents.save(document, as: try #require(step["value"]))
        case "keep", "take":
            let named = step["read"]?.string.flatMap { read[$0] }
            let path = try text(step["path"])
            if let named {
                let conflict = try #require(named.conflicts.first { $0.path == path }, place)
                if kind == "keep" {
                    try await documents.keep(named, conflict)
                } else {
                    try await documents.take(named, conflict)
                }
            } else {
                let from = try await documents.inspect(id)
                let conflict = try #require(from.conflicts.first { $0.path == path }, place)
                if kind == "keep" {
                    try await documents.keep(from, conflict)
                } else {
                    try await documents.take(from, conflict)
                }
            }
        case "delete": try await documents.delete(id)
        case "restore": try await documents.restore(id)
        case "read": read[try text(step["as"])] = try await documents.get(id)
        case "get":
            let document = try await documents.get(id)
            if let expected = step["conflicts"]?.array {
                let found = document.conflicts.map { conflict in
                    JSONValue.array([.string(conflict.path)] + (conflict.lost.value.map { [$0] } ?? []))
                }
                #expect(found.sorted { $0.description < $1.description } == expected, place)
            }
            if let expected = step["gone"]?.array {
                let gone = document.conflicts.map { $0.item.map(JSONValue.string) ?? .null }
                #expect(gone == expected, place)
            }
            #expect(document.json == step["is"], place)
            #expect(document.value == document.json, place)
        case "anchor":
            let (path, index) = (try text(step["path"]), try integer(step["at"]))
            anchors[try text(step["as"])] = try await documents.anchor(id, path, at: index)
        default:
            let anchor = try #require(anchors[try text(step["to"])])
            #expect(try await documents.resolve(id, anchor) == integer(step["at"]), place)
        }
    }

    /// Connects everybody to the first device until all have the same documents.
    private func meet() async throws {
        let first = try #require(devices["a"]).node
        let others = devices.filter { $0.key != "a" }.values.map(\.node)
        let all = [first] + others
        try await first.syncOnLoopback()
        for other in others { try await other.syncOnLoopback(first) }
        try await eventually {
            var (digests, connected) = (Set<String>(), 0)
            for node in all {
                let status = try await node.status()
                digests.formUnion(status.spaces.map(\.digest))
                connected += status.peers.filter(\.isInSync).count
            }
            return digests.count == 1 && connected == 2 * others.count
        }
        for node in all { try await node.stopSync() }
    }
}

extension Edits {
    fileprivate mutating func add(_ edit: [String: JSONValue]) throws {
        let path = try text(edit["path"])
        switch try text(edit["op"]) {
        case "set": set(path, try #require(edit["value"]))
        case "remove": remove(path)
        case "increment": increment(path, by: Int64(try integer(edit["by"])))
        case "splice":
            let (delete, insert) = (edit["delete"]?.integer ?? 0, edit["insert"]?.string ?? "")
            splice(path, at: try integer(edit["at"]), delete: Int(delete), insert: insert)
        case "insert": insert(path, at: try integer(edit["at"]), try #require(edit["value"]))
        case "move": move(path, from: try integer(edit["from"]), to: try integer(edit["to"]))
        case "delete-item": deleteItem(path, at: try integer(edit["at"]))
        case let operation: Issue.record("no such edit: \(operation)")
        }
    }
}

extension [Listed] {
    fileprivate var names: [JSONValue] { map { .string("\($0.collection)/\($0.id)") } }
}

/// What something that is followed shows, as a step `shows` says it.
private typealias Shown = [String: JSONValue]

private func list(
    _ name: String, _ items: JSONValue, _ hasMore: Bool, _ refusal: DunlinError?
) -> Shown {
    var list = [name: items, "more": .bool(hasMore)]
    list["failed"] = refusal.map { .string($0.code.rawValue) }
    return list
}

extension QueryResult {
    fileprivate var json: JSONValue { .array(rows.map { .array($0.cells) }) }
}

private func text(_ json: JSONValue?) throws -> String { try #require(json?.string) }

private func integer(_ json: JSONValue?) throws -> Int { Int(try #require(json?.integer)) }
