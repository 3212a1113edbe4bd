/// Whether the app may reach devices on the local network, as far as can be told.
///
/// The system has no question for it: it asks the user when the app first searches, and a search
/// that goes unanswered looks like one that nobody answers.
public enum LocalNetworkAccess: Sendable, Equatable {
    /// Nothing was seen and nothing refused yet: the user is being asked, or nobody is there.
    case unknown

    /// Something was seen on the local network.
    case granted

    /// The user has refused it. Say why the app needs it, and send the user to the app's settings:
    /// the system asks only once.
    case refused

    enum Evidence {
        /// The system searches.
        case search

        /// An announcement was seen, be it this device's own.
        case sighting

        /// The system says that it is not allowed.
        case refusal
    }

    func after(_ evidence: Evidence) -> LocalNetworkAccess {
        switch evidence {
        case .refusal: .refused
        case .sighting: .granted
        // It no longer refuses; what the user has granted shows when somebody is seen.
        case .search: self == .refused ? .unknown : self
        }
    }
}

/// How the permission for the local network stands, by what a `BonjourDiscovery` sees.
public final class LocalNetworkPermission: Sendable {
    private struct State {
        var access = LocalNetworkAccess.unknown
        var next = 0
        var followers = [Int: AsyncStream<LocalNetworkAccess>.Continuation]()
    }

    private let state = Locked(State())

    /// Makes one for a search that has not begun.
    init() {}

    /// How it stands at this moment.
    public var current: LocalNetworkAccess { state.with { $0.access } }

    /// How it stands: at once, then each time that it has changed. Changes that come faster than
    /// they are taken are told as one.
    public func watch() -> AsyncStream<LocalNetworkAccess> {
        let (stream, follower) = AsyncStream.makeStream(
            of: LocalNetworkAccess.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.with { state in
            state.next += 1
            state.followers[state.next] = follower
            follower.yield(state.access)
            return state.next
        }
        follower.onTermination = { [state] _ in
            state.with { $0.followers[number] = nil }
        }
        return stream
    }

    func hear(_ evidence: LocalNetworkAccess.Evidence) {
        state.with { state in
            let next = state.access.after(evidence)
            if next == state.access { return }
            state.access = next
            state.followers.values.forEach { $0.yield(next) }
        }
    }
}
