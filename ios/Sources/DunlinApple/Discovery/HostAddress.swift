#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// An IP address, for link-local IPv6 with the interface that it is good on.
struct HostAddress: Sendable, Hashable {
    /// Four bytes or sixteen, as they are on the wire.
    let bytes: [UInt8]

    /// The interface's index; 0 if it does not matter or is not known.
    let interface: UInt32

    /// Nil for what is neither IPv4 nor IPv6.
    init?(bytes: [UInt8], interface: UInt32 = 0) {
        if bytes.count != 4 && bytes.count != 16 { return nil }
        self.bytes = bytes
        self.interface = interface
    }

    /// Nil for other kinds of addresses.
    init?(_ address: UnsafePointer<sockaddr>) {
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            let ipv4 = raw.loadUnaligned(as: sockaddr_in.self)
            self.init(bytes: withUnsafeBytes(of: ipv4.sin_addr) { Array($0) })
        case AF_INET6:
            let ipv6 = raw.loadUnaligned(as: sockaddr_in6.self)
            self.init(
                bytes: withUnsafeBytes(of: ipv6.sin6_addr) { Array($0) },
                interface: ipv6.sin6_scope_id)
        default:
            return nil
        }
    }

    var isIPv6: Bool { bytes.count == 16 }

    var isLinkLocalIPv6: Bool { isIPv6 && bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80 }

    /// As people write it, without the interface.
    var text: String {
        // INET6_ADDRSTRLEN, which holds any of both kinds.
        var buffer = [CChar](repeating: 0, count: 46)
        let family = isIPv6 ? AF_INET6 : AF_INET
        guard inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
