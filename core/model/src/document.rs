//! One mergeable document over one yrs `Doc`.

mod bounds;
mod conflicts;
mod delete;
mod digest;
mod edit;
mod gone;
mod history;
mod index;
mod inside;
mod largest;
mod list;
mod locate;
mod merge;
mod mirror;
mod picture;
mod read;
mod refound;
mod replace;
mod replica;
mod room;
mod text;
mod write;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use thiserror::Error;
use yrs::{
    Doc, MapRef, OffsetKind, Options, ReadTxn, TextRef, Transact, Update, block::ClientID,
    updates::decoder::Decode,
};

use crate::{
    entry::{ENTRIES_ROOT, TextRoot},
    ids::Incarnation,
    registers::Registers,
    scan::{self, Diverged, Gap, Known, Malformed, NoRoom, Refusal},
    state_vector::StateVector,
    text_index::TextIndex,
    version::Version,
    view::{Lists, Place},
};
use history::History;

pub use conflicts::Conflict;
pub use gone::{GoneItem, MAX_GONE};
pub use largest::Large;
pub use text::Anchor;

/// Whether what an update does in texts has to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Texts {
    /// Somebody may have read them.
    Followed,
    /// Nobody can have.
    Unread,
}

/// Why a poisoned document does nothing more.
const FAILED_BEFORE: &str = "an earlier change failed halfway";

/// A document: one yrs `Doc` and what its entries say.
///
/// One owner at a time; nothing here blocks, waits or reads a clock. A document that
/// [is poisoned](Self::is_poisoned) takes neither edits nor updates: it must be thrown away and
/// loaded anew under a fresh incarnation.
pub struct Document {
    doc: Doc,
    entries: MapRef,
    texts: BTreeMap<TextRoot, TextRef>,
    registers: Registers,
    lists: Lists,
    known: Known,
    incarnation: Incarnation,
    seq: i64,
    history: History,
    /// Where things are in the texts, once that is asked often enough.
    index: Option<TextIndex>,
    /// How many edits have named a position in a text.
    positional_edits: u32,
    /// Bytes of the state, counted up by every change; exact after `snapshot`.
    encoded_len: usize,
    /// Whether that count is exact.
    is_measured: bool,
    poisoned: bool,
}

/// What one transaction changed; empty if it changed nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The delta in yrs V1 encoding: what is stored and what travels.
    pub update: Vec<u8>,
    /// The registers that changed, as printed paths, sorted.
    pub paths: Vec<String>,
    /// The list items that it took away, as they were shown here; at most [`MAX_GONE`].
    pub gone: Vec<GoneItem>,
}

impl Change {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.update.is_empty()
    }
}

/// What became of a foreign update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It brought news.
    Changed(Change),
    /// All of it was known.
    Known,
}

