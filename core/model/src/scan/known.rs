//! What a replica holds, as far as the scan must know.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use super::{Diverged, Gap, Measure, NoRoom, Parent, Refusal, Scanned, check, entry::Place};
use crate::{
    ids::{Dot, Incarnation},
    limits::{MAX_TEXTS, MAX_WRITERS},
    state_vector::StateVector,
};

/// yrs keeps writers in hash tables in which a client id is its own hash; ids that share their low
/// bits make it search. Among [`MAX_WRITERS`] random ids, four share the low 14 bits on average,
/// and more than this many do so in less than one document of 10^30.
const MAX_CROWD: usize = 64;
const CROWD_BITS: u32 = 14;

/// What a replica holds: for each writer how many operations, and which root each belongs to.
///
/// What a writer types on end, or writes into entries of one kind, is one run of twelve bytes, so
/// the size grows with how often writers turn to another place, not with the document.
#[derive(Clone, Debug, Default)]
pub struct Known {
    writers: BTreeMap<LowBitsFirst, Writer>,
    /// The same in another order, to be handed out.
    state_vector: StateVector,
    texts: BTreeMap<Arc<str>, Root>,
    /// By the index of their roots.
    names: Vec<Arc<str>>,
    /// The document's generation, for which its founders stand.
    pub(crate) generation: u32,
}

/// Orders writers by their bits from the lowest up, so that those sharing low bits are neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LowBitsFirst(u64);

impl LowBitsFirst {
    fn new(writer: Incarnation) -> Self {
        Self(writer.client().reverse_bits())
    }

    fn writer(self) -> Option<Incarnation> {
        Incarnation::from_client(self.0.reverse_bits())
    }

    /// What all writers of the same crowd share.
    fn crowd(self) -> u64 {
        self.0 >> (u64::BITS - CROWD_BITS)
    }
}

/// The root that something belongs to: a text, or the entries, told apart by their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Root(u32);

impl Root {
    pub(super) fn entries(place: Place) -> Self {
        Self(place as u32)
    }

    fn text(index: usize) -> Self {
        Self((Place::ALL.len() + index) as u32)
    }

    fn text_index(self) -> Option<usize> {
        (self.0 as usize).checked_sub(Place::ALL.len())
    }

    pub(super) fn is_entries(self) -> bool {
        self.place().is_some()
    }

    pub(super) fn place(self) -> Option<Place> {
        Place::ALL.get(self.0 as usize).copied()
    }
}

/// Operations of one writer, clocks `0..end`.
#[derive(Clone, Debug, Default)]
struct Writer {
    end: u32,
    runs: Runs,
}

/// Consecutive operations of one writer in runs: all of one root and, in a text, each written
/// right behind the one before.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs(Vec<Run>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) root: Root,
    /// Whether the first operation had a left neighbour.
    has_origin: bool,
}

impl Runs {
    /// Notes operations of one writer from this clock on, and the left neighbour of the first.
    pub(super) fn push(&mut self, first: Dot, root: Root, origin: Option<Dot>) {
        let start = first.clock;
        let follows = origin.is_some_and(|origin| {
            origin.incarnation == first.incarnation && start.checked_sub(1) == Some(origin.clock)
        });
        let continues = follows || root.is_entries();
        if !continues || self.0.last().is_none_or(|last| last.root != root) {
            self.0.push(Run { start, root, has_origin: origin.is_some() });
        }
    }

    /// The runs of all operations from this clock on.
    fn since(&self, clock: u32) -> &[Run] {
        let after = self.0.partition_point(|run| run.start <= clock);
        &self.0[after.saturating_sub(1)..]
    }

    /// The run of an operation that is known to lie within.
    pub(super) fn run(&self, clock: u32) -> Option<Run> {
        let after = self.0.partition_point(|run| run.start <= clock);
        self.0.get(after.checked_sub(1)?).copied()
    }
}

impl Run {
    /// Whether the run's operation of this clock had a left neighbour.
    pub(super) fn has_origin(self, clock: u32) -> bool {
        self.has_origin || clock != self.start
    }
}

/// What an update adds.
pub(super) struct Fresh<'a> {
    /// For each writer its new end, and its runs from the last one held on.
    pub(super) writers: Vec<(Incarnation, u32, Runs)>,
    pub(super) texts: BTreeMap<&'a str, Root>,
}

