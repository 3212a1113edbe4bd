//! The endpoint: one socket on which this device dials and accepts.

mod acceptor;
mod dial;
mod nowhere;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, PoisonError, Weak},
    time::Duration,
};

use dunlin_model::DeviceId;
use quinn::{
    AsyncUdpSocket, ClientConfig, EndpointConfig, Runtime, ServerConfig, TokioRuntime,
    TransportErrorCode, VarInt,
};
use tokio::{
    sync::{Mutex, mpsc},
    task::AbortHandle,
    time::{sleep, timeout},
};

use crate::{
    address::{self, is_link_address},
    connection::Connection,
    error::{BindError, Closed, ConnectError},
    identity::Identity,
    link::{LinkedSocket, Links},
    tls::{self, PeerVerifier},
    transport, udp,
};

use self::acceptor::Reception;

pub use self::acceptor::MAX_STRANGERS;
use self::nowhere::Nowhere;

/// Time for a call to be answered, lost packets included.
const DIAL_TIMEOUT: Duration = Duration::from_secs(15);
/// Time for peers to hear that this endpoint closes.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);
/// The wait between two looks whether a socket is still held.
const LET_GO_INTERVAL: Duration = Duration::from_millis(1);
/// Stands for the address of a socket that does not know its own.
const UNKNOWN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
/// TLS alert `no_application_protocol` (RFC 7301, section 3.2).
const ALERT_NO_APPLICATION_PROTOCOL: u8 = 120;

/// What carries the packets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Carrier {
    /// A UDP socket bound to this address. `[::]` serves IPv4 as well, and means `0.0.0.0` where
    /// there is no IPv6; port 0 lets the system choose.
    Udp(SocketAddr),
    /// Anything else that is like a socket, for instance one of a [`memory`](crate::memory) network.
    Abstract(Arc<dyn AsyncUdpSocket>),
    /// Nothing but the links of [`Config::links`].
    OnlyLinks,
}

/// How to open an [`Endpoint`].
#[derive(Clone)]
pub struct Config {
    /// The device's identity: its Ed25519 seed.
    pub seed: [u8; 32],
    /// What carries the packets.
    pub carrier: Carrier,
    /// What carries packets beside that.
    pub links: Option<Links>,
    /// Seed of the transport's own choices (packet numbers, padding), for simulations that must
    /// repeat; none draws one from the operating system. Keys are always random.
    pub rng_seed: Option<[u8; 32]>,
}

impl Config {
    /// The usual configuration.
    pub fn new(seed: [u8; 32], carrier: Carrier) -> Self {
        Self { seed, carrier, links: None, rng_seed: None }
    }

    /// The same with links, which are this endpoint's alone.
    pub fn with_links(self, links: Links) -> Self {
        Self { links: Some(links), ..self }
    }
}

/// One socket on which this device dials and accepts. Cheap to clone; the last clone closes it,
/// while its connections live on until they are dropped.
///
/// Endpoints are disposable. When [`accept`](Self::accept) gives none or a call fails with
/// [`ConnectError::EndpointClosed`], the socket has died (iOS kills the sockets of an app that
/// sleeps): bind a new one and dial again. When only the network has changed,
/// [`rebind`](Self::rebind) saves the connections that this side dialled.
#[derive(Clone, Debug)]
pub struct Endpoint {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    quinn: quinn::Endpoint,
    identity: Identity,
    links: Option<Links>,
    accepted: Mutex<mpsc::Receiver<Connection>>,
    acceptor: AbortHandle,
    /// The UDP socket, if that is what carries the packets.
    socket: std::sync::Mutex<Option<Weak<dyn AsyncUdpSocket>>>,
}

impl Inner {
    fn socket(&self) -> std::sync::MutexGuard<'_, Option<Weak<dyn AsyncUdpSocket>>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

impl Endpoint {
    /// Opens an endpoint on the tokio runtime of the calling thread.
    ///
    /// # Errors
    /// See [`BindError`].
    pub fn bind(config: Config) -> Result<Self, BindError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| BindError::NoRuntime)?;
        let identity = Identity::from_seed(&config.seed).map_err(BindError::Tls)?;
        let links = config.links;
        let (socket, address) = open(&config.carrier, links.as_ref())?;
        let own_socket = weak(&config.carrier, &socket);

        let crypto = tls::server(&identity, tls::ALPN).map_err(BindError::Tls)?;
        let mut server = ServerConfig::with_crypto(Arc::new(crypto));
        transport::limit_incoming(&mut server);
        let mut endpoint = EndpointConfig::default();
        endpoint.rng_seed(config.rng_seed);
        let quinn = quinn::Endpoint::new_with_abstract_socket(
            endpoint,
            Some(server.clone()),
            socket,
            Arc::new(TokioRuntime),
        )
        .map_err(|error| BindError::from_io(address, error))?;

