//! Register entries: the keys and payloads of the root map `f`.
//!
//! A key says which register, who wrote and a running number: `/a/b@AAAAAAAAAQ.1`. A payload is
//! deterministic CBOR (RFC 8949 §4.2.1) in one `Any::Buffer`, so numbers are exact, decoding is
//! bounded and yrs never recurses into it.

mod codec;
mod tree;

use std::{fmt, str::FromStr, sync::Arc};

use thiserror::Error;

use crate::{
    error::InvalidInput,
    ids::{Dot, Incarnation},
    limits::MAX_EPOCH,
    path::{RegisterPath, Segment},
    state_vector::StateVector,
};

pub use tree::{ContentHash, Tree};

pub(crate) use tree::{Beginning, Outside, has_lists, item_names, outside};

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Marker {
    /// The register at the path.
    Register,
    /// Whether the list item at the path exists; prefix `!`.
    Existence,
    /// Where the list item at the path stands; prefix `^`.
    Position,
    /// One writer's share of the counter at the path; prefix `+` and the epoch.
    Subtotal(u32),
}

/// The name of an entry in the root map `f`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey {
    /// The path of the register.
    pub path: RegisterPath,
    /// What the entry is about.
    pub marker: Marker,
    /// Who wrote it.
    pub incarnation: Incarnation,
    /// Tells apart entries of one writer at one register.
    pub number: u32,
}

impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.marker {
            Marker::Register => {}
            Marker::Existence => f.write_str("!")?,
            Marker::Position => f.write_str("^")?,
            Marker::Subtotal(epoch) => write!(f, "+{epoch}")?,
        }
        write!(f, "{}@{}", self.path, self.incarnation)?;
        if self.number > 0 {
            write!(f, ".{}", self.number)?;
        }
        Ok(())
    }
}

impl FromStr for EntryKey {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        parse_key(text)
            .ok_or_else(|| InvalidInput::new("not the key of an entry", "update the peer's Dunlin"))
    }
}

/// Each part in its one form.
fn parse_key(text: &str) -> Option<EntryKey> {
    let (place, writer) = text.rsplit_once('@')?;
    let (incarnation, number) = match writer.split_once('.') {
        Some((incarnation, number)) => {
            (incarnation, parse_number(number).filter(|number| *number > 0)?)
        }
        None => (writer, 0),
    };
    let (marker, path) = match place.as_bytes().first() {
        Some(b'!') => (Marker::Existence, &place[1..]),
        Some(b'^') => (Marker::Position, &place[1..]),
        Some(b'+') => {
            let path = place.find('/')?;
            (Marker::Subtotal(parse_epoch(&place[1..path])?), &place[path..])
        }
        _ => (Marker::Register, place),
    };
    let key = EntryKey {
        path: path.parse().ok()?,
        marker,
        incarnation: incarnation
            .parse()
            .ok()
            .filter(|parsed: &Incarnation| parsed.to_string() == incarnation)?,
        number,
    };
    let ends_with_item = || matches!(key.path.last(), Some(Segment::Item(_)));
    match marker {
        Marker::Existence | Marker::Position => ends_with_item().then_some(key),
        Marker::Register | Marker::Subtotal(_) => Some(key),
    }
}

fn parse_epoch(text: &str) -> Option<u32> {
    parse_number(text).filter(|epoch| *epoch <= MAX_EPOCH)
}

/// Digits without a zero or a sign before them.
fn parse_number(text: &str) -> Option<u32> {
    let is_canonical = text == "0" || matches!(text.as_bytes().first(), Some(b'1'..=b'9'));
    text.parse().ok().filter(|_| is_canonical)
}

/// One write, as it stands in the root map `f`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What was written.
    pub body: Body,
    /// The clock of the yrs item that carries this entry.
    pub clock: u32,
    /// The writer's wall clock, in milliseconds since 1970; no order among writers relies on it.
    pub time_ms: i64,
    /// The epoch of the texts, counters and lists that this entry begins.
    pub epoch: u32,
    /// Whether it was written over something: a list that it begins is then one of its own.
    pub over: bool,
    /// Entries above this path whose content here and below this one replaces.
    pub covers: Vec<Dot>,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A value; the content of texts in it is in their root texts.
    Value(Arc<Tree>),
    /// Nothing is here.
    Absent,
    /// A list item: its fraction and its first value.
    Item(Vec<u8>, Arc<Tree>),
    /// A list item's fraction.
    Position(Vec<u8>),
    /// What one writer has added and taken away.
    Subtotal {
        /// Sum of the positive increments.
        plus: i64,
        /// Sum of the negative increments, as a positive number.
        minus: i64,
    },
    /// The document is deleted; what its deleter had seen.
    Deleted(StateVector),
    /// The element that the path names is in the set.
    Member,
}

