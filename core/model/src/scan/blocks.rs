//! The blocks of an update that was read, for those who follow what yrs integrates.

use std::{cmp::Reverse, ops::Range};

use super::{Block, Malformed, Scanned, Span, clock_after, walk_deletions, wire::Reader};
use crate::{
    entry::{Entry, EntryKey},
    ids::{Dot, Incarnation},
};

impl<'a> Scanned<'a> {
    /// Each writer's blocks, by descending writer.
    pub(crate) fn writers(&self) -> impl Iterator<Item = Blocks<'a>> {
        self.spans.iter().map(Blocks::new)
    }

    /// What the entry of this dot says.
    pub(crate) fn entry(&self, dot: Dot, payload: &[u8]) -> Option<Entry> {
        let kept = self.kept(dot).map(|(_, _, entry)| entry.clone());
        kept.or_else(|| Entry::decode(payload).ok())
    }

    /// The key that the block of this dot names.
    pub(crate) fn key(&self, dot: Dot, named: &str) -> Option<EntryKey> {
        let kept = self.kept(dot).and_then(|(_, key, _)| key.clone());
        kept.or_else(|| named.parse().ok())
    }

    fn kept(&self, dot: Dot) -> Option<&(Dot, Option<EntryKey>, Entry)> {
        let entries = &self.references.entries;
        let order = |dot: Dot| (Reverse(dot.incarnation), dot.clock);
        let at = entries.binary_search_by_key(&order(dot), |(other, ..)| order(*other)).ok()?;
        entries.get(at)
    }

    /// What the update deletes, by ascending writer.
    pub(crate) fn deletions(&self) -> Vec<(Incarnation, Range<u32>)> {
        let mut deletions = Vec::new();
        let mut reader = self.deletions.reader.clone();
        let walked = walk_deletions(&mut reader, self.deletions.writers, |writer, range| {
            deletions.push((writer, range));
            Ok::<(), Malformed>(())
        });
        debug_assert_eq!(walked, Ok(()), "these bytes were read before");
        deletions
    }
}

/// One writer's consecutive blocks. Each is read from the wire when its turn comes.
#[derive(Clone, Debug)]
pub(crate) struct Blocks<'a> {
    writer: Incarnation,
    /// Of the next block.
    clock: u32,
    left: u32,
    reader: Reader<'a>,
}

impl<'a> Blocks<'a> {
    fn new(span: &Span<'a>) -> Self {
        Self {
            writer: span.writer,
            clock: span.start,
            left: span.blocks,
            reader: span.reader.clone(),
        }
    }

    /// Who wrote the blocks.
    pub(crate) fn writer(&self) -> Incarnation {
        self.writer
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = (Dot, Block<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        // Never fails: the update was read before.
        let block = Block::read(&mut self.reader).ok()?;
        let dot = Dot { incarnation: self.writer, clock: self.clock };
        self.clock = clock_after(self.clock, block.content.len()).ok()?;
        Some((dot, block))
    }
}