impl Known {
    /// A replica that holds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether this replica can take the update whole. It may overlap what is held.
    ///
    /// # Errors
    /// `Gap` where it builds on something not held, `NoRoom` beyond what a document may hold,
    /// `Diverged` where it contradicts what is held, `Malformed` where it cannot fit anywhere.
    pub fn check(&self, update: &Scanned<'_>) -> Result<(), Refusal> {
        check::check(self, update).map(drop)
    }

    /// Notes that the replica holds the update; takes time in proportion to the update alone.
    ///
    /// # Errors
    /// As [`check`](Self::check), and then nothing is noted.
    pub fn absorb(&mut self, update: &Scanned<'_>) -> Result<(), Refusal> {
        let fresh = check::check(self, update)?;
        let mut texts: Vec<(Root, Arc<str>)> =
            fresh.texts.into_iter().map(|(name, root)| (root, name.into())).collect();
        texts.sort_unstable();
        for (root, name) in texts {
            self.texts.insert(Arc::clone(&name), root);
            self.names.push(name);
        }
        for (incarnation, end, runs) in fresh.writers {
            let writer = self.writers.entry(LowBitsFirst::new(incarnation)).or_default();
            writer.end = end.max(writer.end);
            writer.runs.0.pop();
            writer.runs.0.extend(runs.0);
            self.state_vector.raise(incarnation, writer.end);
        }
        Ok(())
    }

    /// How many operations of this writer are held.
    pub fn clock(&self, writer: Incarnation) -> u32 {
        self.writers.get(&LowBitsFirst::new(writer)).map_or(0, |writer| writer.end)
    }

    /// How many writers are known.
    pub fn writer_count(&self) -> usize {
        self.writers.len()
    }

    /// How many root texts are known, over all epochs.
    pub fn text_count(&self) -> usize {
        self.texts.len()
    }

    /// How many operations of each writer are held.
    pub fn state_vector(&self) -> StateVector {
        self.state_vector.clone()
    }

    /// Whether everything in a vector is held.
    pub(crate) fn covers_all(&self, read: &StateVector) -> bool {
        self.state_vector.covers_all(read)
    }

    /// Whether anything was ever typed in a root text.
    pub(crate) fn has_text(&self, name: &str) -> bool {
        self.texts.contains_key(name)
    }

    /// The root texts that these operations of one writer, as far as they are held, belong to.
    pub(crate) fn texts_in(
        &self,
        writer: Incarnation,
        clocks: Range<u32>,
    ) -> impl Iterator<Item = &Arc<str>> {
        let held = self.writers.get(&LowBitsFirst::new(writer));
        let end = held.map_or(0, |held| held.end.min(clocks.end));
        let start = clocks.start;
        let runs = held.into_iter().filter(move |_| start < end);
        let runs = runs.flat_map(move |held| held.runs.since(start));
        let runs = runs.take_while(move |run| run.start < end);
        runs.filter_map(|run| self.names.get(run.root.text_index()?))
    }

    /// The root texts in which something was typed that this vector does not hold.
    pub(crate) fn texts_beyond(&self, seen: &StateVector) -> impl Iterator<Item = &str> {
        let unseen: BTreeSet<Root> = self
            .writers
            .iter()
            .filter_map(|(writer, held)| Some((seen.clock(writer.writer()?), held)))
            .filter(|(from, held)| *from < held.end)
            .flat_map(|(from, held)| held.runs.since(from).iter().map(|run| run.root))
            .collect();
        let texts = self.texts.iter();
        texts.filter(move |(_, root)| unseen.contains(root)).map(|(name, _)| &**name)
    }

    /// The operations that were ever made in a root text, writer by writer.
    pub(crate) fn operations_in(&self, text: &str) -> Vec<(Incarnation, Range<u32>)> {
        let Some(root) = self.texts.get(text) else { return Vec::new() };
        let mut found = Vec::new();
        for (writer, held) in &self.writers {
            let Some(writer) = writer.writer() else { continue };
            let runs = held.runs.0.iter().enumerate().filter(|(_, run)| run.root == *root);
            for (index, run) in runs {
                let end = held.runs.0.get(index + 1).map_or(held.end, |next| next.start);
                found.push((writer, run.start..end));
            }
        }
        found
    }

    /// Whether nothing is held.
    pub(crate) fn is_empty(&self) -> bool {
        self.writers.is_empty()
    }

