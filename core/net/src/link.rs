//! Platform links: packets that travel by means for which Rust has no socket, such as Bluetooth
//! L2CAP channels, Wi-Fi Aware or a serial line.
//!
//! A [`Link`] moves packets to peers that it calls by names of its own, and hands in what arrives
//! through its [`Inbox`]. An endpoint that was given [`Links`] speaks QUIC over them and over its
//! socket alike, with the same TLS and the same limits; a link is trusted as little as a network.
//!
//! Above the links each peer has a socket address out of 240.0.0.0/8, see [`is_link_address`].
//! Such an address means something to this endpoint alone, for as long as it lives.
//!
//! ```
//! use std::sync::{Arc, OnceLock, Weak};
//! use dunlin_net::{Carrier, Config, Endpoint, discovery::Event};
//! use dunlin_net::link::{Inbox, Link, Links, Outcome};
//!
//! /// One end of a wire.
//! #[derive(Debug, Default)]
//! struct End { inbox: OnceLock<Inbox>, far: OnceLock<Weak<End>> }
//!
//! impl Link for End {
//!     fn max_packet_bytes(&self) -> Outcome<usize> { Ok(1_200) }
//!     fn start(&self, inbox: Inbox) -> Outcome {
//!         inbox.appeared("far end")?;
//!         self.inbox.get_or_init(|| inbox);
//!         Ok(())
//!     }
//!     fn send(&self, _peer: &str, packet: &[u8]) -> Outcome {
//!         let far = self.far.get().and_then(Weak::upgrade);
//!         if let Some(inbox) = far.as_ref().and_then(|far| far.inbox.get()) {
//!             inbox.received("far end", packet)?;
//!         }
//!         Ok(())
//!     }
//!     fn stop(&self) -> Outcome { Ok(()) }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let ends = [Arc::new(End::default()), Arc::new(End::default())];
//! ends[0].far.set(Arc::downgrade(&ends[1])).unwrap();
//! ends[1].far.set(Arc::downgrade(&ends[0])).unwrap();
//!
//! let links = Links::start(vec![ends[0].clone()])?;
//! let mut neighbours = links.neighbours();
//! let here = Endpoint::bind(Config::new([1; 32], Carrier::OnlyLinks).with_links(links))?;
//! let links = Links::start(vec![ends[1].clone()])?;
//! let there = Endpoint::bind(Config::new([2; 32], Carrier::OnlyLinks).with_links(links))?;
//!
//! let Some(Event::Found(hint)) = neighbours.next().await else { panic!("a peer is in reach") };
//! let connection = here.connect(hint.addrs[0], None).await?;
//! assert_eq!(connection.peer(), there.device());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod inbox;
mod neighbours;
mod socket;
mod switch;
mod table;
mod worker;

use std::{
    fmt, io,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc::sync_channel},
    time::Duration,
};

use tokio::time::timeout;

pub(crate) use self::socket::LinkedSocket;
pub use self::{
    inbox::{Inbox, InboxError},
    neighbours::Neighbours,
};
use self::{
    switch::{Port, Switch},
    worker::Worker,
};
pub use crate::address::is_link_address;

/// What a link must be able to carry in one packet, in bytes: what QUIC asks of every path
/// (RFC 9000, section 14).
pub const MIN_PACKET_BYTES: usize = 1_200;
/// Longest packet that is sent or taken in, in bytes, whatever else a link could carry.
pub const MAX_PACKET_BYTES: usize = 1_472;
/// Longest name of a peer on a link, in bytes.
pub const MAX_NAME_BYTES: usize = 64;
/// Links of one endpoint.
pub const MAX_LINKS: usize = 16;
/// Peers of one link that have an address at one time.
pub const MAX_PEERS: usize = 128;

/// Packets that wait for a link; further ones are dropped. A slow link would hold more of them for
/// longer than QUIC takes to send them again.
const OUTGOING: usize = 64;
/// Packets that a link has handed in and the endpoint has not taken; further ones are dropped.
const INCOMING: usize = 256;
/// Time for links to send what waits for them and stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// What a call of a link comes to.
pub type Outcome<T = ()> = Result<T, LinkFailure>;

