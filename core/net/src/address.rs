//! Which addresses of this host another device could dial, and which stand for peers on links.

use std::net::{IpAddr, SocketAddr};

/// First octet of the addresses that stand for peers on links. The block 240.0.0.0/4 is reserved
/// for a future that never came: no packet may come from there or go there (RFC 1112, section 4;
/// RFC 6890, section 2.2.2). IPv4, because sockets of both families can name it.
const LINK_NETWORK: u8 = 240;
/// How many there are. Number 0 is nobody's.
pub(crate) const LINK_ADDRESSES: u32 = 0x00ff_ffff;
/// The port of all of them; QUIC takes any but 0.
const LINK_PORT: u16 = 1;

/// Lists what a peer on the network could dial to reach a socket that is bound to `bound`.
///
/// A socket on an unspecified address is reachable at every address of every interface. IPv6
/// link-local addresses mean nothing without the *reader's* interface, so they are left out.
/// Loopback is the answer only when there is no other: a host without a network still has
/// processes that may want to meet.
pub(crate) fn reachable(bound: SocketAddr) -> Vec<SocketAddr> {
    if !bound.ip().is_unspecified() {
        return vec![bound];
    }
    let v6_too = bound.is_ipv6();
    let mut ips: Vec<IpAddr> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .map(|interface| interface.ip())
        .filter(|ip| (ip.is_ipv4() || v6_too) && !is_v6_link_local(*ip))
        .collect();
    ips.sort_unstable();
    ips.dedup();
    let (usable, loopback): (Vec<_>, Vec<_>) = ips.into_iter().partition(|ip| is_dialable(*ip));
    let chosen = if usable.is_empty() {
        loopback.into_iter().filter(IpAddr::is_loopback).collect()
    } else {
        usable
    };
    chosen.into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect()
}

/// Whether a device elsewhere on the network could be at this address: not loopback, unspecified
/// or multicast, not a peer's on a link, and not the 464XLAT stand-ins of phones (192.0.0.0/29,
/// RFC 7335).
pub(crate) fn is_dialable(ip: IpAddr) -> bool {
    let stand_in = match ip.to_canonical() {
        IpAddr::V4(v4) => matches!(v4.octets(), [192, 0, 0, 0..8] | [LINK_NETWORK, ..]),
        IpAddr::V6(_) => false,
    };
    !(ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || stand_in)
}

/// Whether an address stands for a peer on a [link](crate::link).
///
/// It means something to the endpoint that gave it, and to nobody else or later: it is not to be
/// stored or handed on. No packet on a network has it.
pub fn is_link_address(address: SocketAddr) -> bool {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => v4.octets()[0] == LINK_NETWORK,
        IpAddr::V6(_) => false,
    }
}

/// The address of this number, up to [`LINK_ADDRESSES`].
pub(crate) fn link_address(number: u32) -> SocketAddr {
    let [_, a, b, c] = number.to_be_bytes();
    SocketAddr::from(([LINK_NETWORK, a, b, c], LINK_PORT))
}

/// Undoes the IPv4-mapped form that a dual-stack socket reports.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(IpAddr::V4(v4), address.port()),
        IpAddr::V6(_) => address,
    }
}

fn is_v6_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_in_and_loopback_addresses_are_not_dialable() {
        for bad in ["192.0.0.4", "127.0.0.1", "::1", "0.0.0.0", "::", "224.0.0.251", "ff02::fb"] {
            assert!(!is_dialable(bad.parse().unwrap()), "{bad}");
        }
        for number in [0, 1, LINK_ADDRESSES] {
            let address = link_address(number);
            assert!(is_link_address(address) && !is_dialable(address.ip()), "{address}");
        }
        assert!(is_link_address("[::ffff:240.1.2.3]:9".parse().unwrap()));
        assert!(!is_dialable("::ffff:240.1.2.3".parse().unwrap()));
        assert!(!is_link_address("24.0.0.1:1".parse().unwrap()));
        for good in ["192.0.0.8", "192.168.1.4", "169.254.3.4", "fe80::1", "2001:db8::1"] {
            assert!(is_dialable(good.parse().unwrap()), "{good}");
        }
    }

    #[test]
    fn a_specific_address_lists_itself() {
        let bound = "127.0.0.1:4242".parse().unwrap();
        assert_eq!(reachable(bound), [bound]);
    }

    #[test]
    fn an_unspecified_address_lists_none_that_cannot_be_dialled() {
        let listed = reachable("[::]:4242".parse().unwrap());
        assert!(listed.iter().all(|address| address.port() == 4242));
        assert!(listed.iter().all(|address| !address.ip().is_unspecified()));
        assert!(listed.iter().all(|address| !is_v6_link_local(address.ip())));
    }

    #[test]
    fn mapped_addresses_read_as_ipv4() {
        let plain: SocketAddr = "10.0.0.7:9".parse().unwrap();
        assert_eq!(canonical("[::ffff:10.0.0.7]:9".parse().unwrap()), plain);
        let v6 = "[fe80::1%3]:9".parse().unwrap();
        assert_eq!(canonical(v6), v6);
    }
}
