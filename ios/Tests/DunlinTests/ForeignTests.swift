import Foundation
import Testing

@testable import Dunlin

/// What the app gives to the library to call.
@Suite struct ForeignTests {
    @Test("a sealed key opens with what sealed it alone")
    func sealer() async throws {
        try await withNodes { nodes in
            let path = nodes.directory("sealed")
            let sealer = Turned()
            let node = try await Node.open(path, NodeOptions(sealer: sealer))
            let device = node.device
            try await node.shutdown()
            #expect(sealer.calls.value == 1)
            #expect(try await code { _ = try await Node.open(path) } == .denied)
            let failures: [(any Error, ErrorCode, String)] = [
                (SealError(reason: "the keychain is locked"), .keyUnavailable, "is locked"),
                (OnPurpose(), .keyUnavailable, "this fails on purpose"),
                (SealError(reason: "the keychain is empty", isKeyLost: true), .keyLost, "is empty"),
            ]
            for (failure, code, reason) in failures {
                let refusal = try await refused {
                    _ = try await Node.open(path, NodeOptions(sealer: Turned(failing: failure)))
                }
                #expect(refusal.code == code)
                #expect(refusal.isRetryable == (code == .keyUnavailable))
                #expect(refusal.reason.contains(reason), "\(refusal)")
            }
            let again = try await Node.open(path, NodeOptions(sealer: sealer))
            #expect(again.device == device)
            try await again.shutdown()
        }
    }

    @Test("two nodes sync over a link in Swift, and again after one was suspended")
    func link() async throws {
        try await withNodes { nodes in
            let (ann, ben, here, there) = try await nodes.pair()
            let (annChores, benChores) = (try here.chores, try there.chores)
            let cable = Cable()
            for (node, end) in [(ann, CableEnd(cable, "a", "b")), (ben, CableEnd(cable, "b", "a"))] {
                try await node.startSync(SyncOptions(listen: "127.0.0.1:0", mdns: false, links: [end]))
            }
            try await annChores.put("1", Chore(title: "one"))
            try await first(benChores.watch()) { $0.count == 1 }
            #expect(cable.packets > 0)
            try await ben.suspend()
            try await annChores.put("2", Chore(title: "two"))
            try await ben.resume()
            try await first(benChores.watch()) { $0.count == 2 }
        }
    }

    @Test("a link that carries too little is refused")
    func narrowLink() async throws {
        try await withNodes { nodes in
            let ann = try await nodes.node("ann")
            let narrow = CableEnd(Cable(), "a", "b", maxPacketBytes: 500)
            let options = SyncOptions(listen: "127.0.0.1:0", mdns: false, links: [narrow])
            #expect(try await code { try await ann.startSync(options) } == .invalidInput)
        }
    }

    @Test("devices that a discovery in Swift finds meet, and it is stopped with sync")
    func discovery() async throws {
        try await withNodes { nodes in
            let (ann, ben, here, there) = try await nodes.pair()
            let network = Neighbourhood()
            for node in [ann, ben] {
                let resident = Resident(network)
                try await node.startSync(
                    SyncOptions(listen: "127.0.0.1:0", mdns: false, discovery: resident))
            }
            try await here.chores.put("a", Chore(title: "one"))
            try await first(there.chores.watch()) { !$0.isEmpty }
            try await ann.suspend()
            try await ben.stopSync()
            try await eventually { network.there.value.isEmpty }
        }
    }

    @Test("a discovery that fails to start or says nonsense does no harm, and the log tells of it")
    func failingDiscovery() async throws {
        try await withNodes { nodes in
            let (ann, _, chores) = try await nodes.chores()
            let records = Guarded<[(level: LogLevel, target: String, message: String)]>([])
            try Diagnostics.log(.warn) { level, target, message in
                records.change { $0.append((level, target, message)) }
            }
            let failing = Failing()
            try await ann.startSync(
                SyncOptions(listen: "127.0.0.1:0", mdns: false, discovery: failing))
            try await first(ann.watchStatus()) { $0.discovery?.contains("on purpose") == true }
            #expect(failing.refusals.value.map(\.code) == [.invalidInput])
            try await eventually { records.value.contains { $0.message.contains("on purpose") } }
            let record = try #require(records.value.first { $0.message.contains("on purpose") })
            #expect(record.level == .warn)
            #expect(record.target.hasPrefix("dunlin"))
            try Diagnostics.log(to: nil)
            try await ann.stopSync()
            try await chores.put("a", Chore(title: "one"))
        }
    }

