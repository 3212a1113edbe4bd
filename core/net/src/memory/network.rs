//! The network between the sockets: who reaches whom, how late, and what gets lost.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::Duration,
};

use quinn::udp::EcnCodepoint;
use tokio::time::Instant;

use super::{Socket, random::Random};
use crate::endpoint::Carrier;

/// Largest packet that passes, like Ethernet's 1,500 bytes less IPv4 and UDP headers.
const MAX_PACKET_BYTES: usize = 1_472;
/// How long packets queue at most for a slow path before it drops them.
const MAX_QUEUEING: Duration = Duration::from_millis(500);
/// First of the dynamic ports (RFC 6335, section 6).
const FIRST_DYNAMIC_PORT: u16 = 49_152;

/// What happens to packets on their way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Share of packets that get lost, 0 to 1.
    pub loss: f64,
    /// Share of packets that arrive twice, 0 to 1.
    pub duplicate: f64,
    /// Least time under way.
    pub delay: Duration,
    /// Most time on top of that, drawn for each packet: what is more than the gap between two
    /// packets reorders them.
    pub jitter: Duration,
    /// Bytes a second in each direction; none is no limit. A packet that would queue for more
    /// than half a second is dropped.
    pub rate: Option<u64>,
}

impl Default for Conditions {
    /// A quiet LAN: nothing lost, 1 ms, no limit.
    fn default() -> Self {
        Self {
            loss: 0.0,
            duplicate: 0.0,
            delay: Duration::from_millis(1),
            jitter: Duration::ZERO,
            rate: None,
        }
    }
}

/// What has happened so far, in packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Handed to the network by senders.
    pub sent: u64,
    /// Handed to receivers, duplicates included.
    pub delivered: u64,
    /// Lost by chance.
    pub lost: u64,
    /// Sent on twice by chance.
    pub duplicated: u64,
    /// Delivered after a packet that was sent later to the same socket from the same sender.
    pub reordered: u64,
    /// Stopped by a partition, a cut path or a host that is down, at either end of their way.
    pub blocked: u64,
    /// Dropped because the path was too slow.
    pub overflowed: u64,
    /// Dropped because nobody listens there, or because they are too large.
    pub undeliverable: u64,
    /// Bytes handed to the network by senders.
    pub bytes_sent: u64,
}

/// A network; clones are the same network.
#[derive(Clone, Debug)]
pub struct Network {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
pub(super) struct State {
    random: Random,
    conditions: Conditions,
    paths: BTreeMap<(IpAddr, IpAddr), Conditions>,
    cut: BTreeSet<(IpAddr, IpAddr)>,
    groups: BTreeMap<IpAddr, usize>,
    down: BTreeSet<IpAddr>,
    /// When the line between two hosts is free again, for paths with a rate.
    busy_until: BTreeMap<(IpAddr, IpAddr), Instant>,
    pub(super) inboxes: BTreeMap<SocketAddr, Inbox>,
    sequence: u64,
    pub(super) statistics: Statistics,
}

#[derive(Debug, Default)]
pub(super) struct Inbox {
    queue: BinaryHeap<Reverse<Packet>>,
    newest: BTreeMap<SocketAddr, u64>,
    pub(super) waker: Option<Waker>,
}

/// Ordered by arrival, then by sending.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Packet {
    due: Instant,
    sequence: u64,
    pub(super) from: SocketAddr,
    pub(super) ecn: Option<u8>,
    pub(super) contents: Vec<u8>,
}

