//! Names of things: devices, spaces, documents, writers and their writes.

use std::{fmt, str::FromStr};

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};

use crate::error::InvalidInput;

/// Longest document id, in bytes of UTF-8.
pub const MAX_DOC_KEY_BYTES: usize = 128;
/// Longest collection name, in bytes.
pub const MAX_COLLECTION_BYTES: usize = 63;

macro_rules! key_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The first ten characters of the printed form, for people and logs.
            pub fn short(&self) -> String {
                self.to_string()[..10].to_owned()
            }
        }

        /// Lower-case RFC 4648 base32 without padding, 52 characters.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = InvalidInput;

            fn from_str(text: &str) -> Result<Self, InvalidInput> {
                BASE32_NOPAD
                    .decode(text.to_ascii_uppercase().as_bytes())
                    .ok()
                    .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
                    .map(Self)
                    .ok_or_else(|| {
                        InvalidInput::new(
                            format!("{text:?} is not a key id"),
                            "give the 52 characters that `dunlin status` prints",
                        )
                    })
            }
        }
    };
}

key_id! {
    /// One installation: its Ed25519 public key.
    DeviceId
}
key_id! {
    /// A set of documents shared by a set of devices: the public key of its root key pair.
    SpaceId
}

/// Hash of a document's causal state and content; equal digest = same document.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", HEXLOWER.encode(&self.0[..5]))
    }
}

/// A collection's name: `[a-z][a-z0-9_]{0,62}`; or `_` before such a name, for those of the system,
/// which apps neither open nor query.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Collection(String);

impl Collection {
    /// The collection of the writers' books: one document a device.
    pub fn writers() -> Self {
        Self("_writers".to_owned())
    }

    /// Reads the name of a collection that may be one of the system, as devices store and exchange it.
    ///
    /// # Errors
    /// `InvalidInput` for a name that no collection has.
    pub fn of_any_kind(name: &str) -> Result<Self, InvalidInput> {
        match name.strip_prefix('_') {
            Some(rest) if name.len() <= MAX_COLLECTION_BYTES => {
                rest.parse::<Self>().map(|_| Self(name.to_owned()))
            }
            _ => name.parse(),
        }
    }

    /// Whether it is one of the system.
    pub fn is_system(&self) -> bool {
        self.0.starts_with('_')
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Collection {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let mut bytes = text.bytes();
        let first_is_letter = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase());
        let rest_is_word =
            bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if first_is_letter && rest_is_word && text.len() <= MAX_COLLECTION_BYTES {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidInput::new(
            format!("{text:?} is not a collection name"),
            "use 1 to 63 characters: a lower-case letter, then lower-case letters, digits or _",
        ))
    }
}

/// A document's id within its collection: 1 to 128 bytes of UTF-8 without control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DocKey(String);

impl DocKey {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DocKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DocKey {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        if (1..=MAX_DOC_KEY_BYTES).contains(&text.len()) && !text.chars().any(char::is_control) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidInput::new(
            format!("{:?} is not a document id", text.chars().take(40).collect::<String>()),
            "use 1 to 128 bytes of UTF-8 without control characters",
        ))
    }
}

/// A document's full name in its space.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DocId {
    /// The collection it belongs to.
    pub collection: Collection,
    /// Its id in that collection.
    pub key: DocKey,
}

impl DocId {
    /// Parses the two halves.
    ///
    /// # Errors
    /// `InvalidInput` where either half breaks its rule.
    pub fn parse(collection: &str, key: &str) -> Result<Self, InvalidInput> {
        Ok(Self { collection: collection.parse()?, key: key.parse()? })
    }

    /// Parses the two halves of a name that may be in a collection of the system.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn of_any_kind(collection: &str, key: &str) -> Result<Self, InvalidInput> {
        Ok(Self { collection: Collection::of_any_kind(collection)?, key: key.parse()? })
    }

    /// The first 16 bytes of BLAKE3 over `collection ‖ 0x00 ‖ id`, in its own key context.
    pub fn hash(&self) -> DocHash {
        let mut hasher = blake3::Hasher::new_derive_key("dunlin 2026 document name v1");
        hasher.update(self.collection.as_str().as_bytes());
        hasher.update(&[0]);
        hasher.update(self.key.as_str().as_bytes());
        let mut hash = [0; 16];
        hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        DocHash(hash)
    }
}

