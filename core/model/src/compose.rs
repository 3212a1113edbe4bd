//! Whole local transactions, composed as one update in yrs V1 encoding.
//!
//! yrs takes in a composed update without looking for a position, and the bytes are the delta that
//! it would have emitted for the same transaction made through its own calls: what was deleted
//! within the transaction is a tombstone in it already, and what yrs would join is joined. So they
//! are stored and sent as they are, and nobody asks yrs for a delta, which costs it time for every
//! writer of the document.
//!
//! A composer begins at the writer's clock, and its update is applied before anything else takes
//! a clock: yrs drops what was composed for a clock that has passed, without an error.

mod piece;
mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use crate::ids::{Dot, Incarnation};
use piece::Piece;

/// The entry of the same writer that a new one replaces under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its dot.
    pub dot: Dot,
    /// Whether it is there still; the last entry under a key stays its end when it is removed.
    pub is_live: bool,
}

/// A transaction in the making.
#[derive(Debug, Default)]
pub struct Composer {
    writers: BTreeMap<Incarnation, Written>,
    deleted: BTreeMap<Incarnation, Vec<Range<u32>>>,
}

/// What one writer has written in the transaction.
#[derive(Debug, Default)]
struct Written {
    start: u32,
    end: u32,
    blocks: Vec<Block>,
    /// Clocks of this transaction that something was inserted before, right behind the clock
    /// below: the two stay apart.
    cuts: BTreeSet<u32>,
}

/// What was written by one call.
#[derive(Debug)]
struct Block {
    clock: u32,
    len: u32,
    origin: Option<Dot>,
    right_origin: Option<Dot>,
    content: Content,
}

/// A block's content, and the name of what it stands in.
#[derive(Debug)]
enum Content {
    Entry { key: String, payload: Vec<u8> },
    Text { root: String, content: String },
}

impl Composer {
    /// Says which clock a writer's next operation has, if it has none in the transaction yet;
    /// without this it is 0.
    pub fn begin(&mut self, writer: Incarnation, clock: u32) {
        let written = Written { start: clock, end: clock, ..Written::default() };
        self.writers.entry(writer).or_insert(written);
    }

    /// The clock of a writer's next operation.
    pub fn clock(&self, writer: Incarnation) -> u32 {
        self.writers.get(&writer).map_or(0, |written| written.end)
    }

    /// Whether the transaction changes nothing so far.
    pub fn is_empty(&self) -> bool {
        self.deleted.is_empty() && self.writers.values().all(|written| written.blocks.is_empty())
    }

    /// Writes an entry under this writer's own key, over the last one there.
    pub fn entry(
        &mut self,
        writer: Incarnation,
        key: &str,
        payload: Vec<u8>,
        previous: Option<Previous>,
    ) -> Dot {
        if let Some(previous) = previous.filter(|previous| previous.is_live) {
            self.delete(previous.dot, 1);
        }
        let content = Content::Entry { key: key.to_owned(), payload };
        self.write(writer, 1, previous.map(|previous| previous.dot), None, content)
    }

    /// Inserts into a root text between two neighbours that are side by side; at an end of the text
    /// one is missing. Content without characters changes nothing.
    pub fn text(
        &mut self,
        writer: Incarnation,
        root: &str,
        origin: Option<Dot>,
        right_origin: Option<Dot>,
        content: &str,
    ) -> Dot {
        let len = content.chars().map(|it| it.len_utf16() as u32).sum();
        if len == 0 {
            return Dot { incarnation: writer, clock: self.clock(writer) };
        }
        if let (Some(left), Some(right)) = (origin, right_origin)
            && left.incarnation == right.incarnation
            && left.clock.checked_add(1) == Some(right.clock)
            && let Some(written) = self.writers.get_mut(&right.incarnation)
            && written.start < right.clock
        {
            written.cuts.insert(right.clock);
        }
        let content = Content::Text { root: root.to_owned(), content: content.to_owned() };
        self.write(writer, len, origin, right_origin, content)
    }

    /// Deletes that many operations, which are there, from a dot on.
    pub fn delete(&mut self, dot: Dot, len: u32) {
        if len > 0 {
            let ranges = self.deleted.entry(dot.incarnation).or_default();
            ranges.push(dot.clock..dot.clock + len);
        }
    }

    fn write(
        &mut self,
        writer: Incarnation,
        len: u32,
        origin: Option<Dot>,
        right_origin: Option<Dot>,
        content: Content,
    ) -> Dot {
        let written = self.writers.entry(writer).or_default();
        let clock = written.end;
        written.end += len;
        written.blocks.push(Block { clock, len, origin, right_origin, content });
        Dot { incarnation: writer, clock }
    }

    /// The update.
    pub fn finish(mut self) -> Vec<u8> {
        self.deleted.values_mut().for_each(join_ranges);
        let mut out = Vec::new();
        self.writers.retain(|_, written| !written.blocks.is_empty());
        wire::put(self.writers.len() as u64, &mut out);
        // yrs writes the greatest writer first, and its deletions the other way round.
        for (writer, written) in self.writers.iter().rev() {
            let deleted = self.deleted.get(writer).map_or(&[][..], Vec::as_slice);
            let pieces = Piece::all(*writer, written, deleted);
            for number in [pieces.len() as u64, writer.client(), written.start.into()] {
                wire::put(number, &mut out);
            }
            pieces.iter().for_each(|piece| piece.encode(&mut out));
        }
        wire::put_deletions(&self.deleted, &mut out);
        out
    }
}

/// Sorts ranges, and joins those that touch.
fn join_ranges(ranges: &mut Vec<Range<u32>>) {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, range| {
        let touches = next.start <= range.end;
        if touches {
            range.end = range.end.max(next.end);
        }
        touches
    });
}
