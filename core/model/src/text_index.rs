//! Where things are in the texts of a document, without a walk through them.
//!
//! yrs finds a position by walking its blocks from the first one, in milliseconds for a long text.
//! The index keeps the runs of all root texts in document order, deleted ones too. It says which
//! operations are left and right of a position, and where an operation is, in logarithmic time. A
//! local splice is [composed](crate::compose) from that.
//!
//! Everything else that changes the document reaches the index as the update that it is, read by
//! [`scan`](crate::scan): a peer's, a stored state, one that brings entries alone. It integrates
//! the blocks by yrs' own rule (YATA), so nothing reads the private blocks of yrs.
//!
//! Invariant: the index holds exactly the operations of the texts below its clocks, in the order
//! of yrs. When it says [`Hole`] it is half-way: it must be dropped and built anew. The same goes
//! for splices that were not applied in the end.

mod find;
mod integrate;
mod order;
mod run;
mod splice;
mod writers;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use thiserror::Error;

use crate::{
    ids::{Dot, Incarnation},
    scan::Scanned,
};
use order::{Chunk, Order};
use run::{Id, Run};
use writers::Writers;

/// The runs of all texts of a document.
#[derive(Debug)]
pub struct TextIndex {
    writers: Writers,
    texts: Vec<Text>,
    numbers: BTreeMap<Arc<str>, usize>,
    chunks: Vec<Chunk>,
    /// The chunk of each run, by the run's first operation.
    chunk_of: BTreeMap<Id, usize>,
    /// The second halves of surrogate pairs that are there: nothing may be cut before them.
    low_surrogates: BTreeSet<Id>,
}

#[derive(Debug)]
struct Text {
    root: Arc<str>,
    order: Order,
}

/// What an update did to the visible content of a text, in UTF-16 code units; each change comes
/// after the ones before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextChange {
    /// The name of the root text.
    pub root: Arc<str>,
    /// Where.
    pub at: u32,
    /// How much is gone from there.
    pub delete: u32,
    /// How much was then put there.
    pub insert: u32,
}

/// Why a splice is refused; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SpliceError {
    /// The text ends before the splice does.
    #[error("the text has {length} code units")]
    OutOfRange {
        /// UTF-16 code units of the text.
        length: u32,
    },
    /// An end of the splice is inside a character of two code units.
    #[error("index {index} is inside a surrogate pair")]
    InsideSurrogatePair {
        /// The end.
        index: u32,
    },
}

/// An update builds on something that the index has not been given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the index of texts lacks what an update builds on")]
pub struct Hole;

impl TextIndex {
    /// The index of a document without content, for splices by this writer.
    pub fn new(writer: Incarnation) -> Self {
        Self {
            writers: Writers::new(writer),
            texts: Vec::new(),
            numbers: BTreeMap::new(),
            chunks: Vec::new(),
            chunk_of: BTreeMap::new(),
            low_surrogates: BTreeSet::new(),
        }
    }

    /// The index of a whole state, which takes about as long as loading the document.
    ///
    /// # Errors
    /// `Hole` if the state builds on something else.
    pub fn of_state(state: &Scanned<'_>, writer: Incarnation) -> Result<Self, Hole> {
        let mut index = Self::new(writer);
        index.integrate(state, None)?;
        Ok(index)
    }

    /// Follows an update that yrs has integrated, and says what it changed. What is known is
    /// skipped, the index's own splices too.
    ///
    /// # Errors
    /// `Hole`, and then the index must be dropped.
    pub fn apply(&mut self, update: &Scanned<'_>) -> Result<Vec<TextChange>, Hole> {
        let mut changes = Vec::new();
        self.integrate(update, Some(&mut changes))?;
        Ok(changes)
    }

    /// UTF-16 code units of a root text; none of one that is not there.
    pub fn len(&self, root: &str) -> u32 {
        self.numbers.get(root).map_or(0, |text| self.texts[*text].order.width())
    }

    /// How many runs the index keeps.
    pub fn run_count(&self) -> usize {
        self.chunk_of.len()
    }

    /// The operation that put the code unit at a position there; none at the end and beyond.
    pub fn dot_at(&self, root: &str, at: u32) -> Option<Dot> {
        let text = *self.numbers.get(root)?;
        let (place, offset) = self.unit(text, at)?;
        Some(self.writers.dot(self.run(place).id.plus(offset)))
    }

    /// In which root text an operation is, and where there: of a deleted one, where it was.
    pub fn position(&self, dot: Dot) -> Option<(&str, u32)> {
        let (place, offset) = self.find(self.writers.id(dot)?)?;
        let offset = if self.run(place).is_live { offset } else { 0 };
        let root = &self.texts[self.chunks[place.chunk].text].root;
        Some((root, self.before(place) + offset))
    }

    /// All operations of a root text in order, in runs: the first, how many, whether visible.
    pub fn runs(&self, root: &str) -> impl Iterator<Item = (Dot, u32, bool)> + '_ {
        let text = self.numbers.get(root).map(|text| &self.texts[*text]);
        let chunks = text.into_iter().flat_map(|text| text.order.chunks());
        let runs = chunks.flat_map(|chunk| &self.chunks[*chunk].runs);
        runs.map(|run| (self.writers.dot(run.id), run.len, run.is_live))
    }

    fn run(&self, place: order::Place) -> &Run {
        &self.chunks[place.chunk].runs[place.run]
    }
}
