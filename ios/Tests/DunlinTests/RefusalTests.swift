import Foundation
import Testing

@testable import Dunlin

/// The codes that a call can be refused with; `storageFull` and `internal` are brought about by the
/// library's own tests, `suspended` by those of the background.
@Suite struct RefusalTests {
    @Test("what cannot be stored, parsed or asked is invalidInput")
    func invalidInput() async throws {
        try await withNodes { nodes in
            let (node, farm, chores) = try await nodes.chores()
            try await chores.put("a", Chore(title: "Fence"))
            let later = try farm.collection("chores", of: LaterChore.self)
            let somewhere = SyncOptions(listen: "somewhere")
            let refusals = [
                try await refused { _ = try await node.createSpace("") },
                try await refused { _ = try await node.join("no ticket") },
                try await refused { try await node.startSync(somewhere) },
                try await refused { _ = try farm.collection("No!", of: Chore.self) },
                try await refused { _ = try await farm.query("SELEC") },
                try await refused { _ = try await farm.query("DELETE FROM chores") },
                try await refused { try await first(farm.watch("SELEC")) { _ in true } },
                try await refused { _ = try await farm.invite(uses: 0) },
                try await refused { _ = try await farm.invite(uses: -1) },
                try await refused { try await first(farm.changes(for: "")) { _ in true } },
                try await refused { try await chores.edit("a", base: "none") { $0.remove("/title") } },
                try await refused { try await chores.edit("a") { $0.set("/x", Double.infinity) } },
            ]
            for refusal in refusals {
                #expect(refusal.code == .invalidInput, "\(refusal)")
                #expect(!refusal.reason.isEmpty && !refusal.remedy.isEmpty)
                #expect(!refusal.isRetryable)
                #expect(refusal.errorDescription == refusal.reason)
                #expect(refusal.recoverySuggestion == refusal.remedy)
                #expect((refusal as any Error).localizedDescription == refusal.reason)
            }
            let misfit = try await refused { _ = try await later.get("a") }
            #expect(misfit.code == .wrongKind, "\(misfit)")
            #expect(misfit.reason.contains("chores/a"), "\(misfit)")
            #expect(misfit.reason.contains("/owner"), "\(misfit)")
        }
    }

    @Test("what is there already is alreadyExists")
    func alreadyExists() async throws {
        try await withNodes { nodes in
            let (node, farm, chores) = try await nodes.chores()
            let barn = try await node.createSpace("barn")
            let ticket = try await barn.invite()
            let (name, fence) = (farm.name, Chore(title: "Fence"))
            try await chores.put("a", fence)
            let refusals = [
                try await refused { _ = try await chores.insert(fence, id: "a") },
                try await refused {
                    try await farm.transaction { _ = try $0.insert(fence, id: "a", in: chores) }
                },
                try await refused { _ = try await node.createSpace(name) },
                try await refused { _ = try await node.join(ticket, as: name) },
            ]
            for refusal in refusals {
                #expect(refusal.code == .alreadyExists, "\(refusal)")
                #expect(!refusal.isRetryable)
            }
        }
    }

    @Test("a ticket whose time is over is expired")
    func expired() async throws {
        try await withNodes { nodes in
            let (_, farm, _) = try await nodes.chores()
            let ticket = try await farm.invite(expiresIn: 0)
            try await Task.sleep(nanoseconds: 5_000_000)
            let ben = try await nodes.node("ben")
            let refusal = try await refused { _ = try await ben.join(ticket) }
            #expect(refusal.code == .expired)
            #expect(refusal.remedy.contains("new ticket"), "\(refusal)")
        }
    }

    @Test("what is not there is notFound")
    func notFound() async throws {
        try await withNodes { nodes in
            let (node, farm, chores) = try await nodes.chores()
            #expect(try await code { _ = try node.space("barn") } == .notFound)
            #expect(try await code { _ = try await chores.get("a") } == .notFound)
            #expect(try await code { try await chores.delete("a") } == .notFound)
            #expect(try await code { try await chores.update("a") { _ in } } == .notFound)
            #expect(try await code { _ = try await farm.query("SELECT id FROM birds") } == .notFound)
            #expect(ErrorCode.notFound.description == "NotFound")
        }
    }

    @Test("an edit that does not fit what is there is wrongKind")
    func wrongKind() async throws {
        try await withNodes { nodes in
            let (_, _, chores) = try await nodes.chores()
            try await chores.put("a", Chore(title: "Fence"))
            let refusal = try await refused { try await chores.edit("a") { $0.increment("/title") } }
            #expect(refusal.code == .wrongKind)
            #expect(refusal.reason.contains("chores/a"), "\(refusal)")
        }
    }

