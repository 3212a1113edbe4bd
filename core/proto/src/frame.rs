//! Frames: what the two sides of a connection say to each other, as described in
//! `docs/PROTOCOL.md`.
//!
//! A frame is a CBOR number, its type, followed by a CBOR map with numeric keys. Unknown types and
//! unknown keys are skipped, so that later releases can add to the protocol. On a byte stream each
//! frame is preceded by its length as four bytes, big-endian; that prefix is the carrier's.

mod codec;
mod content;

use dunlin_model::{Digest, DocHash, NoRoom, StateVector};

pub use content::{Content, DocEntry};

use crate::error::FrameError;

/// The revision of the protocol that this release speaks.
pub const REVISION: u16 = 1;
/// The earliest revision that it still understands.
pub const OLDEST_REVISION: u16 = 1;

/// The number by which a frame names a space: the place of one of the receiver's own tags for
/// that space in the receiver's hello.
pub type Slot = u16;

/// One frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Frame {
    /// First frame of each side: which revisions it speaks, and one tag for each secret it knows.
    Hello {
        /// The latest revision it speaks.
        revision: u16,
        /// The earliest revision it understands.
        oldest: u16,
        /// Tags of [`TAG_BYTES`] bytes each, one after the other, padded with random ones.
        tags: Vec<u8>,
    },
    /// "I do not know your device in this space: present your chain."
    Ask {
        /// The space.
        space: Slot,
    },
    /// The sender's chain of statements, from the root to its own.
    Present {
        /// The space.
        space: Slot,
        /// The statements.
        chain: Vec<Vec<u8>>,
    },
    /// "You are a member here, with this role."
    Open {
        /// The space.
        space: Slot,
        /// The receiver's role as the sender's roster has it.
        role: u8,
        /// First half of the sender's roster fingerprint.
        roster: [u8; 16],
    },
    /// Which statements the sender has, where the fingerprints differ.
    Have {
        /// The space.
        space: Slot,
        /// The first 16 bytes of each statement's hash, one after the other.
        statements: Vec<u8>,
    },
    /// Statements that the receiver lacks.
    Statements {
        /// The space.
        space: Slot,
        /// The statements, each after the one it rests on.
        statements: Vec<Vec<u8>>,
        /// Whether this ends the answer to a `Have`.
        last: bool,
    },
    /// The sender's set of documents in brief; opens a round of reconciliation.
    Summary {
        /// The space.
        space: Slot,
        /// How many documents.
        count: u64,
        /// Sum of their hashes.
        sum: [u8; 32],
    },
    /// One message of set reconciliation.
    Reconcile {
        /// The space.
        space: Slot,
        /// The message, in the format of negentropy version 1.
        message: Vec<u8>,
    },
    /// Documents that the sender wants, with what it has of each.
    Want {
        /// The space.
        space: Slot,
        /// The documents.
        documents: Vec<WantEntry>,
    },
    /// Documents that the receiver wanted or is known to lack.
    Docs {
        /// The space.
        space: Slot,
        /// The documents, see [`DocEntry`].
        content: Content,
        /// Wanted documents that the sender cannot give.
        missing: Vec<DocHash>,
    },
    /// The next part of the last document of a `Docs` frame.
    Chunk {
        /// The space.
        space: Slot,
        /// The bytes.
        content: Content,
    },
    /// Updates that have just been committed at the sender.
    Push {
        /// The space.
        space: Slot,
        /// The documents, see [`DocEntry`].
        content: Content,
    },
    /// Updates that have just been committed at the sender as one: the receiver is to show all of
    /// them or none.
    Unit {
        /// The space.
        space: Slot,
        /// The documents, see [`DocEntry`].
        content: Content,
    },
    /// Documents that changed at the sender while the receiver was slow; it should want them.
    Offer {
        /// The space.
        space: Slot,
        /// The documents.
        documents: Vec<DocHash>,
    },
    /// The sender has given and received everything that this round of reconciliation found.
    Done {
        /// The space.
        space: Slot,
        /// Whether anything was transferred, so that another round is worth while.
        moved: bool,
        /// Documents that differ although both sides gave everything.
        diverged: Vec<DocHash>,
        /// Documents that differ since they do not fit at one side or both.
        aside: Vec<DocHash>,
    },
    /// What the receiver handed over was not taken.
    Refuse {
        /// The space.
        space: Slot,
        /// Why, see [`RefuseCode`](crate::error::RefuseCode).
        code: u16,
        /// Which documents; none if it is about the space.
        documents: Vec<DocHash>,
    },
    /// What the sender's device is about at the moment; takes the place of what it said before.
    Presence {
        /// The space.
        space: Slot,
        /// For how long it holds from its arrival, in milliseconds.
        ttl_ms: u32,
        /// JSON text of at most [`MAX_PRESENCE_BYTES`](crate::limits::MAX_PRESENCE_BYTES); empty
        /// to withdraw.
        state: String,
    },
    /// Documents that the receiver handed over and that do not fit at the sender: nobody's fault.
    NoRoom {
        /// The space.
        space: Slot,
        /// The documents.
        documents: Vec<KeptOut>,
    },
}

/// A document whose update was kept out, since the document would outgrow a bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeptOut {
    /// The document.
    pub document: DocHash,
    /// Its digest where the update was kept out.
    pub here: Digest,
    /// Its digest where the update came from, if that was said.
    pub there: Option<Digest>,
    /// What there would be too much of.
    pub no_room: NoRoom,
}

/// One document in a `Want`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WantEntry {
    /// The document.
    pub document: DocHash,
    /// The generation that the sender holds.
    pub generation: u32,
    /// What the sender holds.
    pub state_vector: StateVector,
    /// Whether the answer should say what the receiver holds, so that the sender can give back.
    pub echo: bool,
}

/// Bytes of a tag.
pub const TAG_BYTES: usize = 16;

impl Frame {
    /// The frame's bytes.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads a frame; none for a type that this release does not know.
    ///
    /// # Errors
    /// What is wrong with the bytes, whatever they are.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, FrameError> {
        codec::decode(bytes)
    }
}