    /// The run of an operation that is held.
    pub(super) fn run(&self, dot: Dot) -> Option<Run> {
        let writer = self.writers.get(&LowBitsFirst::new(dot.incarnation))?;
        if dot.clock < writer.end { writer.runs.run(dot.clock) } else { None }
    }

    /// How many operations of this writer are held, and the last run of them.
    pub(super) fn last_run(&self, writer: Incarnation) -> (u32, Runs) {
        let held = self.writers.get(&LowBitsFirst::new(writer));
        held.map_or((0, Runs::default()), |held| {
            (held.end, Runs(held.runs.0.last().copied().into_iter().collect()))
        })
    }

    /// The root text of this name; a new one goes to `fresh`.
    pub(super) fn text<'a>(
        &self,
        name: &'a str,
        fresh: &mut BTreeMap<&'a str, Root>,
    ) -> Result<Root, NoRoom> {
        if let Some(root) = self.texts.get(name) {
            return Ok(*root);
        }
        let texts = self.texts.len() + fresh.len();
        if let Some(root) = fresh.get(name) {
            return Ok(*root);
        }
        if texts >= MAX_TEXTS {
            return Err(no_room(Measure::Texts, self.texts.len(), texts + 1, MAX_TEXTS));
        }
        let root = Root::text(texts);
        fresh.insert(name, root);
        Ok(root)
    }

    /// How many writers of the update are new.
    pub(crate) fn newcomers(&self, update: &Scanned<'_>) -> usize {
        update.spans.iter().filter(|span| self.clock(span.writer) == 0).count()
    }

    /// How many root texts of the update are new.
    pub(crate) fn new_texts(&self, update: &Scanned<'_>) -> usize {
        let mut found = BTreeSet::new();
        for (_, block) in update.writers().flatten() {
            if let Parent::Text(name) = block.head.parent
                && !self.texts.contains_key(name)
            {
                found.insert(name);
            }
        }
        found.len()
    }

    /// Whether the replica can take in the update's new writers.
    pub(super) fn check_writers(&self, update: &Scanned<'_>) -> Result<(), Refusal> {
        let mut crowds: Vec<u64> = (update.spans.iter())
            .map(|span| LowBitsFirst::new(span.writer))
            .filter(|writer| !self.writers.contains_key(writer))
            .map(LowBitsFirst::crowd)
            .collect();
        let (has, needs) = (self.writers.len(), self.writers.len() + crowds.len());
        if needs > MAX_WRITERS {
            return Err(no_room(Measure::Writers, has, needs, MAX_WRITERS).into());
        }
        crowds.sort_unstable();
        for newcomers in crowds.chunk_by(|left, right| left == right) {
            let low = newcomers[0] << (u64::BITS - CROWD_BITS);
            let high = low | (u64::MAX >> CROWD_BITS);
            let held = self.writers.range(LowBitsFirst(low)..=LowBitsFirst(high)).count();
            if held + newcomers.len() > MAX_CROWD {
                return Err(Diverged::CrowdedWriters.into());
            }
        }
        Ok(())
    }

    /// A gap, unless the writer's operations up to `needs` are held here or in the update.
    pub(super) fn check_held(
        &self,
        update: &Scanned<'_>,
        writer: Incarnation,
        needs: u32,
    ) -> Result<(), Gap> {
        let in_update = update.span(writer).map_or(0, |index| update.spans[index].end);
        let have = self.clock(writer).max(in_update);
        if needs <= have { Ok(()) } else { Err(Gap { writer, have, needs }) }
    }
}

fn no_room(measure: Measure, has: usize, needs: usize, bound: usize) -> NoRoom {
    NoRoom { measure, has: has as u64, needs: needs as u64, bound: bound as u64 }
}

#[cfg(test)]
impl Known {
    /// For each writer, from which clocks on it worked in which root.
    pub(super) fn layout(&self) -> BTreeMap<Incarnation, Vec<(u32, &str)>> {
        let name = |root| {
            let text = self.texts.iter().find(|(_, text)| **text == root);
            text.map_or("entries", |(name, _)| name)
        };
        let runs = |writer: &Writer| {
            let end = [Run { start: writer.end, root: Root(0), has_origin: false }];
            writer.runs.0.iter().chain(&end).map(|run| (run.start, name(run.root))).collect()
        };
        self.writers.iter().filter_map(|(key, held)| Some((key.writer()?, runs(held)))).collect()
    }
}
