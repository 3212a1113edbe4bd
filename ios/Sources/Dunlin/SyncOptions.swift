internal import DunlinBindings

/// How to reach peers and be reached.
public struct SyncOptions: Sendable {
    /// The UDP address to listen on, such as `127.0.0.1:0`; any free port of all if nil.
    public var listen: String?

    /// Addresses to dial, and to dial again whenever nobody is connected there.
    public var peers: [String]

    /// Whether to announce this node on the local network, and to look for others.
    public var mdns: Bool

    /// Discovery by the platform, beside or instead of mDNS.
    public var discovery: (any Discovery)?

    /// What carries packets beside the socket.
    public var links: [any PacketLink]

    /// Makes options; each has a default.
    public init(
        listen: String? = nil,
        peers: [String] = [],
        mdns: Bool = true,
        discovery: (any Discovery)? = nil,
        links: [any PacketLink] = []
    ) {
        self.listen = listen
        self.peers = peers
        self.mdns = mdns
        self.discovery = discovery
        self.links = links
    }

    func native() -> DunlinBindings.SyncConfig {
        DunlinBindings.SyncConfig(
            listen: listen,
            peers: peers,
            mdns: mdns,
            discovery: discovery.map(ForeignDiscovery.init),
            links: links.map(ForeignLink.init)
        )
    }
}
