//! Reads foreign updates before yrs does.
//!
//! yrs trusts its input: a few hostile bytes make it recurse, loop, wrap a clock or reserve a
//! gigabyte. So no byte from network or disk reaches it before two passes have allowed it:
//!
//! 1. [`read`] walks the yrs V1 encoding strictly. It never recurses and never allocates what the
//!    wire claims, only what it has seen. What it refuses is [`Malformed`]: the peer's fault.
//! 2. [`Known::check`] compares with what the replica holds, and blames nobody for that: a [`Gap`]
//!    asks for a diff, [`NoRoom`] is a state of the document, and what is [`Diverged`] is set
//!    aside. (It also finds circles, which are malformed wherever they arrive.)
//!
//! What both allow, yrs integrates completely, leaving nothing pending. [`Known::absorb`] then
//! notes it. What a replica has taken in bit by bit passes again as one encoding, else one bad
//! update could keep the document from every later peer: so limits count what is held, never what
//! one update brings.
//!
//! Not prevented: a member may write nonsense that is well formed, texts that yrs needs long to
//! order (its time grows with the square of what is written concurrently at one spot), and
//! neighbours that it never saw, which digests show as divergence.

mod block;
mod blocks;
mod check;
mod entry;
mod known;
mod refusal;
mod wire;

use std::ops::Range;

pub(crate) use block::{Block, Content, Parent};
pub(crate) use blocks::Blocks;
pub use known::Known;
pub use refusal::{Diverged, Gap, Malformed, Measure, NoRoom, Refusal};

use crate::{
    ids::{Dot, Incarnation},
    limits::MAX_UPDATE_BYTES,
};
use entry::References;
use wire::Reader;

/// Longest update of which the entries are kept once they are read, so that nobody reads them
/// twice. What a longer one says takes many times its bytes.
const MAX_KEPT_BYTES: usize = 64 << 10;

/// Bound below which clocks lie: yrs computes with their differences as 32-bit signed integers.
pub const CLOCK_BOUND: u32 = 1 << 31;

/// Fewest bytes that the wire needs for a writer, for a block, and for a writer's deletions.
const MIN_WRITER_BYTES: usize = 3 + MIN_BLOCK_BYTES;
const MIN_BLOCK_BYTES: usize = 4;
const MIN_DELETED_WRITER_BYTES: usize = 2 + MIN_DELETED_RANGE_BYTES;
const MIN_DELETED_RANGE_BYTES: usize = 2;

/// An update that is well formed by itself; whether it fits is for [`Known::check`] to say.
#[derive(Clone, Debug)]
pub struct Scanned<'a> {
    /// Sorted by descending writer, as on the wire.
    spans: Vec<Span<'a>>,
    deletions: Deletions<'a>,
    references: References,
}

impl Scanned<'_> {
    /// The clocks that the update's blocks span, for each writer.
    pub fn spans(&self) -> impl Iterator<Item = (Incarnation, Range<u32>)> + '_ {
        self.spans.iter().map(|span| (span.writer, span.start..span.end))
    }

    /// Whether the update has neither blocks nor deletions.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.deletions.writers == 0
    }
}

/// One writer's consecutive blocks.
#[derive(Clone, Debug)]
struct Span<'a> {
    writer: Incarnation,
    start: u32,
    end: u32,
    blocks: u32,
    /// At the first block.
    reader: Reader<'a>,
}

/// The delete set, still on the wire.
#[derive(Clone, Debug)]
struct Deletions<'a> {
    writers: u32,
    /// After the count of writers.
    reader: Reader<'a>,
}

/// Reads one update in yrs V1 encoding.
///
/// # Errors
/// `Malformed`, with the rule that the bytes break.
pub fn read(update: &[u8]) -> Result<Scanned<'_>, Malformed> {
    if update.len() > MAX_UPDATE_BYTES {
        return Err(Malformed::TooLarge { bytes: update.len() });
    }
    let mut reader = Reader::new(update);
    let mut references = References::default();
    let keep = update.len() <= MAX_KEPT_BYTES;
    let spans = read_spans(&mut reader, &mut references, keep)?;
    let writers = reader.count(MIN_DELETED_WRITER_BYTES)?;
    let deletions = Deletions { writers, reader: reader.clone() };
    walk_deletions(&mut reader, writers, |_, _| Ok::<(), Malformed>(()))?;
    if !reader.is_at_end() {
        return Err(Malformed::TrailingBytes);
    }
    Ok(Scanned { spans, deletions, references })
}

fn read_spans<'a>(
    reader: &mut Reader<'a>,
    references: &mut References,
    keep: bool,
) -> Result<Vec<Span<'a>>, Malformed> {
    let mut spans: Vec<Span<'a>> = Vec::new();
    for _ in 0..reader.count(MIN_WRITER_BYTES)? {
        let blocks = reader.count(MIN_BLOCK_BYTES)?;
        if blocks == 0 {
            return Err(Malformed::EmptyWriter);
        }
        let writer = reader.client()?;
        if spans.last().is_some_and(|last| last.writer <= writer) {
            return Err(Malformed::WritersUnsorted);
        }
        let start = reader.clock()?;
        let first_block = reader.clone();
        let mut end = start;
        for _ in 0..blocks {
            let block = Block::read(reader)?;
            references.read(&block, Dot { incarnation: writer, clock: end }, keep)?;
            end = clock_after(end, block.content.len())?;
        }
        spans.push(Span { writer, start, end, blocks, reader: first_block });
    }
    Ok(spans)
}

/// Walks a delete set from after its count of writers.
fn walk_deletions<E: From<Malformed>>(
    reader: &mut Reader<'_>,
    writers: u32,
    mut visit: impl FnMut(Incarnation, Range<u32>) -> Result<(), E>,
) -> Result<(), E> {
    let mut last_writer = None;
    for _ in 0..writers {
        let writer = reader.client()?;
        if last_writer.is_some_and(|last| last >= writer) {
            return Err(Malformed::DeletionsUnsorted.into());
        }
        last_writer = Some(writer);
        let ranges = reader.count(MIN_DELETED_RANGE_BYTES)?;
        if ranges == 0 {
            return Err(Malformed::EmptyDeletion.into());
        }
        let mut free_from = 0;
        for _ in 0..ranges {
            let start = reader.clock()?;
            let len = reader.u32()?;
            if len == 0 {
                return Err(Malformed::EmptyDeletion.into());
            }
            if start < free_from {
                return Err(Malformed::DeletionsUnsorted.into());
            }
            free_from = clock_after(start, len)?;
            visit(writer, start..free_from)?;
        }
    }
    Ok(())
}

fn clock_after(clock: u32, len: u32) -> Result<u32, Malformed> {
    clock.checked_add(len).filter(|end| *end < CLOCK_BOUND).ok_or(Malformed::ClockOutOfBounds)
}

#[cfg(test)]
mod tests;
