//! Tickets: one line of text that lets its holder join a space.

use std::{fmt, str::FromStr};

use data_encoding::BASE32_NOPAD;
use dunlin_model::SpaceId;
use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};

use super::{
    error::{IssueError, StatementError, TicketError},
    issue::{Joined, device_of},
    roster::Roster,
    statement::{Act, Profile, Role, StatementHash},
};
use crate::{
    limits::{MAX_CHAIN, MAX_HINT_BYTES, MAX_HINTS, MAX_TICKET_BYTES},
    wire,
};

const MARK: &str = "dunlin";
const VERSION: &str = "1";
const CHECK_BYTES: usize = 6;

/// What a ticket tells about the space it opens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TicketContent {
    /// The space.
    pub space: SpaceId,
    /// The space's name.
    pub space_name: String,
    /// The role that joining gives.
    pub role: Role,
    /// When the invitation ends, in Unix milliseconds.
    pub expires_ms: Option<i64>,
    /// How many devices it admits.
    pub uses: u32,
}

/// An invitation as it is handed over: the space's secret, the invitation's key, the statements
/// that it rests on, and where members may be found.
///
/// Whoever holds it can join, so it is as secret as what the space holds. Its text form is
/// `dunlin1` and lower-case base32 (RFC 4648, no padding; upper case is read too): length of the
/// content, content, and a checksum.
#[derive(Clone)]
pub struct Ticket {
    wire: Wire,
    roster: Roster,
    invitation: StatementHash,
    content: TicketContent,
}

#[derive(Clone, Encode, Decode)]
#[cbor(map)]
struct Wire {
    #[n(0)]
    space: ByteArray<32>,
    #[n(1)]
    secret: ByteArray<32>,
    #[n(2)]
    seed: ByteArray<32>,
    #[n(3)]
    chain: Vec<ByteVec>,
    #[n(4)]
    hints: Vec<String>,
}

impl Ticket {
    /// Makes the ticket of an invitation that is in the roster.
    ///
    /// `secret` is the space's current secret, `hints` are addresses (`host:port`) at which
    /// members may be reached.
    ///
    /// # Errors
    /// `IssueError::UnknownInvitation` if the roster has no such invitation with this key, `Hints`
    /// for too many or too long addresses.
    pub fn new(
        roster: &Roster,
        invitation: StatementHash,
        invitation_seed: &[u8; 32],
        secret: &[u8; 32],
        hints: Vec<String>,
    ) -> Result<Self, IssueError> {
        if hints.len() > MAX_HINTS || hints.iter().any(|hint| !is_hint(hint)) {
            return Err(IssueError::Hints);
        }
        let chain = roster.chain_to(invitation);
        let wire = Wire {
            space: roster.space().0.into(),
            secret: (*secret).into(),
            seed: (*invitation_seed).into(),
            chain: chain.iter().map(|bytes| bytes.to_vec().into()).collect(),
            hints,
        };
        Self::from_wire(wire).map_err(|_| IssueError::UnknownInvitation)
    }

    /// What the ticket tells about the space.
    pub fn content(&self) -> &TicketContent {
        &self.content
    }

    /// The space's secret, which goes into the hello.
    pub fn secret(&self) -> &[u8; 32] {
        &self.wire.secret
    }

    /// Addresses at which members may be reached.
    pub fn hints(&self) -> &[String] {
        &self.wire.hints
    }

    /// Signs this device in, offline: any member admits it on the strength of the result.
    ///
    /// # Errors
    /// `TicketError::Expired` if the invitation's time is over by this device's clock;
    /// `TicketError::Malformed` for an improper name.
    pub fn join(
        &self,
        device_seed: &[u8; 32],
        profile: &Profile,
        now_ms: i64,
    ) -> Result<Joined, TicketError> {
        if let Some(at_ms) = self.content.expires_ms
            && now_ms > at_ms
        {
            return Err(TicketError::Expired { at_ms });
        }
        let mut roster = self.roster.clone();
        roster.sign_in(device_seed, self.invitation, &self.wire.seed, profile, now_ms).map_err(
            |error| match error {
                IssueError::Statement(error) => TicketError::Chain(error.into()),
                _ => TicketError::Malformed("this device's name is not proper"),
            },
        )?;
        let statements = roster.statements().map(|statement| statement.bytes.clone()).collect();
        Ok(Joined { roster, role: self.content.role, statements })
    }