    @Test("an anchor stays with its character when others type")
    func anchor() async throws {
        try await withNodes { nodes in
            let (_, _, chores) = try await nodes.chores()
            let id = try await chores.insert(Chore(title: "Fence", notes: "posts")).id
            let anchor = try await chores.anchor(id, "/notes", at: 3)
            try await chores.edit(id) { $0.splice("/notes", at: 0, insert: "oak ") }
            #expect(try await chores.resolve(id, Anchor(rawValue: anchor.rawValue)) == 7)
            let far = try await code { _ = try await chores.anchor(id, "/notes", at: 99) }
            #expect(far == .invalidInput)
            #expect(try await code { _ = try await chores.anchor(id, "/title", at: 0) } == .wrongKind)
            let none = Anchor(rawValue: "x")
            #expect(try await code { _ = try await chores.resolve(id, none) } == .invalidInput)
            try await chores.edit(id) { $0.remove("/notes") }
            #expect(try await code { _ = try await chores.resolve(id, anchor) } == .notFound)
        }
    }
}

/// Something that is changed on threads of the library.
final class Guarded<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var guarded: Value

    init(_ value: Value) {
        guarded = value
    }

    var value: Value { lock.withLock { guarded } }

    @discardableResult
    func change<Answer>(_ change: (inout Value) throws -> Answer) rethrows -> Answer {
        try lock.withLock { try change(&guarded) }
    }
}

struct OnPurpose: LocalizedError {
    var errorDescription: String? { "this fails on purpose" }
}

/// Turns bytes round, which is enough to see what is sealed.
private final class Turned: KeySealer {
    let calls = Guarded(0)
    private let failure: (any Error)?

    init(failing failure: (any Error)? = nil) {
        self.failure = failure
    }

    func seal(_ seed: Data) throws -> Data { turn(seed) }

    func unseal(_ sealed: Data) throws -> Data {
        if let failure { throw failure }
        return turn(sealed)
    }

    private func turn(_ bytes: Data) -> Data {
        calls.change { $0 += 1 }
        return Data(bytes.map(~))
    }
}

/// A cable; what is put into one of its ends comes out of the other.
private final class Cable: Sendable {
    let inboxes = Guarded<[String: any LinkInbox]>([:])
    private let count = Guarded(0)

    var packets: Int { count.value }

    func carry(_ packet: Data, from: String, to: String) throws {
        count.change { $0 += 1 }
        try inboxes.value[to]?.received(packet, from: from)
    }
}

private final class CableEnd: PacketLink {
    let maxPacketBytes: Int
    private let (cable, name, other): (Cable, String, String)

    init(_ cable: Cable, _ name: String, _ other: String, maxPacketBytes: Int = 1300) {
        (self.cable, self.name, self.other) = (cable, name, other)
        self.maxPacketBytes = maxPacketBytes
    }

    func start(_ inbox: any LinkInbox) throws {
        let theirs = cable.inboxes.change { inboxes in
            inboxes[name] = inbox
            return inboxes[other]
        }
        guard let theirs else { return }
        try theirs.appeared(name)
        try inbox.appeared(other)
    }

    func send(_ packet: Data, to peer: String) throws {
        try cable.carry(packet, from: name, to: peer)
    }

    func stop() throws {
        let theirs = cable.inboxes.change { inboxes in
            inboxes[name] = nil
            return inboxes[other]
        }
        try theirs?.vanished(name)
    }
}

/// One local network, where everybody is found by everybody.
private final class Neighbourhood: Sendable {
    let there = Guarded<[UInt16: any DiscoveredPeers]>([:])
}

private final class Resident: Discovery {
    private let network: Neighbourhood
    private let own = Guarded<UInt16>(0)

    init(_ network: Neighbourhood) {
        self.network = network
    }

    func start(port: UInt16, peers: any DiscoveredPeers) throws {
        own.change { $0 = port }
        let others = network.there.change { there in
            defer { there[port] = peers }
            return there
        }
        for (other, theirs) in others {
            try peers.found("\(other)", at: ["127.0.0.1:\(other)"])
            try theirs.found("\(port)", at: ["127.0.0.1:\(port)"])
        }
        peers.active()
    }

    func stop() throws {
        let own = own.value
        let others = network.there.change { there in
            there[own] = nil
            return there
        }
        for theirs in others.values { theirs.lost("\(own)") }
    }
}

private final class Failing: Discovery {
    let refusals = Guarded<[DunlinError]>([])

    func start(port: UInt16, peers: any DiscoveredPeers) throws {
        do {
            try peers.found("x", at: ["nowhere"])
        } catch let refusal as DunlinError {
            refusals.change { $0.append(refusal) }
        }
        throw OnPurpose()
    }

    func stop() throws { throw OnPurpose() }
}
