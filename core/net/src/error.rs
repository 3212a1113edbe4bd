//! What can go wrong, by whose fault: the host's ([`BindError`]), the way to a peer
//! ([`ConnectError`]), the end of a connection ([`Closed`]), the peer's bytes ([`ReceiveError`]).

use std::{io, net::SocketAddr};

use dunlin_model::DeviceId;

/// Longest close reason that is kept from a peer, in characters.
const MAX_REASON_CHARS: usize = 200;

/// Why an endpoint did not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another socket holds the port.
    #[error("UDP port {} is in use", .0.port())]
    PortInUse(SocketAddr),
    /// This host has no such address.
    #[error("{} is not an address of this host", .0.ip())]
    NoSuchAddress(SocketAddr),
    /// The operating system forbids it, for instance a port below 1024.
    #[error("not permitted to listen on {0}")]
    Denied(SocketAddr),
    /// Anything else that the operating system reports.
    #[error("cannot listen on {address}")]
    Io {
        /// What was asked for.
        address: SocketAddr,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The 32 bytes do not serve as an Ed25519 seed, or the TLS library refused its set-up.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
    /// There is neither a socket nor a link.
    #[error("there is nothing to carry packets")]
    NoCarrier,
    /// The endpoint was opened outside a tokio runtime.
    #[error("no tokio runtime is running on this thread")]
    NoRuntime,
}

impl BindError {
    pub(crate) fn from_io(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::PortInUse(address),
            io::ErrorKind::AddrNotAvailable => Self::NoSuchAddress(address),
            io::ErrorKind::PermissionDenied => Self::Denied(address),
            _ => Self::Io { address, source },
        }
    }
}

/// Why dialling an address did not give a connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// There was no address to dial.
    #[error("no address to dial")]
    NoAddress,
    /// This endpoint cannot reach that kind of address (port 0, IPv6 from an IPv4 socket, no
    /// socket at all), or it stands for a peer on a link that nobody knows.
    #[error("{0} is not an address that this endpoint can dial")]
    BadAddress(SocketAddr),
    /// Nobody answered in time.
    #[error("no answer from {0}")]
    NoAnswer(SocketAddr),
    /// Another device than the expected one lives there; it was not told who called.
    #[error("{found} answered instead of {expected}")]
    WrongDevice {
        /// Who was called.
        expected: DeviceId,
        /// Who answered.
        found: DeviceId,
    },
    /// The address is this device's own.
    #[error("{0} is this device itself")]
    OwnDevice(SocketAddr),
    /// Something answered that does not speak a version of this protocol.
    #[error("{0} does not speak dunlin/1")]
    OtherProtocol(SocketAddr),
    /// The other side turned the call down, or broke the rules of the handshake.
    #[error("the handshake failed: {0}")]
    Refused(Closed),
    /// This endpoint is closed, or its socket died (a phone that slept): bind a new one.
    #[error("this endpoint is closed")]
    EndpointClosed,
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Closed {
    /// Closed by this side.
    #[error("closed here")]
    Here,
    /// Closed by the peer's application.
    #[error("closed by the peer with code {code}: {reason}")]
    ByPeer {
        /// The code it gave, see `docs/PROTOCOL.md`.
        code: u64,
        /// The text it gave: foreign, cut to 200 characters, without control characters.
        reason: String,
    },
    /// Nothing was heard for the idle timeout: the link is gone.
    #[error("the peer fell silent")]
    Silent,
    /// The peer does not know this connection any more: it restarted.
    #[error("the peer has restarted")]
    Restarted,
    /// One side found the other in breach of QUIC or TLS.
    #[error("transport failure: {0}")]
    Transport(String),
}

impl From<quinn::ConnectionError> for Closed {
    fn from(error: quinn::ConnectionError) -> Self {
        use quinn::ConnectionError as E;
        match error {
            E::LocallyClosed => Self::Here,
            E::TimedOut => Self::Silent,
            E::Reset => Self::Restarted,
            E::ApplicationClosed(close) => {
                Self::ByPeer { code: close.error_code.into_inner(), reason: legible(&close.reason) }
            }
            E::ConnectionClosed(close) => {
                Self::Transport(format!("{}: {}", close.error_code, legible(&close.reason)))
            }
            other => Self::Transport(other.to_string()),
        }
    }
}

/// Why no frame could be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The connection is over.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// The peer stopped reading this stream, or this side has finished it.
    #[error("the stream is finished")]
    Finished,
    /// Our own bug: a frame was started while another was under way.
    #[error("a frame is still being sent")]
    Busy,
    /// Our own bug: a frame is longer than its 32-bit length can say.
    #[error("a frame of {0} bytes cannot be sent")]
    TooLarge(usize),
}

/// Why no frame was received.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The connection is over.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// The peer announced a frame over the limit in force. Nothing was allocated for it.
    #[error("a frame of {length} bytes is over the limit of {limit}")]
    TooLarge {
        /// The length that the peer announced.
        length: usize,
        /// The limit in force.
        limit: usize,
    },
    /// The stream ended inside a frame.
    #[error("the stream ended inside a frame")]
    Truncated,
    /// The peer gave the stream up while the connection lives.
    #[error("the peer abandoned its stream")]
    Abandoned,
    /// The stream is of a kind that this version does not know.
    #[error("a stream of unknown kind {0}")]
    UnknownStream(u8),
}

impl ReceiveError {
    /// Whether the peer broke the framing rules, as opposed to a connection that ended.
    pub fn is_misbehaviour(&self) -> bool {
        !matches!(self, Self::Closed(_))
    }
}

/// Foreign text made fit for a person's eyes and a log line.
fn legible(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .take(MAX_REASON_CHARS)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_reasons_are_cut_and_cleaned() {
        let hostile = format!("\u{1b}[31mred\n{}", "x".repeat(5_000));
        let shown = legible(hostile.as_bytes());
        assert_eq!(shown.chars().count(), MAX_REASON_CHARS);
        assert!(!shown.chars().any(char::is_control));
    }
}