    fn from_wire(wire: Wire) -> Result<Self, TicketError> {
        let space = SpaceId(*wire.space);
        if wire.chain.len() > MAX_CHAIN {
            return Err(TicketError::Malformed("too many statements"));
        }
        if wire.hints.len() > MAX_HINTS || wire.hints.iter().any(|hint| !is_hint(hint)) {
            return Err(TicketError::Malformed("addresses"));
        }
        let mut roster = Roster::new(space);
        let chain: Vec<&[u8]> = wire.chain.iter().map(|bytes| bytes.as_slice()).collect();
        let invitation = roster.add_chain(&chain).map_err(|error| match error {
            super::AdmissionError::Statement(StatementError::OtherSpace(found)) => {
                TicketError::OtherSpace { named: space, found }
            }
            error => TicketError::Chain(error),
        })?;
        let act = roster.statement(&invitation).map(|statement| statement.act.clone());
        let Some(Act::Invitation { key, role, expires_ms, uses }) = act else {
            return Err(TicketError::Malformed("it holds no invitation"));
        };
        if device_of(&wire.seed).0 != key {
            return Err(TicketError::Malformed("its key is not the invitation's"));
        }
        let space_name = roster.space_name().unwrap_or_default().to_owned();
        let content = TicketContent { space, space_name, role, expires_ms, uses };
        Ok(Self { wire, roster, invitation, content })
    }
}

/// The line of text.
impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = minicbor::to_vec(&self.wire).map_err(|_| fmt::Error)?;
        let length = u16::try_from(content.len()).map_err(|_| fmt::Error)?;
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend_from_slice(&content);
        bytes.extend_from_slice(&checksum(&content));
        write!(f, "{MARK}{VERSION}{}", BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
    }
}

/// Without the secrets.
impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("content", &self.content).finish_non_exhaustive()
    }
}

impl FromStr for Ticket {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, TicketError> {
        // Copied lines come wrapped and with blanks.
        let line: String = text
            .split_whitespace()
            .collect::<String>()
            .chars()
            .take(4 * MAX_TICKET_BYTES)
            .collect();
        let line = line.to_ascii_uppercase();
        let body = line.strip_prefix(&MARK.to_ascii_uppercase()).ok_or(TicketError::NotATicket)?;
        let Some(body) = body.strip_prefix(VERSION) else {
            let later = body.starts_with(|first: char| first.is_ascii_digit());
            return Err(if later { TicketError::Version } else { TicketError::NotATicket });
        };
        // The first four characters hold the length: with it, an early end can be told from damage.
        let head = body
            .as_bytes()
            .first_chunk::<4>()
            .ok_or(TicketError::Truncated { missing: 4usize.saturating_sub(body.len()) })?;
        let length = read_length(head).ok_or(TicketError::Altered)?;
        if length > MAX_TICKET_BYTES {
            return Err(TicketError::Altered);
        }
        let expected = BASE32_NOPAD.encode_len(2 + length + CHECK_BYTES);
        if body.len() < expected {
            return Err(TicketError::Truncated { missing: expected - body.len() });
        }
        let bytes = BASE32_NOPAD.decode(body.as_bytes()).map_err(|_| TicketError::Altered)?;
        let content = &bytes[2..];
        let Some((content, check)) = content.split_last_chunk::<CHECK_BYTES>() else {
            return Err(TicketError::Altered);
        };
        if content.len() != length || *check != checksum(content) {
            return Err(TicketError::Altered);
        }
        wire::check(content).map_err(|_| TicketError::Malformed("not CBOR"))?;
        let wire = minicbor::decode(content).map_err(|_| TicketError::Malformed("not a ticket"))?;
        Self::from_wire(wire)
    }
}

fn is_hint(hint: &str) -> bool {
    (1..=MAX_HINT_BYTES).contains(&hint.len()) && hint.chars().all(|c| c.is_ascii_graphic())
}

/// The first sixteen of the twenty bits in four base32 characters.
fn read_length(head: &[u8; 4]) -> Option<usize> {
    let mut bits = 0;
    for symbol in head {
        let value = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'2'..=b'7' => symbol - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | usize::from(value);
    }
    Some(bits >> 4)
}

fn checksum(content: &[u8]) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key("dunlin 2026 ticket checksum v1");
    hasher.update(content);
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&hasher.finalize().as_bytes()[..CHECK_BYTES]);
    check
}
