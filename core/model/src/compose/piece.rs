//! What was written, in the blocks that yrs has at the end of the transaction.

use std::ops::Range;

use super::{Block, Content, Written, wire};
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

/// The tag of `Any::Buffer`.
const BUFFER: u8 = 116;

/// One block on the wire.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    last: Dot,
    len: u32,
    origin: Option<Dot>,
    right_origin: Option<Dot>,
    /// The key of an entry.
    key: Option<&'a str>,
    root: &'a str,
    body: Body<'a>,
}

#[derive(Debug)]
enum Body<'a> {
    Deleted,
    Entry(&'a [u8]),
    /// Consecutive parts of text.
    Text(Vec<&'a str>),
}

impl<'a> Piece<'a> {
    /// All pieces of one writer: its blocks, cut where deletions begin and end and where something
    /// was inserted, and joined where yrs joins them.
    pub(super) fn all(
        writer: Incarnation,
        written: &'a Written,
        deleted: &[Range<u32>],
    ) -> Vec<Self> {
        let after = deleted.partition_point(|range| range.end <= written.start);
        let mut deleted = &deleted[after..];
        let mut pieces: Vec<Self> = Vec::new();
        for block in &written.blocks {
            let (mut clock, end) = (block.clock, block.clock + block.len);
            let mut rest = Piece::whole(writer, block);
            while clock < end {
                while deleted.first().is_some_and(|range| range.end <= clock) {
                    deleted = &deleted[1..];
                }
                let next = deleted.first();
                let is_deleted = next.is_some_and(|range| range.start <= clock);
                let edge =
                    next.map_or(end, |range| if is_deleted { range.end } else { range.start });
                let cut = written.cuts.range(clock + 1..end).next().copied().unwrap_or(end);
                let until = edge.min(cut).min(end);
                let mut piece = rest.split_off_front(until - clock);
                if is_deleted {
                    piece.body = Body::Deleted;
                }
                let is_apart = written.cuts.contains(&clock);
                match pieces.last_mut().filter(|last| !is_apart && last.continues_in(&piece)) {
                    Some(last) => last.append(piece),
                    None => pieces.push(piece),
                }
                clock = until;
            }
        }
        pieces
    }

    fn whole(writer: Incarnation, block: &'a Block) -> Self {
        let (key, root, body) = match &block.content {
            Content::Entry { key, payload } => {
                (Some(key.as_str()), ENTRIES_ROOT, Body::Entry(payload))
            }
            Content::Text { root, content } => {
                (None, root.as_str(), Body::Text(vec![content.as_str()]))
            }
        };
        Self {
            last: Dot { incarnation: writer, clock: block.clock + block.len - 1 },
            len: block.len,
            origin: block.origin,
            right_origin: block.right_origin,
            key,
            root,
            body,
        }
    }

    /// Takes that many operations off the front.
    fn split_off_front(&mut self, len: u32) -> Self {
        debug_assert!(len <= self.len);
        let left = self.len - len;
        let last = Dot { clock: self.last.clock - left, ..self.last };
        let body = match &mut self.body {
            Body::Deleted => Body::Deleted,
            Body::Entry(payload) => Body::Entry(payload),
            Body::Text(parts) => {
                let content = parts.pop().unwrap_or_default();
                let byte = if left == 0 { content.len() } else { byte_of_unit(content, len) };
                let (front, back) = content.split_at(byte);
                parts.push(back);
                Body::Text(vec![front])
            }
        };
        let front = Self { last, len, body, ..*self };
        (self.len, self.origin) = (left, Some(last));
        front
    }

    /// Whether yrs makes one block of both, if nothing stands between them.
    fn continues_in(&self, next: &Self) -> bool {
        let same_kind = matches!(
            (&self.body, &next.body),
            (Body::Deleted, Body::Deleted) | (Body::Text(_), Body::Text(_))
        );
        same_kind && next.origin == Some(self.last) && next.right_origin == self.right_origin
    }

    fn append(&mut self, next: Self) {
        self.last = next.last;
        self.len += next.len;
        if let (Body::Text(parts), Body::Text(more)) = (&mut self.body, next.body) {
            parts.extend(more);
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let kind = match self.body {
            Body::Deleted => DELETED,
            Body::Entry(_) => ANY,
            Body::Text(_) => STRING,
        };
        let flags = [
            (self.origin.is_some(), HAS_ORIGIN),
            (self.right_origin.is_some(), HAS_RIGHT_ORIGIN),
            (self.key.is_some(), HAS_KEY),
        ];
        out.push(
            flags.iter().filter(|(is_set, _)| *is_set).fold(kind, |info, (_, bit)| info | bit),
        );
        for dot in [self.origin, self.right_origin].into_iter().flatten() {
            wire::put_dot(dot, out);
        }
        if self.origin.is_none() && self.right_origin.is_none() {
            // A root by its name.
            out.push(1);
            wire::put_bytes(self.root.as_bytes(), out);
            if let Some(key) = self.key {
                wire::put_bytes(key.as_bytes(), out);
            }
        }
        match &self.body {
            Body::Deleted => wire::put(self.len.into(), out),
            Body::Entry(payload) => {
                out.extend([1, BUFFER]);
                wire::put_bytes(payload, out);
            }
            Body::Text(parts) => {
                wire::put(parts.iter().map(|part| part.len() as u64).sum(), out);
                parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
            }
        }
    }
}

/// Where the character at a UTF-16 code unit begins, in bytes. No cut goes through a character.
fn byte_of_unit(content: &str, unit: u32) -> usize {
    let mut left = unit as usize;
    for (byte, character) in content.char_indices() {
        if left == 0 {
            return byte;
        }
        left = left.saturating_sub(character.len_utf16());
    }
    content.len()
}