/// A payload that no honest Dunlin writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct BadEntry(pub &'static str);

impl Entry {
    /// Bytes of the payload.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads a payload strictly: one form only, bounded depth, nothing behind it.
    ///
    /// # Errors
    /// `BadEntry` says what is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadEntry> {
        let entry = codec::decode(bytes)?;
        if codec::encode(&entry) == bytes {
            Ok(entry)
        } else {
            Err(BadEntry("not in its one form"))
        }
    }

    /// Whether a payload may be a value or a removal, which what is there gives way to; without
    /// reading it.
    pub(crate) fn may_replace(payload: &[u8]) -> bool {
        codec::may_replace(payload)
    }

    /// Whether such an entry may stand under such a key.
    pub fn fits(&self, key: &EntryKey) -> bool {
        let is_element = matches!(key.path.last(), Some(Segment::Element(_)));
        match (&self.body, key.marker) {
            (Body::Value(tree), Marker::Register) => {
                !is_element && (!key.path.is_root() || matches!(**tree, Tree::Object(_)))
            }
            (Body::Absent, Marker::Register | Marker::Existence)
            | (Body::Item(..), Marker::Existence)
            | (Body::Position(_), Marker::Position) => true,
            (Body::Subtotal { .. }, Marker::Subtotal(_)) => !is_element,
            (Body::Deleted(_), Marker::Register) => key.path.is_root(),
            (Body::Member, Marker::Register) => is_element,
            _ => false,
        }
    }
}

/// The name of the root map of entries.
pub const ENTRIES_ROOT: &str = "f";

/// The name of one text: where it is, its epoch, and the write that began it with content. Those
/// that begin it empty share it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextRoot {
    /// Where the text is.
    pub path: RegisterPath,
    /// Its epoch.
    pub epoch: u32,
    /// The entry that began it; none for a text that was begun empty.
    pub begun: Option<Dot>,
}

/// The root's name in yrs: `t0/body`, or `t0.AAAAAAAAAQ.1f/body`.
impl fmt::Display for TextRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}", self.epoch)?;
        if let Some(dot) = self.begun {
            write!(f, ".{dot}")?;
        }
        write!(f, "{}", self.path)
    }
}

impl TextRoot {
    /// Reads the name of a root text; none for any other root.
    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix('t')?;
        let at = rest.find('/')?;
        let (epoch, begun) = match rest[..at].split_once('.') {
            Some((epoch, dot)) => (epoch, Some(dot.parse().ok()?)),
            None => (&rest[..at], None),
        };
        let root = Self { path: rest[at..].parse().ok()?, epoch: parse_epoch(epoch)?, begun };
        (root.to_string() == name).then_some(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_canonical() {
        for text in [
            "@AAAAAAAAAQ",
            "/a@AAAAAAAAAQ.3",
            "+0/n@AAAAAAAAAQ",
            "+2147483647/n@AAAAAAAAAQ",
            "!/l/@AAAAAAAAAQ.4@AAAAAAAAAQ",
            "/s/=\"a@b\"@AAAAAAAAAQ.1",
        ] {
            assert_eq!(text.parse::<EntryKey>().map(|key| key.to_string()), Ok(text.to_owned()));
        }
        for refused in [
            "",
            "/a",
            "/a@AAAAAAAAAQ.0",
            "/a@AAAAAAAAAQ.01",
            "!/a@AAAAAAAAAQ",
            "+/a@AAAAAAAAAQ",
            "a@AAAAAAAAAQ",
            "+2147483648/n@AAAAAAAAAQ",
        ] {
            assert!(refused.parse::<EntryKey>().is_err(), "{refused}");
        }
    }

    #[test]
    fn text_roots_are_canonical() {
        for name in [
            "t0/body",
            "t2147483647/body",
            "t0.AAAAAAAAAQ.1f/body",
            "t7.EAAAAAAAAA.0/l/@AAAAAAAAAQ.5",
        ] {
            assert_eq!(TextRoot::parse(name).map(|root| root.to_string()).as_deref(), Some(name));
        }
        let refused = ["f", "t", "t0", "t/body", "t00/body", "t-1/body", "x0/body", "t0./body"];
        for refused in refused.into_iter().chain([
            "t2147483648/body",
            "t4294967295/body",
            "t0.AAAAAAAAAQ/body",
            "t0.AAAAAAAAAQ.01/body",
        ]) {
            assert_eq!(TextRoot::parse(refused), None, "{refused}");
        }
    }
}
