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

    /// What the entry of this dot says, and its key where the block names one.
    pub(crate) fn entry(&self, dot: Dot, payload: &[u8]) -> Option<(Option<EntryKey>, Entry)> {
        let order = |(other, ..): &(Dot, Option<EntryKey>, Entry)| {
            (Reverse(other.incarnation), other.clock).cmp(&(Reverse(dot.incarnation), dot.clock))
        };
        let entries = &self.references.entries;
        match entries.binary_search_by(order) {
            Ok(at) => Some((entries[at].1.clone(), entries[at].2.clone())),
            Err(_) => Some((None, Entry::decode(payload).ok()?)),
        }
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
