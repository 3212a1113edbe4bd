import Foundation
import Testing

@testable import DunlinApple

final class DialableTests {
    private func dial(_ addresses: String..., port: UInt16 = 4433) -> [String] {
        dialable(addresses.map(address), port: port)
    }

    @Test func addressesThatLeadNowhereAreLeftOut() {
        let nowhere = [
            "192.0.0.4", "127.0.0.1", "::1", "0.0.0.0", "::", "224.0.0.251", "240.0.0.1",
            "255.255.255.255", "ff02::fb", "fe80::1",
        ]
        for address in nowhere { #expect(dial(address) == [], "\(address)") }
        #expect(dial("192.0.0.8", "169.254.3.4") == ["192.0.0.8:4433", "169.254.3.4:4433"])
    }

    @Test func ipv6ComesLastInBracketsAndLinkLocalWithItsInterface() {
        #expect(dial("fe80::2%3", "2001:db8::1%3", "10.0.0.2", "10.0.0.2", port: 7) == ["10.0.0.2:7", "[fe80::2%3]:7", "[2001:db8::1]:7"])
    }

    @Test func aPortThatIsNoneLeadsNowhere() {
        #expect(dial("10.0.0.2", port: 0) == [])
    }

    @Test func anAddressIsReadAsTheSystemHandsItOver() {
        var ipv4 = sockaddr_in()
        ipv4.sin_family = sa_family_t(AF_INET)
        let wroteIPv4 = inet_pton(AF_INET, "192.168.1.5", &ipv4.sin_addr)
        #expect(wroteIPv4 == 1)
        #expect(read(ipv4) == address("192.168.1.5"))

        var ipv6 = sockaddr_in6()
        ipv6.sin6_family = sa_family_t(AF_INET6)
        ipv6.sin6_scope_id = 3
        let wroteIPv6 = inet_pton(AF_INET6, "fe80::2", &ipv6.sin6_addr)
        #expect(wroteIPv6 == 1)
        #expect(read(ipv6) == address("fe80::2%3"))

        ipv4.sin_family = sa_family_t(AF_UNIX)
        #expect(read(ipv4) == nil)
        #expect(HostAddress(bytes: [1, 2, 3]) == nil)
    }

    private func read<Socket>(_ socket: Socket) -> HostAddress? {
        withUnsafeBytes(of: socket) { bytes in
            bytes.baseAddress.flatMap { HostAddress($0.assumingMemoryBound(to: sockaddr.self)) }
        }
    }
}
