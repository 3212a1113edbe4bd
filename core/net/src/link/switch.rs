//! What endpoint, links and followers share: queues of packets and the table of peers.

use std::{
    collections::{BTreeMap, VecDeque},
    io::IoSliceMut,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{SyncSender, TrySendError},
    },
    task::Waker,
};

use quinn::udp::RecvMeta;
use tokio::sync::watch;

use super::{INCOMING, inbox::InboxError, table::Table};

/// A packet on its way to a link.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) peer: Arc<str>,
    pub(super) packet: Box<[u8]>,
}

/// The lock is held for one look at the tables. No foreign code runs under it, and no waker.
#[derive(Debug)]
pub(super) struct Switch {
    state: Mutex<State>,
    /// Marked as changed when somebody appears or vanishes.
    news: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    ports: Vec<Port>,
    table: Table,
    /// The link whose packets are taken first.
    turn: usize,
    reader: Option<Waker>,
}

/// A link, seen from the endpoint.
#[derive(Debug)]
pub(super) struct Port {
    max_packet_bytes: usize,
    /// None after the link's end.
    outgoing: Option<SyncSender<Outgoing>>,
    incoming: VecDeque<(SocketAddr, Box<[u8]>)>,
}

impl Port {
    pub(super) fn new(max_packet_bytes: usize, outgoing: SyncSender<Outgoing>) -> Self {
        Self { max_packet_bytes, outgoing: Some(outgoing), incoming: VecDeque::new() }
    }

    fn close(&mut self) {
        self.outgoing = None;
        self.incoming.clear();
    }
}

impl Switch {
    pub(super) fn new(ports: Vec<Port>) -> Self {
        let state = State { ports, table: Table::default(), turn: 0, reader: None };
        Self { state: Mutex::new(state), news: watch::Sender::new(()) }
    }

    /// Sends a packet to a peer, or drops it: nobody has the address, the packet is too long for
    /// the link, or too many wait for it.
    pub(super) fn send(&self, to: SocketAddr, packet: &[u8]) {
        let mut state = self.state();
        let Some(peer) = state.table.recipient(to) else { return };
        let (number, peer) = (peer.link, peer.name.clone());
        let port = &state.ports[number];
        if packet.len() > port.max_packet_bytes {
            return;
        }
        let Some(outgoing) = &port.outgoing else { return };
        let sent = outgoing.try_send(Outgoing { peer, packet: packet.into() });
        drop(state);
        if let Err(TrySendError::Full(_)) = sent {
            tracing::trace!(number, "a link is slow, a packet is dropped");
        }
    }

    /// Takes packets that have arrived, of the links in turn. If there is none, the reader is woken
    /// when one comes.
    pub(super) fn receive(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
        reader: &Waker,
    ) -> usize {
        let mut state = self.state();
        let mut count = 0;
        for (buffer, meta) in buffers.iter_mut().zip(metas) {
            let Some((from, packet)) = state.next() else { break };
            let length = packet.len().min(buffer.len());
            buffer[..length].copy_from_slice(&packet[..length]);
            *meta = RecvMeta { addr: from, len: length, stride: length, ecn: None, dst_ip: None };
            count += 1;
        }
        if count == 0 {
            state.reader = Some(reader.clone());
        }
        count
    }

    pub(super) fn received(&self, number: usize, name: &str, packet: &[u8]) {
        let mut state = self.state();
        if state.ports[number].outgoing.is_none() || state.ports[number].incoming.len() >= INCOMING
        {
            return;
        }
        let Some(from) = state.table.admit(number, name) else { return };
        state.ports[number].incoming.push_back((from, packet.into()));
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    pub(super) fn appeared(&self, number: usize, name: &str) -> Result<(), InboxError> {
        let mut state = self.state();
        if state.ports[number].outgoing.is_none() {
            return Ok(());
        }
        let has_room = state.table.appear(number, name);
        drop(state);
        self.news.send_replace(());
        has_room.then_some(()).ok_or(InboxError::TooManyPeers)
    }

    pub(super) fn vanished(&self, number: usize, name: &str) {
        self.state().table.vanish(number, name);
        self.news.send_replace(());
    }

    /// Ends a link: what waits for it is still sent, what came from it is forgotten.
    pub(super) fn close(&self, number: usize) {
        let mut state = self.state();
        state.ports[number].close();
        state.table.clear(number);
        drop(state);
        self.news.send_replace(());
    }

    pub(super) fn close_all(&self) {
        let links = self.state().ports.len();
        (0..links).for_each(|number| self.close(number));
    }

    pub(super) fn max_packet_bytes(&self, address: SocketAddr) -> Option<u16> {
        let state = self.state();
        let peer = state.table.peer(address)?;
        u16::try_from(state.ports[peer.link].max_packet_bytes).ok()
    }

    /// Who is in reach: by address, when it has appeared and what it is called.
    pub(super) fn in_reach(&self) -> BTreeMap<SocketAddr, (u64, String)> {
        let state = self.state();
        let peers = state.table.in_reach();
        peers
            .map(|(address, peer)| {
                let name = format!("{}/{}", peer.link, peer.name);
                (address, (peer.appeared.unwrap_or_default(), name))
            })
            .collect()
    }

    pub(super) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> Option<(SocketAddr, Box<[u8]>)> {
        let links = self.ports.len();
        let number = (0..links)
            .map(|step| (self.turn + step) % links)
            .find(|number| !self.ports[*number].incoming.is_empty())?;
        self.turn = (number + 1) % links;
        self.ports[number].incoming.pop_front()
    }
}
