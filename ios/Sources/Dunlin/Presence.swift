internal import DunlinBindings
import Foundation

/// What another device is about at the moment, as it said itself with ``Space/setPresence(_:holds:)``.
public struct Presence<State: Sendable>: Sendable {
    /// The device.
    public let device: Device

    /// What it said; nil where that does not fit the model, as from another version of the app.
    public let state: State?

    /// Makes one, for instance for a preview or a test.
    public init(device: Device, state: State?) {
        self.device = device
        self.state = state
    }
}

extension Presence: Equatable where State: Equatable {}
extension Presence: Hashable where State: Hashable {}

extension Space {
    /// Tells the connected members what this device is about at the moment, such as where its cursor
    /// is or what an agent works on; in the place of what it said before.
    ///
    /// It reaches members that connect later too, but is not passed on by them, and stored nowhere.
    ///
    /// - Parameters:
    ///   - state: at most 4 KiB of JSON.
    ///   - holds: for how many seconds, at most an hour; say it again before that for longer.
    /// - Throws: ``DunlinError`` `limitExceeded` for what is too long, `invalidInput` for a time that
    ///   cannot be, `suspended`, `closed` after shutdown.
    public func setPresence<State: Encodable>(_ state: State, holds: TimeInterval = 30) async throws {
        let (encoded, holds): (_, UInt32) = (try encodeJSON(state), milliseconds(holds))
        try await bridged { [native] in try await native.setPresence(state: encoded, ttlMs: holds) }
    }

    /// Takes back what this device said with ``setPresence(_:holds:)``, if it did.
    ///
    /// - Throws: ``DunlinError`` `suspended`, `closed` after shutdown.
    public func clearPresence() async throws {
        try await bridged { [native] in try await native.setPresence(state: nil, ttlMs: 0) }
    }

    /// Follows what other devices are about: at once, then each time that it has changed.
    ///
    /// Changes that come faster than they are taken are told as one. Ends when the node is shut down.
    public func watchPresence<State: Decodable & Sendable>(
        of state: State.Type
    ) -> Updates<[Presence<State>]> {
        Updates { [native] in
            let watch = native.watchPresence()
            return Subscription(
                pull: { try await watch.next().map { $0.map(Presence.init) } },
                stop: { watch.stop() })
        }
    }
}

extension Presence where State: Decodable {
    init(_ presence: DunlinBindings.Presence) {
        device = Device(presence.device)
        state = try? decodeJSON(State.self, from: presence.state, of: "a presence")
    }
}
