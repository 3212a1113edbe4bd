internal import DunlinBindings

/// How a node stands.
public struct NodeStatus: Hashable, Sendable {
    /// This device.
    public let device: Device

    /// Where other devices may reach it; empty while it does not sync.
    public let listen: [String]

    /// Its spaces, by id.
    public let spaces: [SpaceStatus]

    /// The peers met or dialled since sync was started; while it does not sync, those met before.
    public let peers: [Peer]

    /// Why nobody can be found on the local network, if discovery does not work.
    public let discovery: String?

    /// What peers refused of ours and we of theirs, the latest last; at most 64.
    public let refusals: [Refusal]

    /// Makes one, for instance for a preview or a test.
    public init(
        device: Device,
        listen: [String],
        spaces: [SpaceStatus],
        peers: [Peer],
        discovery: String?,
        refusals: [Refusal]
    ) {
        self.device = device
        self.listen = listen
        self.spaces = spaces
        self.peers = peers
        self.discovery = discovery
        self.refusals = refusals
    }
}

/// How a space stands.
public struct SpaceStatus: Hashable, Sendable, Identifiable {
    /// Its id.
    public let id: String

    /// The name that all members see.
    public let name: String

    /// This device's own name for it.
    public let alias: String?

    /// What this device may do here.
    public let role: Role?

    /// The number of documents that are not deleted.
    public let documents: Int

    /// Hash over all documents, deleted ones too: equal on devices that hold the same.
    public let digest: String

    /// The last commit.
    public let seq: Int64

    /// Whether all connected members have the same documents; false while none is connected.
    public let isInSync: Bool

    /// Documents that differ from a peer's although both gave everything: two writers used one
    /// identity, for instance a copied directory.
    public let diverged: [String]

    /// Documents that differ from a peer's because there is no room for both, here or there.
    public let full: [FullDocument]

    /// Makes one, for instance for a preview or a test.
    public init(
        id: String,
        name: String,
        alias: String?,
        role: Role?,
        documents: Int,
        digest: String,
        seq: Int64,
        isInSync: Bool,
        diverged: [String],
        full: [FullDocument]
    ) {
        self.id = id
        self.name = name
        self.alias = alias
        self.role = role
        self.documents = documents
        self.digest = digest
        self.seq = seq
        self.isInSync = isInSync
        self.diverged = diverged
        self.full = full
    }
}

/// A document that differs from a peer's because the two together would outgrow a bound. Nobody is
/// to blame, and all other documents go on.
public struct FullDocument: Hashable, Sendable {
    /// The document, as collection/id.
    public let document: String

    /// The id of the peer.
    public let peer: String

    /// Whether the peer's does not fit here; else this device's does not fit there.
    public let isByUs: Bool

    /// What there would be too much of: `bytes`, `writers` or `texts`.
    public let measure: String

    /// How much the side has that keeps the other's out.
    public let has: Int

    /// How much it would have.
    public let needs: Int

    /// The bound.
    public let bound: Int

    /// What is largest here among what gives room when it is removed, the largest first.
    public let largest: [Large]

    /// What to do about it, in words.
    public let remedy: String

    /// Makes one, for instance for a preview or a test.
    public init(
        document: String,
        peer: String,
        isByUs: Bool,
        measure: String,
        has: Int,
        needs: Int,
        bound: Int,
        largest: [Large],
        remedy: String
    ) {
        self.document = document
        self.peer = peer
        self.isByUs = isByUs
        self.measure = measure
        self.has = has
        self.needs = needs
        self.bound = bound
        self.largest = largest
        self.remedy = remedy
    }
}

/// Something large in a document.
public struct Large: Hashable, Sendable {
    /// Where, as a JSON pointer.
    public let path: String

    /// About how many bytes it takes.
    public let bytes: Int

    /// Makes one, for instance for a preview or a test.
    public init(path: String, bytes: Int) {
        self.path = path
        self.bytes = bytes
    }
}

/// Something that one side handed over and the other did not take.
public struct Refusal: Hashable, Sendable {
    /// The id of the other side.
    public let peer: String

    /// The id of the space.
    public let space: String

    /// The documents; none if it was about the device's membership.
    public let documents: [String]

    /// Whether this device refused, or was refused.
    public let isByUs: Bool

    /// What kind of refusal it is: `expired` for a membership by a ticket that is over, `denied`,
    /// `limitExceeded`.
    public let code: ErrorCode

    /// Why, in words.
    public let reason: String

    /// Makes one, for instance for a preview or a test.
    public init(
        peer: String, space: String, documents: [String], isByUs: Bool, code: ErrorCode, reason: String
    ) {
        self.peer = peer
        self.space = space
        self.documents = documents
        self.isByUs = isByUs
        self.code = code
        self.reason = reason
    }
}

extension NodeStatus {
    init(_ status: DunlinBindings.Status) {
        self.init(
            device: Device(status.device), listen: status.listen,
            spaces: status.spaces.map(SpaceStatus.init), peers: status.peers.map(Peer.init),
            discovery: status.discovery, refusals: status.refusals.map(Refusal.init))
    }
}

extension SpaceStatus {
    init(_ space: DunlinBindings.SpaceStatus) {
        self.init(
            id: space.id, name: space.name, alias: space.alias, role: space.role.map(Role.init),
            documents: Int(space.documents), digest: space.digest, seq: space.seq,
            isInSync: space.inSync, diverged: space.diverged,
            full: space.full.map(FullDocument.init))
    }
}

extension FullDocument {
    init(_ full: DunlinBindings.FullDocument) {
        self.init(
            document: full.document, peer: full.peer, isByUs: full.byUs, measure: full.measure,
            has: Int(clamping: full.has), needs: Int(clamping: full.needs),
            bound: Int(clamping: full.bound), largest: full.largest.map(Large.init),
            remedy: full.remedy)
    }
}

extension Large {
    init(_ large: DunlinBindings.Large) {
        self.init(path: large.path, bytes: Int(clamping: large.bytes))
    }
}

extension Refusal {
    init(_ refusal: DunlinBindings.Refusal) {
        self.init(
            peer: refusal.peer, space: refusal.space, documents: refusal.documents,
            isByUs: refusal.byUs, code: ErrorCode(refusal.code), reason: refusal.reason)
    }
}
