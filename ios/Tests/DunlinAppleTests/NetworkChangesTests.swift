import Dunlin
import Foundation
import Testing

@testable import DunlinApple

final class NetworkChangesTests {
    private let timers = ManualTimers()
    private let restarts = Locked(0)
    private lazy var changes = NetworkChanges(timers: timers) { [restarts] in
        restarts.with { $0 += 1 }
    }

    private let barn: Addresses = ["en0": ["192.168.1.5"]]
    private let field: Addresses = ["en0": ["10.0.0.7"]]

    private func rest(_ addresses: Addresses) {
        changes.see(addresses)
        timers.advance(2)
    }

    private var count: Int { restarts.with { $0 } }

    @Test func theNetworksAtTheStartAreNoChange() {
        changes.see([:])
        rest(barn)
        #expect(count == 0)
    }

    @Test func anotherAddressRestartsOnceHoweverManyReportsItComesIn() {
        rest(barn)
        changes.see([:])
        timers.advance(1)
        changes.see(["en0": []])
        timers.advance(1)
        rest(field)
        #expect(count == 1)
    }

    @Test func aFlickerChangesNothingNorDoesAMereLoss() {
        rest(barn)
        changes.see([:])
        timers.advance(1)
        rest(barn)
        rest([:])
        #expect(count == 0)
    }

    @Test func comingBackAfterALossThatLastedRestarts() {
        rest(barn)
        rest([:])
        rest(barn)
        #expect(count == 1)
    }

    @Test func aNetworkBesideTheOtherIsNewAndTheSameAddressElsewhereToo() {
        rest(barn)
        rest(["en0": ["192.168.1.5"], "en1": ["192.168.1.6"]])
        #expect(count == 1)
        rest(["utun4": ["192.168.1.5"]])
        #expect(count == 2)
    }

    @Test func networksThatNeverRestDoNotPutItOffForEver() {
        rest(barn)
        for turn in 0..<11 {
            changes.see(turn % 2 == 0 ? ["en0": ["10.0.0.7"], "en1": ["10.0.0.8"]] : field)
            timers.advance(1)
        }
        #expect(count == 1)
    }

    @Test func interfacesWithoutPeersDoNotCount() {
        for name in ["en0", "en5", "bridge100", "utun4"] { #expect(carriesPeers(name), "\(name)") }
        for name in ["lo0", "pdp_ip0", "awdl0", "llw0", "ipsec3", "anpi0", "gif0"] {
            #expect(!carriesPeers(name), "\(name)")
        }
    }

    @Test func theDevicesOwnAddressesAreRead() {
        for (interface, addresses) in localAddresses() {
            #expect(carriesPeers(interface))
            #expect(!addresses.isEmpty)
            #expect(addresses.allSatisfy { !$0.isEmpty && !$0.hasPrefix("fe80") }, "\(addresses)")
        }
    }

    @Test @MainActor func aChangeGivesTheNodeANewSocketUntilItIsShutDown() async throws {
        try await withNode { node in
            try await node.startSync(SyncOptions(listen: "127.0.0.1:0", mdns: false))
            let before = try await node.status().listen
            let (stream, changes) = AsyncStream.makeStream(of: Void.self)
            let failures = Locked([ErrorCode]())
            let following = Task {
                await node.restartSync(on: stream) { refusal in
                    failures.with { $0.append(refusal.code) }
                }
            }
            changes.yield()
            try await eventually("a new socket") {
                let now = try await node.status().listen
                return !now.isEmpty && now != before
            }
            try await node.shutdown()
            await following.value
            #expect(failures.with { $0 } == [])
        }
    }
}
