import Dunlin
import FloorBindings
import Foundation

/// The documents that a live query gives, and whose number an edit changes.
private let followed = 100

/// Edits of one batch, and the fields that they go round.
private let batch = 1_000
private let readings = 100

/// Calls of one run; empty ones that do not suspend are timed by the thousand.
private let empty = 1_000
private let gets = 2_000
private let batches = 5
private let deliveries = 300

/// The documents of a long list, runs of its query, deliveries, and further ones that watch it.
private let long = 10_000
private let longRuns = 10
private let watchers = 4
private let longQuery = "SELECT id, doc FROM rows ORDER BY id"

/// A document of 1 KB.
struct Report: Codable, Hashable, Sendable {
    var title = "Pump 7, bearing"
    var status = "open"
    var priority = 2
    var assignee = "ann.keller"
    var due = "2026-04-12T09:30:00Z"
    var site = "hall 4, bay 12"
    var minutes = 45
    var cost = 120.5
    var finding = String(repeating: "grease leaks at the north panel; ", count: 12)
    var remedy = String(repeating: "replace the seal, log the pressure; ", count: 11)
}

/// What a live query follows.
struct Chore: Codable, Hashable, Sendable {
    var title: String
    var minutes: Int
}

/// What a batch writes to.
struct Instrument: Codable, Hashable, Sendable {
    var readings: [String: Int] = [:]
}

struct UnknownCall: Error {
    let name: String
}

/// Every call by name: a run of it, and the microseconds that each took.
actor Calls {
    static let names = [
        "floor of empty", "empty", "floor of empty, async", "empty, async", "floor of get", "get", "batch",
        "delivery", "floor of long list", "long list", "floor of memory", "memory",
    ]

    private let node: Node
    private let space: Space
    private let reports: DocumentCollection<Report>
    private let tasks: DocumentCollection<Chore>
    private let rows: DocumentCollection<Chore>
    private let instruments: DocumentCollection<Instrument>
    private let shelf: Shelf
    private var edits = 0

    init(_ node: Node) async throws {
        self.node = node
        space = try await node.createSpace("bench")
        reports = try space.collection("reports", of: Report.self)
        tasks = try space.collection("tasks", of: Chore.self)
        rows = try space.collection("rows", of: Chore.self)
        instruments = try space.collection("instruments", of: Instrument.self)
        try await reports.insert(Report(), id: "report")
        try await instruments.insert(Instrument(), id: "instrument")
        _ = try await tasks.putAll((0..<followed).map { ("\($0)", Chore(title: "task \($0)", minutes: 0)) })
        for first in stride(from: 0, to: long, by: batch) {
            let some = (first..<first + batch).map { ("\($0)", Chore(title: "task \($0)", minutes: 0)) }
            _ = try await rows.putAll(some)
        }
        let report = try JSONEncoder().encode(Report())
        shelf = Shelf(text: String(decoding: report, as: UTF8.self))
    }

    func run(_ name: String) async throws -> [Double] {
        switch name {
        case "floor of empty":
            try await times(empty) { for _ in 0..<empty { _ = FloorBindings.empty() } }
                .map { $0 / Double(empty) }
        case "empty":
            try await times(empty) { for _ in 0..<empty { _ = Diagnostics.liveObjects } }
                .map { $0 / Double(empty) }
        case "floor of empty, async": try await times(gets) { try await shelf.empty() }
        case "empty, async": try await times(gets) { try await node.stopSync() }
        case "floor of get": try await times(gets) { _ = try await shelf.get(id: "report") }
        case "get": try await times(gets) { _ = try await reports.get("report") }
        case "batch": try await times(batches) { try await write() }
        case "delivery": try await deliver(tasks, deliveries)
        case "floor of long list": try await times(longRuns) { _ = try await space.query(longQuery) }
        case "long list": try await deliver(rows, longRuns)
        case "floor of memory": [try await bytesOfLongList()]
        case "memory": [try await bytesOfWatcher()]
        default: throw UnknownCall(name: name)
        }
    }

    private func write() async throws {
        let first = edits
        edits += batch
        try await instruments.edit("instrument") { edit in
            for number in 0..<batch { edit.set("/readings/\(number % readings)", first + number) }
        }
    }

    /// From the call of a write to the list that shows it.
    private func deliver(
        _ watched: DocumentCollection<Chore>, _ count: Int
    ) async throws -> [Double] {
        let (delivered, deliver) = AsyncStream.makeStream(of: Int.self)
        let collector = Task {
            for try await list in watched.watch() {
                if let minutes = list.first?.value?.minutes { deliver.yield(minutes) }
            }
        }
        defer { collector.cancel() }
        var shown = delivered.makeAsyncIterator()
        _ = await shown.next()
        var taken: [Double] = []
        for _ in 0..<count {
            let minutes = edits
            edits += 1
            let start = ContinuousClock.now
            try await watched.edit("0") { $0.set("/minutes", minutes) }
            while await shown.next() != minutes {}
            taken.append(micros(since: start))
        }
        return taken
    }

    /// What the long list says, as the text in which it crosses.
    private func bytesOfLongList() async throws -> Double {
        let result = try await space.query(longQuery)
        let bytes = result.rows.reduce(0) { sum, row in
            row.cells.reduce(sum) { $0 + ($1.string?.utf8.count ?? 0) + 2 }
        }
        return Double(bytes)
    }

    /// What each further watcher of the long list takes of the process, which keeps what it shows.
    private func bytesOfWatcher() async throws -> Double {
        var kept: [(Entries<Chore>?, Updates<Entries<Chore>>.Iterator)] = []
        var before = 0
        for _ in 0...watchers {
            var lists = rows.watch().makeAsyncIterator()
            kept.append((try await lists.next(), lists))
            if kept.count == 1 { before = try bytesInUse() }
        }
        let taken = try bytesInUse() - before
        guard kept.allSatisfy({ $0.0?.count == long }) else { throw UnknownCall(name: "a shorter list") }
        return Double(taken) / Double(watchers)
    }

    private func times(_ count: Int, _ call: () async throws -> Void) async throws -> [Double] {
        var taken: [Double] = []
        for _ in 0..<count {
            let start = ContinuousClock.now
            try await call()
            taken.append(micros(since: start))
        }
        return taken
    }
}

private func micros(since start: ContinuousClock.Instant) -> Double {
    let taken = (ContinuousClock.now - start).components
    return Double(taken.seconds) * 1e6 + Double(taken.attoseconds) / 1e12
}

/// What the process holds once the allocator has given back what it can: both languages have the same one.
private func bytesInUse() throws -> Int {
    if let found = dlsym(nil, "malloc_trim") {
        _ = unsafeBitCast(found, to: (@convention(c) (Int) -> Int32).self)(0)
    }
    let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
    return (Int(pages) ?? 0) * sysconf(Int32(_SC_PAGESIZE))
}
