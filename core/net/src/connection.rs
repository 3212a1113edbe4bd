//! A connection: one authenticated peer and a stream of frames each way.

use std::{net::SocketAddr, ops::Deref, sync::Arc, time::Duration};

use dunlin_model::DeviceId;
use quinn::{RecvStream, SendStream, VarInt};
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    address::canonical,
    error::{Closed, SendError},
    frames::{FrameReceiver, FrameSender},
    identity::device_of,
};

/// Label of the exporter (RFC 5705, section 4; RFC 8446, section 7.5).
const EXPORTER_LABEL: &[u8] = b"EXPERIMENTAL dunlin/1 channel binding";

/// A new connection, before its stream is taken apart; reads like its [`ConnectionHandle`].
///
/// A dialler that holds one knows who answered, and nothing more: whether the acceptor wants the
/// call shows in the acceptor's first frame, or in how the connection closes.
#[derive(Debug)]
pub struct Connection {
    handle: ConnectionHandle,
    sender: FrameSender,
    receiver: FrameReceiver,
}

impl Connection {
    pub(crate) async fn new(
        inner: quinn::Connection,
        (send, recv): (SendStream, RecvStream),
        stranger: Option<OwnedSemaphorePermit>,
    ) -> Result<Self, Closed> {
        let handle = ConnectionHandle::new(inner, stranger)?;
        let sender = match FrameSender::open(send).await {
            Ok(sender) => sender,
            Err(SendError::Closed(closed)) => return Err(closed),
            Err(error) => return Err(Closed::Transport(error.to_string())),
        };
        Ok(Self { handle, sender, receiver: FrameReceiver::new(recv) })
    }

    /// Takes the connection apart. It closes when handle, sender and receiver are all gone.
    pub fn split(self) -> (ConnectionHandle, FrameSender, FrameReceiver) {
        (self.handle, self.sender, self.receiver)
    }
}

impl Deref for Connection {
    type Target = ConnectionHandle;

    fn deref(&self) -> &ConnectionHandle {
        &self.handle
    }
}

/// A connection without its stream: who is there, and the end of it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConnectionHandle {
    inner: quinn::Connection,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    peer: DeviceId,
    exporter: [u8; 32],
    stranger: std::sync::Mutex<Option<OwnedSemaphorePermit>>,
}

impl ConnectionHandle {
    fn new(
        inner: quinn::Connection,
        stranger: Option<OwnedSemaphorePermit>,
    ) -> Result<Self, Closed> {
        let peer = inner
            .peer_identity()
            .and_then(|identity| {
                identity.downcast::<Vec<rustls::pki_types::CertificateDer<'static>>>().ok()
            })
            .and_then(|keys| device_of(keys.first()?))
            .ok_or_else(|| Closed::Transport("the peer showed no key".to_owned()))?;
        let mut exporter = [0; 32];
        inner
            .export_keying_material(&mut exporter, EXPORTER_LABEL, &[])
            .map_err(|_| Closed::Transport("no keying material".to_owned()))?;
        let shared = Shared { peer, exporter, stranger: std::sync::Mutex::new(stranger) };
        Ok(Self { inner, shared: Arc::new(shared) })
    }

    /// The device at the other end, proved by the handshake.
    pub fn peer(&self) -> DeviceId {
        self.shared.peer
    }

    /// A secret that exists at both ends of this connection and nowhere else (RFC 5705).
    pub fn exporter(&self) -> [u8; 32] {
        self.shared.exporter
    }

    /// Whether this side dialled.
    pub fn is_dialer(&self) -> bool {
        self.inner.side().is_client()
    }

    /// Where the peer's packets come from at present.
    pub fn remote_addr(&self) -> SocketAddr {
        canonical(self.inner.remote_address())
    }

    /// The estimated time to the peer and back.
    pub fn round_trip(&self) -> Duration {
        self.inner.rtt()
    }

    /// Bytes sent and received in UDP packets, handshake included.
    pub fn traffic(&self) -> (u64, u64) {
        let stats = self.inner.stats();
        (stats.udp_tx.bytes, stats.udp_rx.bytes)
    }

    /// Stops counting an accepted peer among the strangers, of whom an endpoint bears only
    /// [`MAX_STRANGERS`](crate::MAX_STRANGERS). Call it once the peer has proved its membership.
    pub fn authorise(&self) {
        self.shared.stranger.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    }

    /// Closes the connection at once; what the peer's transport does not have yet is lost, see
    /// [`FrameSender::finish`]. The reason is shown to the peer's user.
    pub fn close(&self, code: u32, reason: &str) {
        self.inner.close(VarInt::from_u32(code), reason.as_bytes());
    }

    /// Waits for the end of the connection, whoever brings it about.
    pub async fn closed(&self) -> Closed {
        self.inner.closed().await.into()
    }

    /// How the connection ended, if it did.
    pub fn close_reason(&self) -> Option<Closed> {
        self.inner.close_reason().map(Closed::from)
    }
}
