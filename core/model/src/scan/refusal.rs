//! Why an update is not applied, sorted by whose fault it is.
//!
//! Only what the bytes alone show is the sender's fault: whatever a replica holds and hands on
//! passes that. What depends on what this replica holds may be anybody's doing.

use thiserror::Error;

use crate::{entry::BadEntry, ids::Incarnation};

/// The update breaks a rule that every honest peer keeps: the sender's fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// More bytes than any honest update has.
    #[error("the update is too large: {bytes} bytes")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// The bytes end too early.
    #[error("the update is cut short")]
    Truncated,
    /// Bytes follow the delete set.
    #[error("bytes follow the end of the update")]
    TrailingBytes,
    /// An integer is too wide, or not in its shortest form.
    #[error("an integer is too wide or not in its shortest form")]
    Integer,
    /// A count claims more things than the bytes left can hold.
    #[error("a count claims more than the bytes that are left")]
    CountBeyondBytes,
    /// A length claims more bytes than are left.
    #[error("a length claims more than the bytes that are left")]
    LengthBeyondBytes,
    /// A string is not UTF-8.
    #[error("a string is not UTF-8")]
    NotUtf8,
    /// A client id of 2^53 or more.
    #[error("a client id is 2^53 or more")]
    ClientOutOfBounds,
    /// A clock, or a clock and a length, of 2^31 or more.
    #[error("a clock is 2^31 or more")]
    ClockOutOfBounds,
    /// Writers not in strictly descending order.
    #[error("the writers are not in descending order")]
    WritersUnsorted,
    /// A writer without blocks.
    #[error("a writer has no blocks")]
    EmptyWriter,
    /// A block of no length.
    #[error("a block is empty")]
    EmptyBlock,
    /// A block that stands for missing ones.
    #[error("a block skips over missing ones")]
    SkipBlock,
    /// A block without a place: only what was nested leaves them behind, and nothing is nested.
    #[error("a block has no place in the document")]
    GarbageBlock,
    /// Content that documents do not hold: nested types, subdocuments, links, formats, embeds.
    #[error("a block's content is not allowed (info byte {info:#04x})")]
    ContentKind {
        /// The block's first byte.
        info: u8,
    },
    /// A block inside another block.
    #[error("a block is nested in another one")]
    NestedParent,
    /// A root that is neither the entries nor a text of a canonical name.
    #[error("a root's name is not allowed")]
    RootName,
    /// Text among the entries, an entry within a text, or a keyed block outside the entries.
    #[error("a block's content does not fit where it stands")]
    ContentDoesNotFit,
    /// An entry's value is something else than one buffer.
    #[error("an entry's value is not one buffer")]
    EntryNotOneBuffer,
    /// An entry's key is not canonical.
    #[error("an entry's key is not allowed")]
    EntryKey,
    /// An entry's key names another writer than its block.
    #[error("an entry is written under another writer's key")]
    EntryWriter,
    /// An entry's payload cannot be decoded.
    #[error("an entry's payload is malformed: {0}")]
    EntryPayload(#[from] BadEntry),
    /// An entry's payload does not fit its key.
    #[error("an entry's payload does not fit its key")]
    EntryMisplaced,
    /// An entry's payload states another clock than its block has.
    #[error("an entry's payload states another clock than its block")]
    EntryClock,
    /// A founder's content is not what a document can begin with, or not what its id stands for.
    #[error("a founder's content is not what it stands for")]
    Founder,
    /// An entry covers itself or a later one of its writer.
    #[error("an entry covers itself or what its writer did later")]
    EntryCoversItself,
    /// Blocks that refer to themselves or to one another in a circle.
    #[error("blocks refer to one another in a circle")]
    Cyclic,
    /// Deletions that are unsorted or overlap.
    #[error("deletions are unsorted or overlap")]
    DeletionsUnsorted,
    /// A deletion of nothing.
    #[error("a deletion is empty")]
    EmptyDeletion,
}

/// The update contradicts what this replica holds: two writers used one identity somewhere, or a
/// member writes nonsense, and it need not be the sender. The document is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Diverged {
    /// An entry covers something that is no entry.
    #[error("an entry covers text")]
    EntryCoversText,
    /// An entry replaces an entry of another writer.
    #[error("an entry follows an entry of another writer under its key")]
    EntryOrigin,
    /// A block's neighbours belong to different roots.
    #[error("a block stands between neighbours of different roots")]
    NeighboursDiffer,
    /// A block between neighbours that never stood next to each other.
    #[error("a block stands between neighbours that never were neighbours")]
    NeighboursApart,
    /// A block that is partly known belongs to another root than its known part.
    #[error("a block continues a known one of another root")]
    OverlapDiffers,
    /// Client ids chosen to collide in yrs's hash tables, where an id is its own hash.
    #[error("too many client ids share their low bits")]
    CrowdedWriters,
    /// An entry's payload does not fit the key that it takes over.
    #[error("an entry's payload does not fit the key that it takes over")]
    EntryMisplaced,
    /// Text next to an entry, or an entry next to text.
    #[error("a block's content does not fit its neighbours")]
    ContentDoesNotFit,
}

/// What is counted of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Bytes of the encoded state.
    Bytes,
    /// Writers (incarnations).
    Writers,
    /// Root texts, over all epochs.
    Texts,
}

impl Measure {
    /// `bytes`, `writers` or `texts`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Writers => "writers",
            Self::Texts => "texts",
        }
    }
}

/// The document would outgrow a bound: nobody's fault, a state of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the document has {has} {what} here and would have {needs}, of at most {bound}", what = .measure.as_str())]
pub struct NoRoom {
    /// What there would be too much of.
    pub measure: Measure,
    /// How much this replica holds.
    pub has: u64,
    /// How much it would hold.
    pub needs: u64,
    /// The bound.
    pub bound: u64,
}

/// The update builds on something that this replica does not hold: nobody's fault, a diff heals
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("operations {have} to {needs} of writer {writer} are missing here")]
pub struct Gap {
    /// Whose operations are missing; the first found.
    pub writer: Incarnation,
    /// How many of them the replica and the update hold together.
    pub have: u32,
    /// How many the update builds on.
    pub needs: u32,
}

/// Why an update is not applied.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The sender's fault.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Nobody's fault: something is missing here.
    #[error(transparent)]
    Gap(#[from] Gap),
    /// Nobody's fault: the document is full.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// Not known whose fault: it does not go with what is here.
    #[error(transparent)]
    Diverged(#[from] Diverged),
}
