/// The addresses of an announcement that a node can dial, as it takes them: without those that lead
/// nowhere from here, and IPv6 last, since many access points do not carry it between clients.
func dialable(_ addresses: [HostAddress], port: UInt16) -> [String] {
    if port == 0 { return [] }
    let useful = addresses.filter(leadsSomewhere)
    let sorted = useful.filter { !$0.isIPv6 } + useful.filter(\.isIPv6)
    var seen = Set<HostAddress>()
    return sorted.filter { seen.insert($0).inserted }.map { "\(host($0)):\(port)" }
}

private func leadsSomewhere(_ address: HostAddress) -> Bool {
    let bytes = address.bytes
    if address.isIPv6 {
        let isUnspecifiedOrLoopback = bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] < 2
        let isMulticast = bytes[0] == 0xff
        // Without its interface a link-local address could be on any.
        let isAnywhere = address.isLinkLocalIPv6 && address.interface == 0
        return !isUnspecifiedOrLoopback && !isMulticast && !isAnywhere
    }
    // 192.0.0.0/29 (RFC 7335): what a phone on an IPv6-only network has in place of IPv4.
    let isStandIn = bytes.starts(with: [192, 0, 0]) && bytes[3] < 8
    let isOtherwiseReserved = bytes[0] == 0 || bytes[0] == 127 || bytes[0] >= 224
    return !isStandIn && !isOtherwiseReserved
}

private func host(_ address: HostAddress) -> String {
    if !address.isIPv6 { return address.text }
    let needsInterface = address.isLinkLocalIPv6 && address.interface != 0
    return needsInterface ? "[\(address.text)%\(address.interface)]" : "[\(address.text)]"
}
