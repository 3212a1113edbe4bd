//! What a link tells: packets and peers.

use std::sync::{Arc, Weak};

use super::{MAX_NAME_BYTES, MAX_PACKET_BYTES, MAX_PEERS, switch::Switch};

/// Where a link hands in what arrives and who is in reach. Cheap to clone, never blocks, and may
/// be called from any thread; after the link's end it takes everything and does nothing.
#[derive(Clone, Debug)]
pub struct Inbox {
    switch: Weak<Switch>,
    number: usize,
}

/// Why an [`Inbox`] did not take something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// The name of a peer has this many bytes.
    #[error("the name of a peer on a link has 1 to {MAX_NAME_BYTES} bytes, not {0}")]
    PeerName(usize),
    /// A packet has this many bytes.
    #[error("a packet has 1 to {MAX_PACKET_BYTES} bytes, not {0}")]
    PacketLength(usize),
    /// As many peers are in reach of this link as can be told apart.
    #[error("more than {MAX_PEERS} peers are in reach of one link")]
    TooManyPeers,
}

impl Inbox {
    pub(super) fn new(switch: &Arc<Switch>, number: usize) -> Self {
        Self { switch: Arc::downgrade(switch), number }
    }

    /// Hands in a packet that came from this peer, known or not. Like a socket's, it is dropped
    /// where too many wait.
    ///
    /// # Errors
    /// `PeerName`, `PacketLength`.
    pub fn received(&self, peer: &str, packet: &[u8]) -> Result<(), InboxError> {
        check(peer)?;
        if packet.is_empty() || packet.len() > MAX_PACKET_BYTES {
            return Err(InboxError::PacketLength(packet.len()));
        }
        if let Some(switch) = self.switch.upgrade() {
            switch.received(self.number, peer, packet);
        }
        Ok(())
    }

    /// Says that packets would reach this peer: a reason to dial it. Said again, it is a reason to
    /// dial at once.
    ///
    /// # Errors
    /// `PeerName`, `TooManyPeers`.
    pub fn appeared(&self, peer: &str) -> Result<(), InboxError> {
        check(peer)?;
        match self.switch.upgrade() {
            Some(switch) => switch.appeared(self.number, peer),
            None => Ok(()),
        }
    }

    /// Says that packets reach this peer no more: it is dialled no more.
    ///
    /// # Errors
    /// `PeerName`.
    pub fn vanished(&self, peer: &str) -> Result<(), InboxError> {
        check(peer)?;
        if let Some(switch) = self.switch.upgrade() {
            switch.vanished(self.number, peer);
        }
        Ok(())
    }

    /// Takes nothing any more.
    pub(super) fn close(&self) {
        if let Some(switch) = self.switch.upgrade() {
            switch.close(self.number);
        }
    }
}

fn check(peer: &str) -> Result<(), InboxError> {
    match peer.len() {
        1..=MAX_NAME_BYTES => Ok(()),
        length => Err(InboxError::PeerName(length)),
    }
}