impl Network {
    /// An empty network whose every chance follows from the seed.
    pub fn new(seed: u64) -> Self {
        let state = State {
            random: Random::new(seed),
            conditions: Conditions::default(),
            paths: BTreeMap::new(),
            cut: BTreeSet::new(),
            groups: BTreeMap::new(),
            down: BTreeSet::new(),
            busy_until: BTreeMap::new(),
            inboxes: BTreeMap::new(),
            sequence: 0,
            statistics: Statistics::default(),
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Binds a socket; port 0 picks the lowest free dynamic port of that host.
    ///
    /// # Errors
    /// [`io::ErrorKind::AddrInUse`], and [`io::ErrorKind::AddrNotAvailable`] for an unspecified
    /// address: a socket here has exactly one.
    pub fn socket(&self, address: SocketAddr) -> io::Result<Arc<Socket>> {
        if address.ip().is_unspecified() {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let mut state = self.state();
        let address = match address.port() {
            0 => (FIRST_DYNAMIC_PORT..=u16::MAX)
                .map(|port| SocketAddr::new(address.ip(), port))
                .find(|free| !state.inboxes.contains_key(free))
                .ok_or(io::ErrorKind::AddrInUse)?,
            _ if state.inboxes.contains_key(&address) => {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            _ => address,
        };
        state.inboxes.insert(address, Inbox::default());
        drop(state);
        Ok(Arc::new(Socket::new(self.clone(), address)))
    }

    /// Binds a socket as the carrier of an [`Endpoint`](crate::Endpoint).
    ///
    /// # Errors
    /// As [`socket`](Self::socket).
    pub fn carrier(&self, address: SocketAddr) -> io::Result<Carrier> {
        Ok(Carrier::Abstract(self.socket(address)?))
    }

    /// Sets the conditions between all hosts that have none of their own.
    pub fn set_conditions(&self, conditions: Conditions) {
        self.state().conditions = conditions;
    }

    /// Sets the conditions between two hosts, both ways.
    pub fn set_path(&self, a: IpAddr, b: IpAddr, conditions: Conditions) {
        self.state().paths.insert(path(a, b), conditions);
    }

    /// Cuts the path between two hosts; their paths to others stay. In a line A–B–C, A and C are
    /// cut. [`heal`](Self::heal) does not restore it, [`restore`](Self::restore) does.
    pub fn cut(&self, a: IpAddr, b: IpAddr) {
        self.state().cut.insert(path(a, b));
    }

    /// Restores a path that was cut.
    pub fn restore(&self, a: IpAddr, b: IpAddr) {
        self.state().cut.remove(&path(a, b));
    }

    /// Divides the hosts: only members of one set reach one another. Hosts that are in none of
    /// the sets form one of their own. Replaces an earlier partition.
    pub fn partition(&self, sets: &[&[IpAddr]]) {
        let numbered = sets.iter().enumerate();
        self.state().groups =
            numbered.flat_map(|(group, set)| set.iter().map(move |host| (*host, group))).collect();
    }

    /// Ends a partition.
    pub fn heal(&self) {
        self.state().groups.clear();
    }

    /// Takes a host's link down or up. What is under way to it when it is down gets lost.
    pub fn set_link(&self, host: IpAddr, up: bool) {
        let down = &mut self.state().down;
        if up {
            down.remove(&host)
        } else {
            down.insert(host)
        };
    }

    /// Whether packets from one host would get to another, chance aside.
    pub fn is_connected(&self, a: IpAddr, b: IpAddr) -> bool {
        self.state().is_connected(a, b)
    }

    /// What has happened so far.
    pub fn statistics(&self) -> Statistics {
        self.state().statistics
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_connected(&self, a: IpAddr, b: IpAddr) -> bool {
        a == b
            || !(self.down.contains(&a)
                || self.down.contains(&b)
                || self.cut.contains(&path(a, b))
                || self.groups.get(&a) != self.groups.get(&b))
    }

    /// Takes a packet from a sender; gives whom to wake.
    pub(super) fn send(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        ecn: Option<EcnCodepoint>,
        contents: &[u8],
    ) -> Option<Waker> {
        self.statistics.sent += 1;
        self.statistics.bytes_sent += contents.len() as u64;
        if contents.len() > MAX_PACKET_BYTES || !self.inboxes.contains_key(&to) {
            self.statistics.undeliverable += 1;
            return None;
        }
        if !self.is_connected(from.ip(), to.ip()) {
            self.statistics.blocked += 1;
            return None;
        }
        let conditions =
            self.paths.get(&path(from.ip(), to.ip())).copied().unwrap_or(self.conditions);
        if self.random.chance(conditions.loss) {
            self.statistics.lost += 1;
            return None;
        }
        let Some(leaves) = self.leaves(from.ip(), to.ip(), conditions.rate, contents.len()) else {
            self.statistics.overflowed += 1;
            return None;
        };
        let twice = self.random.chance(conditions.duplicate);
        self.statistics.duplicated += u64::from(twice);
        for _ in 0..1 + u8::from(twice) {
            let due = leaves + conditions.delay + self.random.up_to(conditions.jitter);
            self.sequence += 1;
            let packet = Packet {
                due,
                sequence: self.sequence,
                from,
                ecn: ecn.map(|ecn| ecn as u8),
                contents: contents.to_vec(),
            };
            let inbox = self.inboxes.entry(to).or_default();
            inbox.queue.push(Reverse(packet));
        }
        self.inboxes.get_mut(&to)?.waker.take()
    }

    /// When a packet has left its sender; none if it would have to wait too long.
    fn leaves(
        &mut self,
        from: IpAddr,
        to: IpAddr,
        rate: Option<u64>,
        length: usize,
    ) -> Option<Instant> {
        let now = Instant::now();
        let Some(rate) = rate else { return Some(now) };
        let free = self.busy_until.entry((from, to)).or_insert(now);
        let start = (*free).max(now);
        if start - now > MAX_QUEUEING {
            return None;
        }
        *free = start + Duration::from_secs_f64(length as f64 / rate.max(1) as f64);
        Some(*free)
    }

    /// Hands a receiver the next packet that has arrived, or says when one will.
    pub(super) fn receive(&mut self, at: SocketAddr) -> Result<Packet, Option<Instant>> {
        loop {
            let now = Instant::now();
            let inbox = self.inboxes.get_mut(&at).ok_or(None)?;
            let Reverse(next) = inbox.queue.peek().ok_or(None)?;
            if next.due > now {
                return Err(Some(next.due));
            }
            let Reverse(packet) = inbox.queue.pop().ok_or(None)?;
            let newest = inbox.newest.entry(packet.from).or_default();
            let late = packet.sequence < *newest;
            *newest = packet.sequence.max(*newest);
            if !self.is_connected(packet.from.ip(), at.ip()) {
                self.statistics.blocked += 1;
                continue;
            }
            self.statistics.reordered += u64::from(late);
            self.statistics.delivered += 1;
            return Ok(packet);
        }
    }
}

/// The two ends of a path in one order.
fn path(a: IpAddr, b: IpAddr) -> (IpAddr, IpAddr) {
    (a.min(b), a.max(b))
}
