import Foundation

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The addresses at which peers may reach this device, by interface.
func localAddresses() -> Addresses {
    var first: UnsafeMutablePointer<ifaddrs>?
    if getifaddrs(&first) != 0 { return [:] }
    defer { freeifaddrs(first) }
    var addresses = Addresses()
    for entry in sequence(first: first, next: { $0?.pointee.ifa_next }) {
        guard let entry, let socket = entry.pointee.ifa_addr else { continue }
        let name = String(cString: entry.pointee.ifa_name)
        let isUp = entry.pointee.ifa_flags & UInt32(IFF_UP) != 0
        if isUp && carriesPeers(name), let address = HostAddress(socket), tells(address) {
            addresses[name, default: []].insert(address.text)
        }
    }
    return addresses
}

/// Whether peers can be on an interface of this name: Wi-Fi and Ethernet, a phone's own hotspot,
/// VPNs. Not mobile data, whose coming and going must not disturb the others, nor what Apple's
/// devices talk through among themselves.
func carriesPeers(_ interface: String) -> Bool {
    ["en", "bridge", "utun", "ppp", "eth", "wl"].contains(where: interface.hasPrefix)
}

/// A link-local IPv6 address is the same on every network, and the system's own tunnels come and go
/// with one.
private func tells(_ address: HostAddress) -> Bool {
    !address.isLinkLocalIPv6
}
