//! Why a statement, a chain, a ticket or a wish to issue one is turned down.

use dunlin_model::{DeviceId, SpaceId, rfc3339};
use thiserror::Error;

use super::statement::{Role, StatementHash};

/// A statement that does not stand.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StatementError {
    /// It is longer than any statement may be.
    #[error("a statement of {length} bytes is too long")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// It is not a COSE_Sign1 in the one encoding that is accepted.
    #[error("a statement is not a COSE_Sign1 with Ed25519")]
    NotSigned,
    /// Its claims cannot be read or break a rule of their kind.
    #[error("a statement's claims are malformed: {0}")]
    Claims(&'static str),
    /// Its signature is not its issuer's.
    #[error("a statement's signature does not verify")]
    Signature,
    /// It speaks about another space.
    #[error("a statement belongs to space {0}")]
    OtherSpace(SpaceId),
    /// The statement that it rests on is not known here.
    #[error("a statement rests on one that is not known here")]
    UnknownAuthority(StatementHash),
    /// The statement that it rests on does not allow it.
    #[error("a statement exceeds what its issuer may say")]
    NotPermitted,
    /// Its chain to the root is too long.
    #[error("a statement's chain to the root is too long")]
    TooDeep,
    /// The roster, or its issuer's share of it, is full.
    #[error("the roster is full")]
    Full,
}

/// A chain that does not make its holder a member here and at this time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// One of its statements does not stand.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Its statements do not hang one below the other from the root.
    #[error("the statements presented are not one chain from the root")]
    NotAChain,
    /// It is longer than a chain may be.
    #[error("the chain has too many statements")]
    TooLong,
    /// It makes somebody else a member.
    #[error("the chain belongs to another device")]
    OtherDevice,
    /// The invitation's time is over.
    #[error("the invitation expired on {}", rfc3339(*at_ms))]
    Expired {
        /// When it expired.
        at_ms: i64,
    },
    /// The invitation has been used as often as it allows.
    #[error("the invitation has been used {uses} times, as often as it allows")]
    UsedUp {
        /// How many devices it admits.
        uses: u32,
    },
}

/// A ticket that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TicketError {
    /// It does not begin like a ticket.
    #[error("this is not a ticket: tickets begin with dunlin1")]
    NotATicket,
    /// It was made by a later release.
    #[error("the ticket was made by a later release of Dunlin")]
    Version,
    /// It ends early: part of the line was not copied.
    #[error("the ticket is cut off: {missing} characters are missing")]
    Truncated {
        /// How many characters are missing at the end.
        missing: usize,
    },
    /// Its checksum does not match: a character was changed or something was added.
    #[error("the ticket is damaged: its checksum does not match")]
    Altered,
    /// It is whole, but its content is not what a ticket holds.
    #[error("the ticket's content is malformed: {0}")]
    Malformed(&'static str),
    /// The statements in it belong to another space than the one it names.
    #[error("the ticket names space {named} but its statements belong to {found}")]
    OtherSpace {
        /// The space that the ticket names.
        named: SpaceId,
        /// The space of its statements.
        found: SpaceId,
    },
    /// The statements in it do not make its key an invitation.
    #[error("the ticket's invitation does not stand: {0}")]
    Chain(#[from] AdmissionError),
    /// Its time is over.
    #[error("the ticket expired on {}", rfc3339(*at_ms))]
    Expired {
        /// When it expired.
        at_ms: i64,
    },
}

/// A statement that this device may not issue, or that nobody could.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The device has no or too small a role in the space.
    #[error("device {device} may not do this: it takes an administrator")]
    NotPermitted {
        /// Who wanted to.
        device: DeviceId,
        /// The role it has, if any.
        role: Option<Role>,
    },
    /// A name is empty, too long or has control characters.
    #[error("a name takes 1 to 64 bytes of UTF-8 without control characters")]
    Name,
    /// An invitation for nobody.
    #[error("an invitation must admit at least one device")]
    NoUses,
    /// Not an invitation of this roster.
    #[error("the invitation is not known here")]
    UnknownInvitation,
    /// Too many or too long address hints.
    #[error("a ticket takes at most 8 addresses of at most 64 bytes")]
    Hints,
    /// The new statement would not stand here.
    #[error(transparent)]
    Statement(#[from] StatementError),
}
