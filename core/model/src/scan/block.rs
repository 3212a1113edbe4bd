//! One block of an update: where it attaches and what it holds.

use super::{Malformed, wire::Reader};
use crate::{
    entry::{ENTRIES_ROOT, TextRoot},
    ids::Dot,
};

const HAS_ORIGIN: u8 = 0x80;
const HAS_RIGHT_ORIGIN: u8 = 0x40;
const HAS_KEY: u8 = 0x20;
const UNUSED_FLAG: u8 = 0x10;
const CONTENT: u8 = 0x0f;

const GARBAGE: u8 = 0;
const DELETED: u8 = 1;
const STRING: u8 = 4;
const ANY: u8 = 8;
const SKIP: u8 = 10;

/// The tag of `Any::Buffer`.
const BUFFER: u8 = 116;

#[derive(Clone, Debug)]
pub(crate) struct Block<'a> {
    pub(crate) head: Head<'a>,
    pub(crate) content: Content<'a>,
}

/// What of a block comes before its content.
#[derive(Clone, Debug)]
pub(crate) struct Head<'a> {
    /// The left neighbour at the time of writing.
    pub(crate) origin: Option<Dot>,
    /// The right neighbour at the time of writing.
    pub(crate) right_origin: Option<Dot>,
    pub(crate) parent: Parent<'a>,
    kind: u8,
}

/// What a block belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parent<'a> {
    /// The map of entries, under this key.
    Entry(&'a str),
    /// The root text of this name.
    Text(&'a str),
    /// Whatever its neighbours belong to.
    Neighbour,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    /// That many units of anything, deleted.
    Deleted(u32),
    /// A run of text.
    Text(Text<'a>),
    /// The payload of a register entry.
    Entry(&'a [u8]),
}

/// A run of text and its length in UTF-16 units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    pub(crate) content: &'a str,
    pub(crate) len: u32,
}

impl Content<'_> {
    pub(crate) fn len(self) -> u32 {
        match self {
            Self::Deleted(len) | Self::Text(Text { len, .. }) => len,
            Self::Entry(_) => 1,
        }
    }
}

impl<'a> Block<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let head = Head::read(reader)?;
        let content = read_content(head.kind, reader)?;
        let fits = match (head.parent, content) {
            (Parent::Entry(_), Content::Text(_)) | (Parent::Text(_), Content::Entry(_)) => false,
            (_, Content::Entry(_)) => head.right_origin.is_none(),
            _ => true,
        };
        if !fits {
            return Err(Malformed::ContentDoesNotFit);
        }
        Ok(Self { head, content })
    }
}

impl<'a> Head<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let info = reader.byte()?;
        let kind = info & CONTENT;
        match info {
            GARBAGE => return Err(Malformed::GarbageBlock),
            SKIP => return Err(Malformed::SkipBlock),
            _ if info & UNUSED_FLAG != 0 || !matches!(kind, DELETED | STRING | ANY) => {
                return Err(Malformed::ContentKind { info });
            }
            _ => {}
        }
        let origin = (info & HAS_ORIGIN != 0).then(|| reader.dot()).transpose()?;
        let right_origin = (info & HAS_RIGHT_ORIGIN != 0).then(|| reader.dot()).transpose()?;
        let parent = if origin.is_some() || right_origin.is_some() {
            Parent::Neighbour
        } else {
            read_parent(reader, info & HAS_KEY != 0)?
        };
        Ok(Self { origin, right_origin, parent, kind })
    }
}

fn read_parent<'a>(reader: &mut Reader<'a>, has_key: bool) -> Result<Parent<'a>, Malformed> {
    if reader.u32()? != 1 {
        return Err(Malformed::NestedParent);
    }
    let root = reader.text()?;
    match (root == ENTRIES_ROOT, has_key) {
        (true, true) => Ok(Parent::Entry(reader.text()?)),
        (false, false) if TextRoot::parse(root).is_some() => Ok(Parent::Text(root)),
        (false, false) => Err(Malformed::RootName),
        _ => Err(Malformed::ContentDoesNotFit),
    }
}

fn read_content<'a>(kind: u8, reader: &mut Reader<'a>) -> Result<Content<'a>, Malformed> {
    let content = match kind {
        DELETED => Content::Deleted(reader.u32()?),
        STRING => {
            let content = reader.text()?;
            let units = content.chars().map(char::len_utf16).sum::<usize>();
            let len = u32::try_from(units).map_err(|_| Malformed::ClockOutOfBounds)?;
            Content::Text(Text { content, len })
        }
        _ => {
            if reader.u32()? != 1 || reader.byte()? != BUFFER {
                return Err(Malformed::EntryNotOneBuffer);
            }
            Content::Entry(reader.bytes()?)
        }
    };
    if content.len() == 0 {
        return Err(Malformed::EmptyBlock);
    }
    Ok(content)
}