    @Test("an index as of a version that nobody remembers is staleVersion")
    func staleVersion() async throws {
        try await withNodes { nodes in
            let (node, _, chores) = try await nodes.chores()
            try await chores.insert(Chore(title: "Fence", notes: "posts"), id: "a")
            let old = try await chores.get("a").version
            try await chores.edit("a") { $0.splice("/notes", at: 0, insert: "oak ") }
            try await node.shutdown()
            let again = try await nodes.node("ann").space("farm").chores
            let refusal = try await refused {
                try await again.edit("a", base: old) { $0.splice("/notes", at: 5, insert: "!") }
            }
            #expect(refusal.code == .staleVersion)
            #expect(refusal.isRetryable)
        }
    }

    @Test("a reader that writes is denied, and so is SQL that looks past the collections")
    func denied() async throws {
        try await withNodes { nodes in
            let (_, _, here, there) = try await nodes.pair(.reader)
            #expect(there.role == .reader)
            let chores = try there.chores
            #expect(try await code { try await chores.put("a", Chore(title: "Fence")) } == .denied)
            #expect(try await code { _ = try await there.invite() } == .denied)
            let outcome = try await chores.putAll(["a": Chore(title: "x")])
            #expect(try await code { _ = try outcome[0].result.get() } == .denied)
            let past = "SELECT * FROM sqlite_schema"
            #expect(try await code { _ = try await here.query(past) } == .denied)
        }
    }

    @Test("a result that is too large is limitExceeded")
    func limitExceeded() async throws {
        try await withNodes { nodes in
            let (_, farm, _) = try await nodes.chores()
            let endless =
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
            #expect(try await code { _ = try await farm.query(endless) } == .limitExceeded)
        }
    }

    @Test("a directory that is open already is alreadyOpen")
    func alreadyOpen() async throws {
        try await withNodes { nodes in
            let node = try await nodes.node("ann")
            let impatient = NodeOptions(name: "ann", lockWait: 0)
            let here = try await refused { _ = try await nodes.node("ann", impatient) }
            #expect(here.code == .alreadyOpen)
            #expect(!here.isRetryable)
            #expect(here.remedy.contains("share the node"), "\(here)")
            try await node.shutdown()
            // Not by a node of this process: as if another one had it.
            let file = open(nodes.directory("ann").appendingPathComponent("lock").path, O_RDWR)
            defer { close(file) }
            #expect(flock(file, LOCK_EX | LOCK_NB) == 0)
            let elsewhere = try await refused { _ = try await nodes.node("ann", impatient) }
            #expect(elsewhere.code == .alreadyOpen)
            #expect(elsewhere.isRetryable)
            #expect(elsewhere.reason.contains("another process"), "\(elsewhere)")
        }
    }

    @Test("whatever is called after shutdown is closed")
    func closed() async throws {
        try await withNodes { nodes in
            let (node, farm, chores) = try await nodes.chores()
            try await node.shutdown()
            #expect(try await code { try await chores.put("a", Chore(title: "Fence")) } == .closed)
            #expect(try await code { _ = try await chores.get("a") } == .closed)
            #expect(try await code { _ = try await farm.query("SELECT 1") } == .closed)
            #expect(try await code { _ = try await node.status() } == .closed)
            #expect(try await code { _ = try await node.createSpace("barn") } == .closed)
        }
    }

    @Test("an address that is in use or not this host's is network")
    func network() async throws {
        try await withNodes { nodes in
            let (ann, ben) = (try await nodes.node("ann"), try await nodes.node("ben"))
            try await ann.syncOnLoopback()
            let taken = try await ann.status().listen[0]
            for address in [taken, "192.0.2.1:0"] {
                let refusal = try await refused {
                    try await ben.startSync(SyncOptions(listen: address))
                }
                #expect(refusal.code == .network)
                #expect(refusal.isRetryable)
            }
        }
    }

    @Test("damaged files are corrupt, and those of a later release newerSchema")
    func damaged() async throws {
        try await withNodes { nodes in
            try await nodes.node("ann").shutdown()
            let file = nodes.directory("ann").appendingPathComponent("device.sqlite")
            var bytes = try Data(contentsOf: file)
            // The header's user version, big-endian: SQLite file format, section 1.3.
            bytes.replaceSubrange(60..<64, with: [0x7f, 0, 0, 0])
            try bytes.write(to: file)
            #expect(try await code { _ = try await nodes.node("ann") } == .newerSchema)
            try Data(repeating: 0x55, count: bytes.count).write(to: file)
            #expect(try await code { _ = try await nodes.node("ann") } == .corrupt)
        }
    }

    @Test("a code that this release does not know is a code all the same")
    func unknownCode() {
        let code = ErrorCode(rawValue: "Novel")
        #expect(code != .internal)
        #expect("\(DunlinError(code, "this is", remedy: "do that"))" == "Novel: this is; do that")
    }
}
