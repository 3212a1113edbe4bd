//! Links: packets that the platform moves, by means for which there is no socket.

use std::{fmt, sync::Arc};

use dunlin::link::{Inbox, Link, LinkFailure, Outcome};

use crate::{
    counted::Counted,
    error::{DunlinError, Result},
};

/// Moves packets between this device and peers in reach of it: over Bluetooth, Wi-Fi Aware, a
/// serial line.
///
/// The link calls its peers by names of 1 to 64 bytes, the same for as long as it is the same peer.
/// A packet may get lost, come late or twice; it must arrive whole or not at all. Nothing needs to
/// be encrypted.
///
/// `start`, `send` and `stop` are called one after the other on a thread of the link's own, where
/// they may block. What they throw ends up in the log.
#[uniffi::export(foreign)]
pub trait PacketLink: Send + Sync {
    /// Longest packet that the link carries, in bytes, at least 1,200. Asked once when sync starts;
    /// must not block.
    fn max_packet_bytes(&self) -> Result<u32>;

    /// Begins to look for peers and to hand in packets. A link that throws here is not used.
    fn start(&self, inbox: Arc<LinkInbox>) -> Result<()>;

    /// Sends a packet; if it throws, the packet is lost.
    fn send(&self, peer: String, packet: Vec<u8>) -> Result<()>;

    /// Ends what `start` began.
    fn stop(&self) -> Result<()>;
}

/// Where a link hands in what arrives and who is in reach. Never blocks; after the link's end it
/// takes everything and does nothing.
#[derive(uniffi::Object)]
pub struct LinkInbox(Inbox, Counted);

#[uniffi::export]
impl LinkInbox {
    /// Hands in a packet that came from this peer, known or not. It is dropped where too many wait.
    ///
    /// Refuses with `InvalidInput` for a name that is empty or over 64 bytes, or a packet that is
    /// empty or over 1,472 bytes.
    pub fn received(&self, peer: String, packet: Vec<u8>) -> Result<()> {
        self.0.received(&peer, &packet).map_err(DunlinError::from)
    }

    /// Says that packets would reach this peer: a reason to dial it, said again, to dial at once.
    ///
    /// Refuses with `InvalidInput` for an improper name, `LimitExceeded` for more than 128 peers.
    pub fn appeared(&self, peer: String) -> Result<()> {
        self.0.appeared(&peer).map_err(DunlinError::from)
    }

    /// Says that packets reach this peer no more.
    ///
    /// Refuses with `InvalidInput` for an improper name.
    pub fn vanished(&self, peer: String) -> Result<()> {
        self.0.vanished(&peer).map_err(DunlinError::from)
    }
}

/// A foreign link, as the core knows links.
pub(crate) struct Foreign(pub(crate) Arc<dyn PacketLink>);

impl Link for Foreign {
    fn max_packet_bytes(&self) -> Outcome<usize> {
        self.0.max_packet_bytes().map(|bytes| bytes as usize).map_err(failure)
    }

    fn start(&self, inbox: Inbox) -> Outcome {
        self.0.start(Arc::new(LinkInbox(inbox, Counted::new()))).map_err(failure)
    }

    fn send(&self, peer: &str, packet: &[u8]) -> Outcome {
        self.0.send(peer.to_owned(), packet.to_vec()).map_err(failure)
    }

    fn stop(&self) -> Outcome {
        self.0.stop().map_err(failure)
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PacketLink")
    }
}

fn failure(error: DunlinError) -> LinkFailure {
    LinkFailure(error.to_string())
}
