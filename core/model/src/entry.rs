//! Register entries: the keys and payloads of the root map `f`.
//!
//! A key says which register, who wrote and a running number: `/a/b@AAAAAAAAAQ.1`. A payload is
//! deterministic CBOR (RFC 8949 §4.2.1) in one `Any::Buffer`, so numbers are exact, decoding is
//! bounded and yrs never recurses into it.

mod codec;

use std::{fmt, str::FromStr, sync::Arc};

use thiserror::Error;

use crate::{
    error::InvalidInput,
    ids::{Dot, Incarnation},
    limits::MAX_EPOCH,
    path::RegisterPath,
    state_vector::StateVector,
    value::Value,
};

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
            .filter(|key| key.to_string() == text)
            .ok_or_else(|| InvalidInput::new("not the key of an entry", "update the peer's Dunlin"))
    }
}

fn parse_key(text: &str) -> Option<EntryKey> {
    let (place, writer) = text.rsplit_once('@')?;
    let (incarnation, number) = match writer.split_once('.') {
        Some((incarnation, number)) => (incarnation, number.parse().ok()?),
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
        incarnation: incarnation.parse().ok()?,
        number,
    };
    let ends_with_item =
        || matches!(key.path.segments().last(), Some(crate::path::Segment::Item(_)));
    match marker {
        Marker::Existence | Marker::Position => ends_with_item().then_some(key),
        Marker::Register | Marker::Subtotal(_) => Some(key),
    }
}

fn parse_epoch(text: &str) -> Option<u32> {
    text.parse().ok().filter(|epoch| *epoch <= MAX_EPOCH)
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
    /// The epoch of the texts and counters that this entry names.
    pub epoch: u32,
    /// Entries above this path whose content here and below this one replaces.
    pub covers: Vec<Dot>,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A value; texts in it are named, their content is in their root texts.
    Value(Arc<Value>),
    /// Nothing is here.
    Absent,
    /// A list item: its fraction and its first value.
    Item(Vec<u8>, Arc<Value>),
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

    /// The entry as every other replica reads it: what texts start with goes to their roots, not
    /// into the payload.
    pub(crate) fn without_text_content(mut self) -> Self {
        if let Body::Value(value) | Body::Item(_, value) = &mut self.body
            && has_text(value)
        {
            empty_texts(Arc::make_mut(value));
        }
        self
    }

    /// Whether such an entry may stand under such a key.
    pub fn fits(&self, key: &EntryKey) -> bool {
        match (&self.body, key.marker) {
            (Body::Value(value), Marker::Register) => {
                !key.path.is_root() || matches!(**value, Value::Object(_))
            }
            (Body::Absent, Marker::Register | Marker::Existence)
            | (Body::Item(..), Marker::Existence)
            | (Body::Position(_), Marker::Position)
            | (Body::Subtotal { .. }, Marker::Subtotal(_)) => true,
            (Body::Deleted(_), Marker::Register) => key.path.is_root(),
            _ => false,
        }
    }
}

fn has_text(value: &Value) -> bool {
    match value {
        Value::Text(content) => !content.is_empty(),
        Value::List(items) => items.iter().any(has_text),
        Value::Object(fields) => fields.values().any(has_text),
        _ => false,
    }
}

fn empty_texts(value: &mut Value) {
    match value {
        Value::Text(content) => content.clear(),
        Value::List(items) => items.iter_mut().for_each(empty_texts),
        Value::Object(fields) => fields.values_mut().for_each(empty_texts),
        _ => {}
    }
}

/// The name of the root map of entries.
pub const ENTRIES_ROOT: &str = "f";

/// The name of the root text of one text: `t0/body`.
pub fn text_root(path: &RegisterPath, epoch: u32) -> String {
    format!("t{epoch}{path}")
}

/// Reads the name of a root text; none for any other root.
pub fn parse_text_root(name: &str) -> Option<(RegisterPath, u32)> {
    let rest = name.strip_prefix('t')?;
    let at = rest.find('/')?;
    let root = (rest[at..].parse().ok()?, parse_epoch(&rest[..at])?);
    (text_root(&root.0, root.1) == name).then_some(root)
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
        let path: RegisterPath = "/body".parse().unwrap();
        for epoch in [2, MAX_EPOCH] {
            assert_eq!(parse_text_root(&text_root(&path, epoch)), Some((path.clone(), epoch)));
        }
        let refused = ["f", "t", "t0", "t/body", "t00/body", "t-1/body", "x0/body"];
        for refused in refused.into_iter().chain(["t2147483648/body", "t4294967295/body"]) {
            assert_eq!(parse_text_root(refused), None, "{refused}");
        }
    }
}
