import Foundation
import Testing

@testable import Dunlin

@Suite struct LinkTests {
    @Test("what a link hands in is checked, and a link that throws does no harm")
    func failing() async throws {
        try await withNodes { nodes in
            let (ann, _, chores) = try await nodes.chores()
            let link = FailingLink()
            try await ann.startSync(SyncOptions(listen: "127.0.0.1:0", mdns: false, links: [link]))
            try await eventually { link.calls.value.contains("start") }
            #expect(link.refusals.value.map(\.code) == [.invalidInput, .invalidInput, .invalidInput])
            #expect(link.refusals.value.allSatisfy { !$0.reason.isEmpty && !$0.remedy.isEmpty })
            try await chores.put("a", Chore(title: "one"))
            try await ann.restartSync()
            try await eventually { link.calls.value.filter { $0 == "start" }.count == 2 }
            try await ann.stopSync()
            #expect(try await chores.get("a").value.title == "one")
        }
    }

    @Test("a link throws as it sends and as it stops, and nodes meet by other means")
    func deaf() async throws {
        try await withNodes { nodes in
            let (ann, ben, here, there) = try await nodes.pair()
            let link = DeafLink()
            try await ann.startSync(SyncOptions(listen: "127.0.0.1:0", mdns: false, links: [link]))
            // The link says that somebody is in reach: what is sent there throws.
            try await eventually { link.calls.value.contains("send") }
            try await ben.syncOnLoopback(ann)
            try await here.chores.put("a", Chore(title: "one"))
            try await first(there.chores.watch()) { $0.count == 1 }
            try await ann.stopSync()
            try await eventually { link.calls.value.contains("stop") }
        }
    }
}

/// Hands in nonsense, keeps the refusals, and does not start.
private final class FailingLink: PacketLink {
    let maxPacketBytes = 1300
    let refusals = Guarded<[DunlinError]>([])
    let calls = Guarded<[String]>([])

    func start(_ inbox: any LinkInbox) throws {
        refusals.change { $0 = [] }
        for nonsense in [
            { try inbox.appeared("") },
            { try inbox.received(Data(), from: "b") },
            { try inbox.received(Data(count: 1473), from: "b") },
        ] as [() throws -> Void] {
            do {
                try nonsense()
            } catch let refusal as DunlinError {
                refusals.change { $0.append(refusal) }
            }
        }
        calls.change { $0.append("start") }
        throw OnPurpose()
    }

    func send(_ packet: Data, to peer: String) throws { throw OnPurpose() }

    func stop() throws { throw OnPurpose() }
}

/// Knows of somebody, whom nothing reaches.
private final class DeafLink: PacketLink {
    let maxPacketBytes = 1300
    let calls = Guarded<Set<String>>([])

    func start(_ inbox: any LinkInbox) throws { try inbox.appeared("b") }

    func send(_ packet: Data, to peer: String) throws {
        calls.change { _ = $0.insert("send") }
        throw OnPurpose()
    }

    func stop() throws {
        calls.change { _ = $0.insert("stop") }
        throw OnPurpose()
    }
}
