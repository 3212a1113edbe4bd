//! A whole transaction as one update in yrs V1 encoding, composed instead of being made by yrs.
//!
//! What yrs would do, it then only has to apply: it looks for no position, and nothing is counted
//! or encoded again that grows with the document. The bytes are the delta that is stored and sent.

use std::{cmp::Reverse, collections::BTreeMap, ops::Range};

use crate::{
    entry::ENTRIES_ROOT,
    ids::{Dot, Incarnation},
};

const HAS_ORIGIN: u8 = 0x80;
const HAS_RIGHT_ORIGIN: u8 = 0x40;
const HAS_KEY: u8 = 0x20;
const DELETED: u8 = 1;
const STRING: u8 = 4;
const ANY: u8 = 8;
const BUFFER: u8 = 116;

/// The operation before, under the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Previous {
    pub(crate) dot: Dot,
    /// Whether it still holds something, which the next one deletes.
    pub(crate) is_live: bool,
}

#[derive(Debug)]
enum Block {
    Entry {
        key: String,
        payload: Vec<u8>,
        origin: Option<Dot>,
    },
    Text {
        root: String,
        content: String,
        origin: Option<Dot>,
        right_origin: Option<Dot>,
    },
    /// An entry that was written and replaced in one transaction.
    Gone {
        key: String,
        origin: Option<Dot>,
    },
}

/// One writer's consecutive blocks, each at its clock.
#[derive(Debug)]
struct Span {
    start: u32,
    end: u32,
    blocks: BTreeMap<u32, Block>,
}

/// Operations on their way into one update.
#[derive(Debug, Default)]
pub(crate) struct Composer {
    /// From the greatest writer down, as on the wire.
    spans: BTreeMap<Reverse<Incarnation>, Span>,
    deleted: BTreeMap<Incarnation, Vec<Range<u32>>>,
}

impl Composer {
    /// Says which clock a writer's next operation has.
    pub(crate) fn begin(&mut self, writer: Incarnation, clock: u32) {
        let span = Span { start: clock, end: clock, blocks: BTreeMap::new() };
        self.spans.entry(Reverse(writer)).or_insert(span);
    }

    /// The clock of a writer's next operation.
    pub(crate) fn clock(&self, writer: Incarnation) -> u32 {
        self.spans.get(&Reverse(writer)).map_or(0, |span| span.end)
    }

    /// Whether there is nothing to apply.
    pub(crate) fn is_empty(&self) -> bool {
        self.deleted.is_empty() && self.spans.values().all(|span| span.blocks.is_empty())
    }

    /// Writes an entry of the root map, behind the one before under its key.
    pub(crate) fn entry(
        &mut self,
        writer: Incarnation,
        key: &str,
        payload: Vec<u8>,
        previous: Option<Previous>,
    ) -> Dot {
        if let Some(previous) = previous.filter(|previous| previous.is_live) {
            self.delete(previous.dot, 1);
        }
        let origin = previous.map(|previous| previous.dot);
        self.push(writer, 1, Block::Entry { key: key.to_owned(), payload, origin })
    }

    /// Inserts a run of text between two neighbours in a root text.
    pub(crate) fn text(
        &mut self,
        writer: Incarnation,
        root: &str,
        origin: Option<Dot>,
        right_origin: Option<Dot>,
        content: &str,
    ) -> Dot {
        let units = content.encode_utf16().count() as u32;
        let (root, content) = (root.to_owned(), content.to_owned());
        self.push(writer, units, Block::Text { root, content, origin, right_origin })
    }

    fn push(&mut self, writer: Incarnation, units: u32, block: Block) -> Dot {
        let span = self.spans.entry(Reverse(writer)).or_insert_with(|| Span {
            start: 0,
            end: 0,
            blocks: BTreeMap::new(),
        });
        let clock = span.end;
        span.end += units;
        if let Block::Text { content, origin, right_origin, .. } = &block
            && let Some(last) = span.blocks.last_entry()
        {
            let first = *last.key();
            if let Block::Text { content: before, right_origin: right, .. } = last.into_mut()
                && *origin == Some(Dot { incarnation: writer, clock: clock.wrapping_sub(1) })
                && right == right_origin
                && first < clock
            {
                before.push_str(content);
                return Dot { incarnation: writer, clock };
            }
        }
        span.blocks.insert(clock, block);
        Dot { incarnation: writer, clock }
    }

    /// Deletes operations of one writer.
    pub(crate) fn delete(&mut self, from: Dot, length: u32) {
        let Dot { incarnation, clock } = from;
        self.deleted.entry(incarnation).or_default().push(clock..clock + length);
        let span = self.spans.get_mut(&Reverse(incarnation));
        if let Some(block) = span.and_then(|span| span.blocks.get_mut(&clock))
            && let Block::Entry { key, origin, .. } = block
        {
            *block = Block::Gone { key: std::mem::take(key), origin: *origin };
        }
    }

    /// The update.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.spans.retain(|_, span| !span.blocks.is_empty());
        number(self.spans.len() as u64, &mut out);
        for (Reverse(writer), span) in &self.spans {
            number(span.blocks.len() as u64, &mut out);
            number(writer.client(), &mut out);
            number(span.start.into(), &mut out);
            span.blocks.values().for_each(|block| write(block, &mut out));
        }
        number(self.deleted.len() as u64, &mut out);
        for (writer, mut ranges) in self.deleted {
            ranges.sort_unstable_by_key(|range| range.start);
            ranges.dedup_by(|next, last| {
                let joins = next.start <= last.end;
                if joins {
                    last.end = last.end.max(next.end);
                }
                joins
            });
            number(writer.client(), &mut out);
            number(ranges.len() as u64, &mut out);
            for range in ranges {
                number(range.start.into(), &mut out);
                number((range.end - range.start).into(), &mut out);
            }
        }
        out
    }
}

fn write(block: &Block, out: &mut Vec<u8>) {
    match block {
        Block::Entry { key, payload, origin } => {
            head(ANY | HAS_KEY, *origin, None, ENTRIES_ROOT, Some(key), out);
            number(1, out);
            out.push(BUFFER);
            number(payload.len() as u64, out);
            out.extend_from_slice(payload);
        }
        Block::Gone { key, origin } => {
            head(DELETED | HAS_KEY, *origin, None, ENTRIES_ROOT, Some(key), out);
            number(1, out);
        }
        Block::Text { root, content, origin, right_origin } => {
            head(STRING, *origin, *right_origin, root, None, out);
            text(content, out);
        }
    }
}

fn head(
    info: u8,
    origin: Option<Dot>,
    right_origin: Option<Dot>,
    root: &str,
    key: Option<&str>,
    out: &mut Vec<u8>,
) {
    let flag = |dot: Option<Dot>, flag| if dot.is_some() { flag } else { 0 };
    out.push(info | flag(origin, HAS_ORIGIN) | flag(right_origin, HAS_RIGHT_ORIGIN));
    for dot in [origin, right_origin].into_iter().flatten() {
        number(dot.incarnation.client(), out);
        number(dot.clock.into(), out);
    }
    if origin.is_none() && right_origin.is_none() {
        number(1, out);
        text(root, out);
        if let Some(key) = key {
            text(key, out);
        }
    }
}

fn number(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn text(text: &str, out: &mut Vec<u8>) {
    number(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}