        let (sender, accepted) = mpsc::channel(MAX_STRANGERS);
        let reception = Reception::new(server, links.clone());
        let acceptor =
            runtime.spawn(acceptor::run(quinn.clone(), reception, sender)).abort_handle();
        let accepted = Mutex::new(accepted);
        let socket = std::sync::Mutex::new(own_socket);
        let inner = Inner { quinn, identity, links, accepted, acceptor, socket };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// This device.
    pub fn device(&self) -> DeviceId {
        self.inner.identity.device
    }

    /// The address that the socket is bound to, which may be unspecified; none after its death, or
    /// if there are only links.
    pub fn bound_addr(&self) -> Option<SocketAddr> {
        self.inner.quinn.local_addr().ok().filter(|address| !is_link_address(*address))
    }

    /// Addresses at which other devices might reach this endpoint, of all interfaces when it is
    /// bound to an unspecified address. Loopback is listed only when there is nothing else.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.bound_addr().map(address::reachable).unwrap_or_default()
    }

    /// The links that it was opened with.
    pub fn links(&self) -> Option<&Links> {
        self.inner.links.as_ref()
    }

    /// The number of connections that stand or drain, dialled and accepted, whoever holds them.
    pub fn open_connections(&self) -> usize {
        self.inner.quinn.open_connections()
    }

    /// Calls a device; fails if another than the expected one answers (without telling it who
    /// called), or nobody within 15 s.
    ///
    /// Success means that the right device answered, not that it wants the call: see
    /// [`Connection`].
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn connect(
        &self,
        address: SocketAddr,
        expected: Option<DeviceId>,
    ) -> Result<Connection, ConnectError> {
        timeout(DIAL_TIMEOUT, self.dial(address, expected))
            .await
            .unwrap_or(Err(ConnectError::NoAnswer(address)))
    }

    async fn dial(
        &self,
        address: SocketAddr,
        expected: Option<DeviceId>,
    ) -> Result<Connection, ConnectError> {
        let internal = |error: &dyn std::fmt::Display| {
            ConnectError::Refused(Closed::Transport(error.to_string()))
        };
        let (crypto, verifier) =
            tls::client(&self.inner.identity, expected).map_err(|error| internal(&error))?;
        let mut config = ClientConfig::new(Arc::new(crypto));
        config.transport_config(transport::limits(self.reach(address)?));
        let connecting =
            self.inner.quinn.connect_with(config, address, tls::SERVER_NAME).map_err(|error| {
                match error {
                    quinn::ConnectError::EndpointStopping => ConnectError::EndpointClosed,
                    quinn::ConnectError::InvalidRemoteAddress(_) => {
                        ConnectError::BadAddress(address)
                    }
                    other => internal(&other),
                }
            })?;
        let failed = |error| self.explain(address, expected, &verifier, error);
        let connection = connecting.await.map_err(failed)?;
        let stream = connection.open_bi().await.map_err(failed)?;
        Connection::new(connection, stream, None).await.map_err(ConnectError::Refused)
    }

    /// Longest packet to an address, where a link bounds it.
    fn reach(&self, address: SocketAddr) -> Result<Option<u16>, ConnectError> {
        let unreachable = Err(ConnectError::BadAddress(address));
        let Some(links) = self.inner.links.as_ref() else {
            return if is_link_address(address) { unreachable } else { Ok(None) };
        };
        let bound = links.max_packet_bytes(address);
        let has_only_links = self.inner.quinn.local_addr().is_ok_and(is_link_address);
        if bound.is_none() && (has_only_links || is_link_address(address)) {
            return unreachable;
        }
        Ok(bound)
    }

    /// Says why a handshake failed, in terms of whom we called and who answered.
    fn explain(
        &self,
        address: SocketAddr,
        expected: Option<DeviceId>,
        verifier: &PeerVerifier,
        error: quinn::ConnectionError,
    ) -> ConnectError {
        let no_protocol = TransportErrorCode::crypto(ALERT_NO_APPLICATION_PROTOCOL);
        match (verifier.found(), expected) {
            (Some(found), _) if found == self.device() => return ConnectError::OwnDevice(address),
            (Some(found), Some(expected)) if found != expected => {
                return ConnectError::WrongDevice { expected, found };
            }
            _ => {}
        }
        match error {
            quinn::ConnectionError::TimedOut => ConnectError::NoAnswer(address),
            quinn::ConnectionError::VersionMismatch => ConnectError::OtherProtocol(address),
            quinn::ConnectionError::TransportError(error) if error.code == no_protocol => {
                ConnectError::OtherProtocol(address)
            }
            quinn::ConnectionError::ConnectionClosed(close) if close.error_code == no_protocol => {
                ConnectError::OtherProtocol(address)
            }
            quinn::ConnectionError::LocallyClosed => ConnectError::EndpointClosed,
            other => ConnectError::Refused(Closed::from(other)),
        }
    }

    /// Waits for a caller; none once the endpoint is closed or its socket has died.
    ///
    /// At most [`MAX_STRANGERS`] callers are borne who have not been
    /// [authorised](crate::ConnectionHandle::authorise); more are turned away.
    pub async fn accept(&self) -> Option<Connection> {
        self.inner.accepted.lock().await.recv().await
    }

    /// Moves to another socket. Connections that this side dialled come along, and those over links;
    /// others fall silent.
    ///
    /// # Errors
    /// See [`BindError`]; the old socket stays in use then.
    pub fn rebind(&self, carrier: &Carrier) -> Result<(), BindError> {
        let (socket, address) = open(carrier, self.inner.links.as_ref())?;
        let own_socket = weak(carrier, &socket);
        self.inner
            .quinn
            .rebind_abstract(socket)
            .map_err(|error| BindError::from_io(address, error))?;
        *self.inner.socket() = own_socket;
        Ok(())
    }

    /// Closes all connections with this code, accepts no more, and waits up to half a second for
    /// the peers to hear of it. Then the socket is let go, so that its address is free, and the
    /// links are stopped, see [`Links::stop`].
    pub async fn close(&self, code: u32, reason: &str) {
        self.inner.quinn.close(VarInt::from_u32(code), reason.as_bytes());
        self.inner.acceptor.abort();
        if timeout(CLOSE_TIMEOUT, self.inner.quinn.wait_idle()).await.is_err() {
            tracing::debug!("connections were still draining when the endpoint closed");
        }
        self.let_go().await;
        if let Some(links) = &self.inner.links {
            links.stop().await;
        }
    }

    /// Puts a socket that leads nowhere in the place of this one, which quinn would otherwise hold
    /// until the last connection has drained: up to 95 seconds on a bad link.
    async fn let_go(&self) {
        // quinn keeps the socket before the current one until that has received something.
        for _ in 0..2 {
            if let Err(error) = self.inner.quinn.rebind_abstract(Arc::new(Nowhere)) {
                tracing::debug!("the socket is held until connections have drained: {error}");
            }
        }
        let socket = self.inner.socket().take();
        // Each connection lets go of it when its task runs.
        let _ = timeout(CLOSE_TIMEOUT, async {
            while socket.as_ref().is_some_and(|socket| socket.strong_count() > 0) {
                sleep(LET_GO_INTERVAL).await;
            }
        })
        .await;
    }
}

