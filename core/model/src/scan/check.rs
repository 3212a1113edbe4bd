//! The second pass: does an update fit what the replica holds?
//!
//! Takes the blocks in an order in which each follows what it refers to, as yrs will, and finds
//! out which root each belongs to. What it refuses is nobody's fault, or nobody can tell whose,
//! but for one thing: blocks that wait for one another in a circle do so wherever they arrive.

use std::collections::BTreeMap;

use super::{
    Diverged, Gap, Malformed, Refusal, Scanned, Span,
    block::{Block, Content, Head, Parent},
    entry::Place,
    known::{Fresh, Known, Root, Run, Runs},
    walk_deletions,
    wire::Reader,
};
use crate::{founder::founder_of, ids::Dot};

/// Says what the update adds to `known`.
pub(super) fn check<'a>(known: &Known, update: &Scanned<'a>) -> Result<Fresh<'a>, Refusal> {
    known.check_writers(update)?;
    for (writer, payload) in &update.references.founded {
        if founder_of(known.generation, payload) != *writer {
            return Err(Malformed::Founder.into());
        }
    }
    let mut walk = Walk {
        known,
        update,
        progress: update.spans.iter().map(|span| Progress::new(known, span)).collect(),
        texts: BTreeMap::new(),
    };
    for span in &update.spans {
        let have = known.clock(span.writer);
        if span.start > have {
            return Err(Gap { writer: span.writer, have, needs: span.start }.into());
        }
    }
    for index in 0..update.spans.len() {
        walk.finish(index)?;
    }
    let deletions = &update.deletions;
    walk_deletions(&mut deletions.reader.clone(), deletions.writers, |writer, range| {
        known.check_held(update, writer, range.end).map_err(Refusal::from)
    })?;
    let references = &update.references;
    for dot in references.seen.iter().chain(&references.covered) {
        known.check_held(update, dot.incarnation, dot.clock.saturating_add(1))?;
    }
    for dot in &references.covered {
        if walk.run(*dot).is_none_or(|run| !run.root.is_entries()) {
            return Err(Diverged::EntryCoversText.into());
        }
    }
    for (dot, places) in &references.unplaced {
        let place = walk.run(*dot).and_then(|run| run.root.place());
        if place.is_none_or(|place| !places.hold(place)) {
            return Err(Diverged::EntryMisplaced.into());
        }
    }
    Ok(walk.into_fresh())
}

impl Scanned<'_> {
    pub(super) fn span(&self, writer: crate::Incarnation) -> Option<usize> {
        self.spans.binary_search_by(|span| writer.cmp(&span.writer)).ok()
    }
}

struct Walk<'k, 'a> {
    known: &'k Known,
    update: &'k Scanned<'a>,
    /// In parallel with the update's spans.
    progress: Vec<Progress<'a>>,
    texts: BTreeMap<&'a str, Root>,
}

/// How far the walk through one writer's blocks has come.
struct Progress<'a> {
    reader: Reader<'a>,
    blocks_left: u32,
    /// The clock of the next block.
    clock: u32,
    /// What the replica holds anyway.
    known: u32,
    /// The runs of what it does not, behind the last of what it does.
    runs: Runs,
    /// Whether the next block waits for something that it refers to.
    waits: bool,
}

impl<'a> Progress<'a> {
    fn new(known: &Known, span: &Span<'a>) -> Self {
        let (known, runs) = known.last_run(span.writer);
        Self {
            reader: span.reader.clone(),
            blocks_left: span.blocks,
            clock: span.start,
            known,
            runs,
            waits: false,
        }
    }
}

