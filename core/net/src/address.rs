//! Which addresses of this host another device could dial.

use std::net::{IpAddr, SocketAddr};

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
/// or multicast, and not the 464XLAT stand-ins of phones (192.0.0.0/29, RFC 7335).
pub(crate) fn is_dialable(ip: IpAddr) -> bool {
    let stand_in = match ip {
        IpAddr::V4(v4) => matches!(v4.octets(), [192, 0, 0, last] if last < 8),
        IpAddr::V6(_) => false,
    };
    !(ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || stand_in)
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
