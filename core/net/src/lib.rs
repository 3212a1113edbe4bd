//! Dunlin's network: a connection exists only between two devices that have proved their keys.
//!
//! That is the invariant of this crate: whatever reaches the layers above comes over QUIC with
//! TLS 1.3 and raw Ed25519 public keys (RFC 7250) on both sides, never resumed, never 0-RTT, so
//! that [`Connection::peer`](ConnectionHandle::peer) is the key that signed *this* handshake and
//! [`ConnectionHandle::exporter`] is a secret of these two ends alone. Whether that device may
//! see anything is not known here: see the `proto` layer.
//!
//! - [`Endpoint`]: one UDP port (or [`memory`] socket) that dials and accepts.
//! - [`Connection`]: one peer, one stream of length-prefixed frames in each direction.
//! - [`discovery`]: where peers might be. Hints only; the handshake decides.
//! - [`link`]: packets by other means than sockets, for platforms that have them.
//! - [`memory`]: a deterministic packet network for simulations on tokio's paused clock.
//!
//! ```
//! use dunlin_net::{Carrier, Config, Endpoint, memory::Network};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let network = Network::new(7);
//! let here = Endpoint::bind(Config::new([1; 32], network.carrier("10.0.0.1:4000".parse()?)?))?;
//! let there = Endpoint::bind(Config::new([2; 32], network.carrier("10.0.0.2:4000".parse()?)?))?;
//!
//! let dialled = here.connect("10.0.0.2:4000".parse()?, Some(there.device())).await?;
//! let (_dialler, mut sender, _receiver) = dialled.split();
//! sender.send(b"hello".to_vec()).await?;
//!
//! let accepted = there.accept().await.expect("the endpoint is open");
//! assert_eq!(accepted.peer(), here.device());
//! let (_acceptor, _sender, mut receiver) = accepted.split();
//! assert_eq!(receiver.receive().await?, Some(b"hello".to_vec()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod connection;
pub mod discovery;
mod endpoint;
mod error;
mod frames;
mod identity;
pub mod link;
pub mod memory;
mod tls;
mod transport;
mod udp;

pub use connection::{Connection, ConnectionHandle};
pub use endpoint::{Carrier, Config, Endpoint, MAX_STRANGERS};
pub use error::{BindError, Closed, ConnectError, ReceiveError, SendError};
pub use frames::{FrameReceiver, FrameSender, STRANGER_FRAME_BYTES};
pub use quinn::AsyncUdpSocket;
