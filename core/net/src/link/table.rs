//! Which address stands for which peer of which link.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use super::MAX_PEERS;
use crate::address::{LINK_ADDRESSES, link_address};

/// Addresses are given out in turn, so one comes to mean another peer only after all the others
/// had their turn. Where a link has too many peers, the one makes room that is not in reach and
/// was sent nothing for longest: strangers that were never answered go first.
#[derive(Debug, Default)]
pub(super) struct Table {
    names: BTreeMap<(usize, Arc<str>), SocketAddr>,
    peers: BTreeMap<SocketAddr, Peer>,
    last: u32,
    sent: u64,
    appearances: u64,
}

/// A peer on a link.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) link: usize,
    pub(super) name: Arc<str>,
    /// When it has appeared, on a clock that counts appearances; none while it is out of reach.
    pub(super) appeared: Option<u64>,
    /// When it was sent something, on a clock that counts packets.
    sent: u64,
}

impl Table {
    /// The address of a peer, a new one for a new peer; none if there is no room.
    pub(super) fn admit(&mut self, link: usize, name: &str) -> Option<SocketAddr> {
        let key = (link, Arc::from(name));
        if let Some(address) = self.names.get(&key) {
            return Some(*address);
        }
        let of_link = || self.peers.iter().filter(|(_, peer)| peer.link == link);
        if of_link().count() >= MAX_PEERS {
            let idle = of_link().filter(|(_, peer)| peer.appeared.is_none());
            let (oldest, _) = idle.min_by_key(|(_, peer)| peer.sent)?;
            let oldest = *oldest;
            self.remove(oldest);
        }
        let address = self.unused();
        let name = key.1.clone();
        self.peers.insert(address, Peer { link, name, appeared: None, sent: 0 });
        self.names.insert(key, address);
        Some(address)
    }

    /// The peer that has an address.
    pub(super) fn peer(&self, address: SocketAddr) -> Option<&Peer> {
        self.peers.get(&address)
    }

    /// The same, about to be sent something.
    pub(super) fn recipient(&mut self, address: SocketAddr) -> Option<&Peer> {
        let peer = self.peers.get_mut(&address)?;
        self.sent += 1;
        peer.sent = self.sent;
        Some(peer)
    }

    /// Notes that a peer is in reach; whether there was room for it.
    pub(super) fn appear(&mut self, link: usize, name: &str) -> bool {
        let Some(address) = self.admit(link, name) else { return false };
        if let Some(peer) = self.peers.get_mut(&address) {
            self.appearances += 1;
            peer.appeared = Some(self.appearances);
        }
        true
    }

    /// Notes that a peer is out of reach. Its address stays for what is still under way.
    pub(super) fn vanish(&mut self, link: usize, name: &str) {
        if let Some(address) = self.names.get(&(link, Arc::from(name)))
            && let Some(peer) = self.peers.get_mut(address)
        {
            peer.appeared = None;
        }
    }

    /// Forgets all peers of a link.
    pub(super) fn clear(&mut self, link: usize) {
        self.names.retain(|(of, _), _| *of != link);
        self.peers.retain(|_, peer| peer.link != link);
    }

    /// The peers in reach.
    pub(super) fn in_reach(&self) -> impl Iterator<Item = (SocketAddr, &Peer)> {
        let all = self.peers.iter().map(|(address, peer)| (*address, peer));
        all.filter(|(_, peer)| peer.appeared.is_some())
    }

    fn remove(&mut self, address: SocketAddr) {
        if let Some(peer) = self.peers.remove(&address) {
            self.names.remove(&(peer.link, peer.name));
        }
    }

    /// The next address that nobody has. There is one: the table is far smaller than the range.
    fn unused(&mut self) -> SocketAddr {
        loop {
            self.last = self.last % LINK_ADDRESSES + 1;
            let address = link_address(self.last);
            if !self.peers.contains_key(&address) {
                return address;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_keeps_its_address_and_no_two_share_one() {
        let mut table = Table::default();
        let first = table.admit(0, "a").unwrap();
        assert_ne!(table.admit(1, "a").unwrap(), first, "names are each link's own");
        assert_ne!(table.admit(0, "b").unwrap(), first);
        assert_eq!(table.admit(0, "a"), Some(first));
        table.vanish(0, "a");
        assert!(table.appear(0, "a"));
        assert_eq!(table.in_reach().map(|(address, _)| address).collect::<Vec<_>>(), [first]);
    }

    #[test]
    fn strangers_make_room_before_those_who_were_answered() {
        let mut table = Table::default();
        let answered = table.admit(0, "answered").unwrap();
        table.recipient(answered).unwrap();
        let stranger = table.admit(0, "stranger").unwrap();
        for n in 2..MAX_PEERS {
            assert!(table.appear(0, &n.to_string()));
        }
        assert!(table.admit(0, "one more").is_some());
        assert!(table.peer(stranger).is_none());
        assert!(table.peer(answered).is_some());
        assert!(table.admit(1, "of another link").is_some());
        assert_eq!(table.peers.len(), table.names.len());
    }

    #[test]
    fn peers_in_reach_are_never_displaced() {
        let mut table = Table::default();
        for n in 0..MAX_PEERS {
            assert!(table.appear(0, &n.to_string()));
        }
        assert!(!table.appear(0, "one more"));
        assert_eq!(table.admit(0, "one more"), None);
        table.vanish(0, "7");
        assert!(table.appear(0, "one more"));
        assert_eq!(table.in_reach().count(), MAX_PEERS);
    }

    #[test]
    fn addresses_in_use_are_passed_over_when_the_range_begins_anew() {
        let mut table = Table::default();
        let first = table.admit(0, "a").unwrap();
        table.last = LINK_ADDRESSES - 1;
        assert_eq!(table.admit(0, "last"), Some(link_address(LINK_ADDRESSES)));
        assert_eq!(first, link_address(1));
        assert_eq!(table.admit(0, "b"), Some(link_address(2)));
    }
}
