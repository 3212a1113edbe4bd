#if canImport(Network) && canImport(dnssd)
import Dunlin

extension SyncOptions {
    /// Options that find peers through the system instead of by multicast of the library's own,
    /// which needs an entitlement on iOS.
    ///
    /// - Parameter bonjour: keep it to follow the permission for the local network.
    public static func bonjour(_ bonjour: BonjourDiscovery = BonjourDiscovery()) -> SyncOptions {
        SyncOptions(mdns: false, discovery: bonjour)
    }
}
#endif
