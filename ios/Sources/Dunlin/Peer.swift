internal import DunlinBindings

/// How a peer stands.
public struct Peer: Hashable, Sendable {
    /// The device's id; unknown for an address that never answered.
    public let device: String?

    /// What it calls itself, if it is a member of a space here.
    public let name: String?

    /// Whether it is connected.
    public let state: PeerState

    /// Where it is, or was last.
    public let address: String

    /// Whether everything that may flow between the two devices has flowed.
    public let isInSync: Bool

    /// The ids of the spaces in common.
    public let spaces: [String]

    /// Why it is not connected.
    public let reason: String?

    /// Makes one, for instance for a preview or a test.
    public init(
        device: String?,
        name: String?,
        state: PeerState,
        address: String,
        isInSync: Bool,
        spaces: [String],
        reason: String?
    ) {
        self.device = device
        self.name = name
        self.state = state
        self.address = address
        self.isInSync = isInSync
        self.spaces = spaces
        self.reason = reason
    }
}

/// Whether a peer is connected.
public enum PeerState: Hashable, Sendable, CaseIterable {
    /// A connection stands, and the spaces in common are not known yet.
    case greeting

    /// Connected.
    case connected

    /// Not connected; dialled again from time to time.
    case disconnected
}

extension Peer {
    init(_ peer: DunlinBindings.PeerStatus) {
        self.init(
            device: peer.device, name: peer.name, state: PeerState(peer.state),
            address: peer.address, isInSync: peer.inSync, spaces: peer.spaces, reason: peer.reason)
    }
}

extension PeerState {
    init(_ state: DunlinBindings.PeerState) {
        self =
            switch state {
            case .greeting: .greeting
            case .connected: .connected
            case .disconnected: .disconnected
            }
    }
}