/// A document's name at a fixed size, as set reconciliation and frames carry it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocHash(pub [u8; 16]);

impl DocHash {
    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for DocHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for DocHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocHash({})", HEXLOWER.encode(&self.0[..5]))
    }
}

impl fmt::Display for DocId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.collection, self.key)
    }
}

/// One yrs client id. Below 2⁵² it is a device's: fresh random bits, one process run, one space,
/// never re-used. From 2⁵² on it is a *founder*, which stands for content: what a document starts
/// with is written under it, so that whoever begins a document alike makes the same bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(u64);

impl Incarnation {
    /// The bound below which client ids lie: JavaScript's safe integers, as yrs requires.
    pub const BOUND: u64 = 1 << 53;
    /// No incarnation is less.
    pub(crate) const FIRST: Self = Self(0);
    /// The first of the founders.
    pub const FIRST_FOUNDER: u64 = 1 << 52;

    /// Takes 52 bits of the eight random bytes.
    pub const fn from_random(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes) & (Self::FIRST_FOUNDER - 1))
    }

    /// The founder of these 52 bits of a hash.
    pub(crate) const fn founder(hash: [u8; 8]) -> Self {
        Self(Self::from_random(hash).0 | Self::FIRST_FOUNDER)
    }

    /// Whether it stands for content, not for a device.
    pub const fn is_founder(self) -> bool {
        self.0 >= Self::FIRST_FOUNDER
    }

    /// A client id off the wire, or none if it is out of bounds.
    pub const fn from_client(client: u64) -> Option<Self> {
        if client < Self::BOUND { Some(Self(client)) } else { None }
    }

    /// The yrs client id.
    pub const fn client(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.to_be_bytes();
        f.write_str(&BASE64URL_NOPAD.encode(&bytes[1..]))
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incarnation({self})")
    }
}

impl FromStr for Incarnation {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let mut bytes = [0; 8];
        let decoded = BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_default();
        if decoded.len() == 7 {
            bytes[1..].copy_from_slice(&decoded);
            if let Some(incarnation) = Self::from_client(u64::from_be_bytes(bytes)) {
                return Ok(incarnation);
            }
        }
        Err(InvalidInput::new(
            format!("{text:?} is not an incarnation"),
            "give an id that Dunlin printed",
        ))
    }
}

/// Names one write: (client, clock) of its yrs item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot {
    /// Who wrote.
    pub incarnation: Incarnation,
    /// That writer's operation count before this one.
    pub clock: u32,
}

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:x}", self.incarnation, self.clock)
    }
}

impl fmt::Debug for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dot({self})")
    }
}

impl FromStr for Dot {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let parsed = text.split_once('.').and_then(|(incarnation, clock)| {
            let canonical = !clock.starts_with(['0', '+']) || clock == "0";
            let lower = !clock.bytes().any(|byte| byte.is_ascii_uppercase());
            Some(Self {
                incarnation: incarnation.parse().ok()?,
                clock: u32::from_str_radix(clock, 16).ok().filter(|_| canonical && lower)?,
            })
        });
        parsed.ok_or_else(|| {
            InvalidInput::new(format!("{text:?} is not a dot"), "give an id that Dunlin printed")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_of_the_system_are_read_where_devices_name_them_and_refused_to_apps() {
        let writers = Collection::writers();
        assert!(writers.is_system() && writers.as_str().parse::<Collection>().is_err());
        assert_eq!(Collection::of_any_kind("_writers"), Ok(writers));
        assert!(Collection::of_any_kind("tasks").is_ok_and(|tasks| !tasks.is_system()));
        for refused in ["_", "__a", "_A", "", &format!("_{}", "a".repeat(63))] {
            assert!(Collection::of_any_kind(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_document_hash_tells_the_two_halves_of_the_name_apart() {
        let hash = |collection, key| DocId::parse(collection, key).unwrap().hash();
        assert_eq!(hash("tasks", "1"), hash("tasks", "1"));
        assert_ne!(hash("tasks", "1"), hash("task", "s1"));
        assert_eq!(hash("tasks", "1").to_string(), "f82ca50707cd8c4d668a3dd0378cbe86");
    }
}