impl<'a> Walk<'_, 'a> {
    /// Takes all blocks of one writer, and before each what it refers to.
    fn finish(&mut self, index: usize) -> Result<(), Refusal> {
        // Of each writer here, blocks are needed up to and with this clock.
        let mut needed = vec![(index, u32::MAX)];
        while let Some(&(index, clock)) = needed.last() {
            let progress = &mut self.progress[index];
            if progress.blocks_left == 0 || progress.clock > clock {
                progress.waits = false;
                needed.pop();
                continue;
            }
            let head = Head::read(&mut progress.reader.clone())?;
            match self.first_missing(index, &head)? {
                Some(missing) => {
                    self.progress[index].waits = true;
                    needed.push(missing);
                }
                None => self.take(index)?,
            }
        }
        Ok(())
    }

    /// Which other writer's blocks a block waits for, and up to which clock.
    fn first_missing(
        &self,
        index: usize,
        head: &Head<'_>,
    ) -> Result<Option<(usize, u32)>, Refusal> {
        let own = self.update.spans[index].writer;
        for dot in [head.origin, head.right_origin].into_iter().flatten() {
            if dot.incarnation == own && dot.clock >= self.progress[index].clock {
                return Err(Malformed::Cyclic.into());
            }
            if self.run(dot).is_some() {
                continue;
            }
            self.known.check_held(self.update, dot.incarnation, dot.clock + 1)?;
            let span = self.update.span(dot.incarnation);
            if span.is_some_and(|span| self.progress[span].waits) {
                return Err(Malformed::Cyclic.into());
            }
            return Ok(span.map(|span| (span, dot.clock)));
        }
        Ok(None)
    }

    /// Checks the writer's next block, whose neighbours are there, and moves on.
    fn take(&mut self, index: usize) -> Result<(), Refusal> {
        let writer = self.update.spans[index].writer;
        let progress = &mut self.progress[index];
        let block = Block::read(&mut progress.reader)?;
        let (start, known) = (progress.clock, progress.known);
        progress.clock += block.content.len();
        progress.blocks_left -= 1;
        if progress.clock <= known {
            return Ok(());
        }
        let root = self.root_of(&block.head)?;
        let is_entry = root.is_entries();
        if is_entry && block.head.origin.is_some_and(|origin| origin.incarnation != writer) {
            return Err(Diverged::EntryOrigin.into());
        }
        let fits = match block.content {
            Content::Text(_) => !is_entry,
            Content::Entry(_) => is_entry,
            Content::Deleted(_) => !is_entry || block.head.right_origin.is_none(),
        };
        if !fits {
            return Err(Diverged::ContentDoesNotFit.into());
        }
        let first = Dot { incarnation: writer, clock: start.max(known) };
        let mut left = block.head.origin;
        if start < known {
            // yrs attaches the rest of a partly known block to the known operation before it.
            let before = Dot { clock: known - 1, ..first };
            if self.run(before).is_none_or(|run| run.root != root) {
                return Err(Diverged::OverlapDiffers.into());
            }
            left = Some(before);
        }
        self.check_adjacent(left, block.head.right_origin)?;
        self.progress[index].runs.push(first, root, left);
        Ok(())
    }

    /// Refuses neighbours that cannot have stood next to each other, as far as one run can tell.
    ///
    /// Such a block makes yrs search the whole text, and attach it elsewhere than a replica that
    /// loads it from a snapshot. Nothing ever leaves a text, not even what is deleted. So two
    /// operations of one run are neighbours only if one follows the other, and what had a left
    /// neighbour is never the first.
    fn check_adjacent(&self, left: Option<Dot>, right: Option<Dot>) -> Result<(), Diverged> {
        let Some(right) = right else { return Ok(()) };
        let run = self.run(right);
        let are_apart = match left {
            Some(left) => {
                left.incarnation == right.incarnation
                    && self.run(left) == run
                    && left.clock + 1 != right.clock
            }
            None => run.is_some_and(|run| run.has_origin(right.clock)),
        };
        if are_apart { Err(Diverged::NeighboursApart) } else { Ok(()) }
    }

    /// The root of a block whose neighbours are there.
    fn root_of(&mut self, head: &Head<'a>) -> Result<Root, Refusal> {
        let named = match head.parent {
            Parent::Entry(key) => Some(Root::entries(Place::of_key(key))),
            Parent::Text(name) => Some(self.known.text(name, &mut self.texts)?),
            Parent::Neighbour => None,
        };
        let left = head.origin.and_then(|dot| self.run(dot)).map(|run| run.root);
        let right = head.right_origin.and_then(|dot| self.run(dot)).map(|run| run.root);
        match (named, left, right) {
            (None, Some(left), Some(right)) if left != right => {
                Err(Diverged::NeighboursDiffer.into())
            }
            _ => named.or(left).or(right).ok_or_else(|| Malformed::Cyclic.into()),
        }
    }

    /// The run of an operation that the replica holds or the walk has passed.
    fn run(&self, dot: Dot) -> Option<Run> {
        self.known.run(dot).or_else(|| {
            let progress = &self.progress[self.update.span(dot.incarnation)?];
            if dot.clock < progress.clock { progress.runs.run(dot.clock) } else { None }
        })
    }

    fn into_fresh(self) -> Fresh<'a> {
        let writers = self.update.spans.iter().zip(self.progress);
        Fresh {
            writers: writers
                .map(|(span, progress)| (span.writer, progress.clock, progress.runs))
                .collect(),
            texts: self.texts,
        }
    }
}
