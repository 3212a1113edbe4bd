import Dunlin
import Foundation
import Testing

@testable import DunlinApple

/// Time that passes when the test says so; of one thread.
final class ManualTimers: Timers, @unchecked Sendable {
    private var now: TimeInterval = 0
    private var next = 0
    private var pending = [Int: (at: TimeInterval, action: @Sendable () -> Void)]()

    var count: Int { pending.count }

    func after(_ seconds: TimeInterval, _ action: @escaping @Sendable () -> Void) -> Running {
        next += 1
        let number = next
        pending[number] = (now + seconds, action)
        return Running { self.pending[number] = nil }
    }

    /// Lets this many seconds pass; what falls due in them is called in its order.
    func advance(_ seconds: TimeInterval) {
        let end = now + seconds
        while let due = pending.filter({ $0.value.at <= end })
            .min(by: { ($0.value.at, $0.key) < ($1.value.at, $1.key) }) {
            now = max(now, due.value.at)
            pending[due.key] = nil
            due.value.action()
        }
        now = end
    }
}

/// A system whose answers the test gives; of one thread.
final class FakeSystem: ServiceSystem, @unchecked Sendable {
    typealias Hear<Answer> = @Sendable (Result<Answer, ServiceFailure>) -> Void

    private(set) var announced = [String: UInt16]()
    private(set) var asked = [String]()
    private(set) var searches = 0
    private var announcing: Hear<String>?
    private var browsing: (@Sendable (Sighting) -> Void)?
    private var resolving = [String: Hear<Resolved>]()

    var isAsked: Set<String> { Set(resolving.keys) }

    func announce(_ name: String, port: UInt16, _ hear: @escaping Hear<String>) -> Running {
        announced[name] = port
        announcing = hear
        return Running {
            self.announced[name] = nil
            self.announcing = nil
        }
    }

    func browse(_ see: @escaping @Sendable (Sighting) -> Void) -> Running {
        searches += 1
        browsing = see
        return Running { self.browsing = nil }
    }

    func resolve(_ name: String, _ hear: @escaping Hear<Resolved>) -> Running {
        asked.append(name)
        resolving[name] = hear
        return Running { self.resolving[name] = nil }
    }

    func announces(_ result: Result<String, ServiceFailure>) { announcing?(result) }

    func see(_ sightings: Sighting...) { sightings.forEach { browsing?($0) } }

    func answer(_ name: String, _ addresses: String...) {
        resolving[name]?(.success(Resolved(addresses: addresses.map(address), port: 7)))
    }

    func refuse(_ name: String) {
        resolving[name]?(.failure(ServiceFailure(reason: "gone")))
    }
}

/// What the node was told, in order; of one thread.
final class Told: DiscoveredPeers, @unchecked Sendable {
    private(set) var told = [String]()

    /// Addresses that the node refuses.
    var unreadable = Set<String>()

    func found(_ name: String, at addresses: [String]) throws {
        if !unreadable.isDisjoint(with: addresses) { throw ServiceFailure(reason: "unreadable") }
        told.append("\(name) at \(addresses.joined(separator: " "))")
    }

    func lost(_ name: String) { told.append("lost \(name)") }

    func active() { told.append("active") }

    func unavailable(_ reason: String) { told.append(reason) }
}

/// Parses what people write, with the interface's number after "%".
func address(_ text: String) -> HostAddress {
    let parts = text.split(separator: "%")
    var bytes = [UInt8](repeating: 0, count: parts[0].contains(":") ? 16 : 4)
    let isRead = inet_pton(bytes.count == 16 ? AF_INET6 : AF_INET, String(parts[0]), &bytes)
    precondition(isRead == 1, text)
    let interface = parts.count > 1 ? UInt32(parts[1]) : 0
    return HostAddress(bytes: bytes, interface: interface ?? 0)!
}

/// Waits for something that will happen; far longer than it takes.
@MainActor
func eventually(_ what: Comment, _ isSo: () async throws -> Bool) async rethrows {
    let deadline = Date(timeIntervalSinceNow: 60)
    while Date() < deadline {
        if try await isSo() { return }
        try? await Task.sleep(nanoseconds: 5_000_000)
    }
    Issue.record("never: \(what)")
}