/// Why a foreign update was not applied; the document is as it was, unless it is poisoned.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// No honest peer sends this.
    #[error("malformed update: {0}")]
    Malformed(#[from] Malformed),
    /// Something in between is missing; ask for a diff.
    #[error("the update builds on something unknown: {0}")]
    Gap(#[from] Gap),
    /// The document would outgrow its bounds.
    #[error("no room: {0}")]
    NoRoom(#[from] NoRoom),
    /// It contradicts what is here.
    #[error("the document has diverged: {0}")]
    Diverged(#[from] Diverged),
    /// yrs failed on it: load the document anew and quarantine the bytes.
    #[error("yrs could not apply the update: {0}")]
    Poisoned(String),
}

/// Stored bytes that are no document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the stored document is damaged: {0}")]
pub struct Corrupt(pub String);

impl Document {
    /// A document without content.
    pub fn new(incarnation: Incarnation) -> Self {
        let options = Options {
            offset_kind: OffsetKind::Utf16,
            skip_gc: false,
            cleanup_formatting: false,
            ..Options::with_guid_and_client_id("".into(), ClientID::new(incarnation.client()))
        };
        let doc = Doc::with_options(options);
        let entries = doc.get_or_insert_map(ENTRIES_ROOT);
        Self {
            doc,
            entries,
            texts: BTreeMap::new(),
            registers: Registers::default(),
            lists: Lists::default(),
            known: Known::default(),
            incarnation,
            seq: 0,
            history: History::default(),
            index: None,
            positional_edits: 0,
            encoded_len: 0,
            is_measured: false,
            poisoned: false,
        }
    }

    /// Loads a document from its snapshot and the updates since, which are read as strictly as
    /// foreign ones.
    ///
    /// # Errors
    /// `Corrupt` if the bytes are no document.
    pub fn load(
        generation: u32,
        snapshot: Option<&[u8]>,
        updates: &[Vec<u8>],
        incarnation: Incarnation,
        seq: i64,
    ) -> Result<Self, Corrupt> {
        let mut document = Self::new(incarnation);
        document.known.generation = generation;
        document.seq = seq;
        document.history = History::since(seq);
        for part in snapshot.into_iter().chain(updates.iter().map(Vec::as_slice)) {
            document.integrate(part, Texts::Unread).map_err(|error| Corrupt(error.to_string()))?;
            document.encoded_len += part.len();
        }
        document.history = History::since(seq);
        Ok(document)
    }

    /// Applies what another replica sent, after the scanner has allowed it.
    ///
    /// # Errors
    /// [`ApplyError`]; after `Poisoned` the document must be thrown away.
    pub fn apply(&mut self, update: &[u8]) -> Result<Applied, ApplyError> {
        if self.poisoned {
            return Err(ApplyError::Poisoned(FAILED_BEFORE.into()));
        }
        self.check_room(update)?;
        let Some(change) = self.integrate(update, Texts::Followed)? else {
            return Ok(Applied::Known);
        };
        self.encoded_len += change.update.len();
        self.is_measured = false;
        Ok(Applied::Changed(change))
    }

    /// Scans an update, has yrs apply it, and mirrors what is new; none if all of it was known.
    /// Poisons on anything that yrs does not finish.
    fn integrate(&mut self, update: &[u8], texts: Texts) -> Result<Option<Change>, ApplyError> {
        let scanned = scan::read(update)?;
        let held = self.held_of(&scanned);
        self.known.absorb(&scanned).map_err(|refusal| match refusal {
            Refusal::Malformed(malformed) => ApplyError::Malformed(malformed),
            Refusal::Gap(gap) => ApplyError::Gap(gap),
            Refusal::NoRoom(no_room) => ApplyError::NoRoom(no_room),
            Refusal::Diverged(diverged) => ApplyError::Diverged(diverged),
        })?;
        if texts == Texts::Followed {
            self.index_before(&scanned, &held);
        }
        let shown = match texts {
            Texts::Followed => self.shown_before(&scanned, &held),
            Texts::Unread => gone::Shown::new(),
        };
        let doc = self.doc.clone();
        let mut txn =
            doc.try_transact_mut().map_err(|error| ApplyError::Poisoned(error.to_string()))?;
        let applied = catch_unwind(AssertUnwindSafe(|| {
            let decoded = Update::decode_v1(update).map_err(|error| error.to_string())?;
            txn.apply_update(decoded).map_err(|error| error.to_string())?;
            txn.commit();
            if txn.has_missing_updates() {
                return Err("something is left pending".to_owned());
            }
            Ok(txn.has_changes().then(|| mirror::News::of(&txn, &scanned, &held, update)))
        }));
        debug_assert_eq!(replica::state_vector_of(&txn), self.known.state_vector());
        drop(txn);
        match applied {
            Ok(Ok(None)) => Ok(None),
            Ok(Ok(Some(news))) => {
                let paths = self.absorb(&scanned, &held, &news);
                let gone = self.gone_of(shown);
                Ok(Some(Change { update: news.delta, paths, gone }))
            }
            Ok(Err(error)) => Err(self.poison(error)),
            Err(_) => Err(self.poison("a panic".into())),
        }
    }

    fn poison(&mut self, why: String) -> ApplyError {
        self.poisoned = true;
        ApplyError::Poisoned(why)
    }

    /// The whole document, to be looked at.
    fn place(&self) -> Place<'_> {
        Place::root(&self.registers, &self.lists)
    }

    /// Notes that the last change is durable under this local sequence number, which the next
    /// [`version`](Self::version) carries.
    pub fn committed(&mut self, seq: i64) {
        self.seq = seq;
        self.history.commit(seq);
        self.lists.committed();
    }

    /// Whether a failed change has left this in-memory copy unusable.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// The writer that local edits are made under.
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// The generation: raised when a document starts anew from its present content.
    pub fn generation(&self) -> u32 {
        self.known.generation
    }

    /// The operations that this replica holds.
    pub fn state_vector(&self) -> StateVector {
        self.known.state_vector()
    }

    /// What a caller that reads now has seen.
    pub fn version(&self) -> Version {
        Version {
            generation: self.known.generation,
            seq: self.seq,
            state_vector: self.state_vector(),
        }
    }

    /// About how many bytes the state takes; an upper bound.
    pub fn encoded_len(&self) -> usize {
        self.encoded_len
    }
}

#[cfg(test)]
mod tests;
