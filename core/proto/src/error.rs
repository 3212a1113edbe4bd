//! What a peer did wrong, why a connection ends, and why something was not taken.

use dunlin_model::DocId;
use thiserror::Error;

/// Bytes that are not a frame.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Longer than a frame may be at this point.
    #[error("a frame of {length} bytes is too long")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Not CBOR of definite lengths and bounded depth.
    #[error("a frame is not proper CBOR")]
    NotCbor,
    /// A known type whose body does not fit it.
    #[error("a frame of type {kind} is malformed")]
    Malformed {
        /// Its type.
        kind: u32,
    },
    /// Content that does not unpack to what it says.
    #[error("a frame's content is malformed")]
    Content,
}

/// The peer broke the protocol: its fault, and the connection ends.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// It sent bytes that are not a frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It sent a frame that has no place at this point.
    #[error("an unexpected frame: {0}")]
    Unexpected(&'static str),
    /// It named a space that the two sides have not found in common.
    #[error("a frame names an unknown space")]
    UnknownSpace,
    /// It sent more than a member may before it is authorised in the space.
    #[error("a frame that takes a membership")]
    Unauthorised,
    /// It handed over a statement that does not stand.
    #[error("a statement was refused: {0}")]
    Statement(#[from] crate::trust::StatementError),
    /// It exceeded a bound.
    #[error("too many {0}")]
    TooMany(&'static str),
    /// A document's name breaks the rules for names.
    #[error("a document has an improper name")]
    Name,
    /// It handed over an update that the scanner or yrs refused.
    #[error("document {document}: {reason}")]
    Update {
        /// The document.
        document: DocId,
        /// What is wrong with the update.
        reason: String,
    },
    /// Its reconciliation messages make no sense.
    #[error("a reconciliation message is malformed")]
    Reconcile,
    /// It kept pushing without the permission to write.
    #[error("a reader keeps pushing")]
    KeepsPushing,
}

/// Why a connection ends; the number goes into QUIC's application close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum CloseCode {
    /// The two sides have no space in common, or the peer is a member of none.
    Stranger = 1,
    /// No revision of the protocol is understood by both.
    Version = 2,
    /// The peer broke the protocol.
    Misbehaved = 3,
    /// The peer did not answer in time.
    Timeout = 4,
}

impl CloseCode {
    /// The number on the wire.
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// The reason of that number, or none.
    pub const fn from_code(code: u32) -> Option<Self> {
        match code {
            1 => Some(Self::Stranger),
            2 => Some(Self::Version),
            3 => Some(Self::Misbehaved),
            4 => Some(Self::Timeout),
            _ => None,
        }
    }
}

/// Why something that one side handed over was not taken by the other, while the connection goes
/// on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefuseCode {
    /// The device that handed it over is a reader.
    ReadOnly,
    /// The chain presented does not make the device a member.
    NotAMember,
    /// The invitation behind the chain has expired.
    Expired,
    /// The invitation behind the chain has been used up.
    UsedUp,
    /// The receiver's roster is full.
    RosterFull,
    /// A reason that a later release knows.
    Other(u16),
}

impl RefuseCode {
    /// The number on the wire.
    pub const fn code(self) -> u16 {
        match self {
            Self::ReadOnly => 1,
            Self::NotAMember => 2,
            Self::Expired => 3,
            Self::UsedUp => 4,
            Self::RosterFull => 5,
            Self::Other(code) => code,
        }
    }

    /// The reason of that number.
    pub const fn from_code(code: u16) -> Self {
        match code {
            1 => Self::ReadOnly,
            2 => Self::NotAMember,
            3 => Self::Expired,
            4 => Self::UsedUp,
            5 => Self::RosterFull,
            other => Self::Other(other),
        }
    }
}

impl std::fmt::Display for RefuseCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ReadOnly => f.write_str("this device may only read the space"),
            Self::NotAMember => f.write_str("this device is not a member of the space"),
            Self::Expired => f.write_str("the invitation has expired"),
            Self::UsedUp => f.write_str("the invitation has been used up"),
            Self::RosterFull => f.write_str("the space has as many statements as it may have"),
            Self::Other(code) => write!(f, "refused with code {code}"),
        }
    }
}