/// To see whether a UDP socket is still held; what carries packets otherwise is its owner's.
fn weak(carrier: &Carrier, socket: &Arc<dyn AsyncUdpSocket>) -> Option<Weak<dyn AsyncUdpSocket>> {
    matches!(carrier, Carrier::Udp(_)).then(|| Arc::downgrade(socket))
}

/// A socket and where it was to be bound.
type Opened = (Arc<dyn AsyncUdpSocket>, SocketAddr);

fn open(carrier: &Carrier, links: Option<&Links>) -> Result<Opened, BindError> {
    let opened = open_socket(carrier)?;
    let Some(links) = links else { return opened.ok_or(BindError::NoCarrier) };
    let (socket, address) = opened.unzip();
    let address = address.unwrap_or(UNKNOWN);
    let linked =
        LinkedSocket::new(socket, links).map_err(|error| BindError::from_io(address, error))?;
    Ok((Arc::new(linked), address))
}

fn open_socket(carrier: &Carrier) -> Result<Option<Opened>, BindError> {
    match carrier {
        Carrier::OnlyLinks => Ok(None),
        Carrier::Udp(address) => {
            let socket = udp::bind(*address)?;
            let socket = TokioRuntime
                .wrap_udp_socket(socket)
                .map_err(|error| BindError::from_io(*address, error))?;
            Ok(Some((socket, *address)))
        }
        Carrier::Abstract(socket) => {
            let address =
                socket.local_addr().map_err(|error| BindError::from_io(UNKNOWN, error))?;
            Ok(Some((socket.clone(), address)))
        }
    }
}