/// Moves packets between this device and peers in reach of it.
///
/// The link calls its peers by names of 1 to 64 bytes, the same for as long as it is the same
/// peer. A packet may get lost, come late, twice or out of order; it must arrive whole or not at
/// all. Nothing needs to be encrypted or authenticated.
///
/// [`start`](Self::start), [`send`](Self::send) and [`stop`](Self::stop) are called one after the
/// other on a thread of the link's own. They may block, which holds up nobody else, and call the
/// [`Inbox`]. A panic ends the link: it is not called again.
pub trait Link: fmt::Debug + Send + Sync + 'static {
    /// Longest packet that the link carries, in bytes, at least [`MIN_PACKET_BYTES`].
    ///
    /// Asked once by [`Links::start`] on the caller's thread, and must not block.
    ///
    /// # Errors
    /// Whatever makes the link useless.
    fn max_packet_bytes(&self) -> Outcome<usize>;

    /// Begins to look for peers and to hand in packets. A link that is used again is started again,
    /// after it was stopped, with another inbox.
    ///
    /// # Errors
    /// Whatever makes the link useless; it is not called again then.
    fn start(&self, inbox: Inbox) -> Outcome;

    /// Sends a packet. Packets that come while an earlier one is being sent wait, up to 64.
    ///
    /// # Errors
    /// Whatever kept the packet from being sent; it is lost then, like many others.
    fn send(&self, peer: &str, packet: &[u8]) -> Outcome;

    /// Ends what [`start`](Self::start) began; the inbox takes nothing any more.
    ///
    /// # Errors
    /// Whatever should be in the log.
    fn stop(&self) -> Outcome;
}

/// A link could not do what it was asked for, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LinkFailure(pub String);

impl From<InboxError> for LinkFailure {
    fn from(error: InboxError) -> Self {
        Self(error.to_string())
    }
}

/// Why links were not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// A link carries less than QUIC needs.
    #[error("a link that carries {0} bytes a packet is no use, it takes {MIN_PACKET_BYTES}")]
    PacketTooSmall(usize),
    /// There are more than [`MAX_LINKS`].
    #[error("{0} links are more than {MAX_LINKS}")]
    TooMany(usize),
    /// A link did not say what it carries.
    #[error("a link does not work: {0}")]
    Failed(LinkFailure),
    /// The operating system gave no thread.
    #[error("no thread for a link")]
    Thread(#[source] io::Error),
}

/// The links of one endpoint. Cheap to clone; they stop with the endpoint, or when all clones are
/// gone.
#[derive(Clone, Debug)]
pub struct Links {
    switch: Arc<Switch>,
    workers: Arc<Mutex<Vec<Worker>>>,
}

impl Links {
    /// Starts links for an endpoint that is about to be [bound](crate::Endpoint::bind).
    ///
    /// # Errors
    /// See [`LinkError`]; none of the links is in use then.
    pub fn start(links: Vec<Arc<dyn Link>>) -> Result<Self, LinkError> {
        if links.len() > MAX_LINKS {
            return Err(LinkError::TooMany(links.len()));
        }
        let (mut ports, mut receivers) = (Vec::new(), Vec::new());
        for link in &links {
            let (sender, receiver) = sync_channel(OUTGOING);
            ports.push(Port::new(capacity(link.as_ref())?, sender));
            receivers.push(receiver);
        }
        let switch = Arc::new(Switch::new(ports));
        let mut workers = Vec::new();
        for (number, (link, receiver)) in links.into_iter().zip(receivers).enumerate() {
            let inbox = Inbox::new(&switch, number);
            workers.push(Worker::spawn(link, inbox, receiver).map_err(LinkError::Thread)?);
        }
        Ok(Self { switch, workers: Arc::new(Mutex::new(workers)) })
    }

    /// Follows who is in reach.
    pub fn neighbours(&self) -> Neighbours {
        Neighbours::new(&self.switch)
    }

    /// Stops the links after what waits for them, and waits for it, at most two seconds. A link
    /// that hangs for longer is left to itself, and its [`Link::stop`] is not called.
    pub async fn stop(&self) {
        self.switch.close_all();
        let workers =
            std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async {
            for worker in &workers {
                worker.ended().await;
            }
        };
        if timeout(STOP_TIMEOUT, all).await.is_err() {
            tracing::warn!("a link hangs and was not stopped");
            workers.iter().for_each(Worker::abandon);
        }
    }

    /// Longest packet that goes to this address, if a peer on a link has it.
    pub(crate) fn max_packet_bytes(&self, address: SocketAddr) -> Option<u16> {
        self.switch.max_packet_bytes(address)
    }
}

/// Asks a link what it carries.
fn capacity(link: &dyn Link) -> Result<usize, LinkError> {
    let asked = catch_unwind(AssertUnwindSafe(|| link.max_packet_bytes()));
    let asked = asked.unwrap_or_else(|panic| Err(LinkFailure(worker::last_words(&*panic))));
    match asked.map_err(LinkError::Failed)? {
        bytes @ ..MIN_PACKET_BYTES => Err(LinkError::PacketTooSmall(bytes)),
        bytes => Ok(bytes.min(MAX_PACKET_BYTES)),
    }
}
