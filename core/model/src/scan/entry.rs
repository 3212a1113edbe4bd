//! What the scan asks of a register entry's key and payload.

use super::{
    Malformed,
    block::{Block, Content, Parent},
};
use crate::{
    entry::{Body, Entry, EntryKey},
    ids::Dot,
};

/// The writes that an update's entries refer to.
#[derive(Clone, Debug, Default)]
pub(super) struct References {
    /// Entries that others cover.
    pub(super) covered: Vec<Dot>,
    /// The last operations that a document's deleter had seen.
    pub(super) seen: Vec<Dot>,
}

impl References {
    /// Checks a block as far as it is an entry, and notes what it refers to.
    pub(super) fn read(&mut self, block: &Block<'_>, dot: Dot) -> Result<(), Malformed> {
        let key = match block.head.parent {
            Parent::Entry(key) => Some(read_key(key, dot)?),
            Parent::Text(_) | Parent::Neighbour => None,
        };
        let Content::Entry(payload) = block.content else { return Ok(()) };
        let entry = Entry::decode(payload)?;
        if entry.clock != dot.clock {
            return Err(Malformed::EntryClock);
        }
        if key.is_some_and(|key| !entry.fits(&key)) {
            return Err(Malformed::EntryMisplaced);
        }
        let first_new = self.covered.len();
        self.covered.extend_from_slice(&entry.covers);
        let mut is_past = precedes(dot, &self.covered[first_new..]);
        if let Body::Deleted(seen) = &entry.body {
            let first_new = self.seen.len();
            self.seen.extend(
                seen.iter().map(|(incarnation, clock)| Dot { incarnation, clock: clock - 1 }),
            );
            is_past &= precedes(dot, &self.seen[first_new..]);
        }
        if is_past { Ok(()) } else { Err(Malformed::EntryCoversItself) }
    }
}

fn read_key(key: &str, dot: Dot) -> Result<EntryKey, Malformed> {
    let key: EntryKey = key.parse().map_err(|_| Malformed::EntryKey)?;
    if key.incarnation != dot.incarnation {
        return Err(Malformed::EntryWriter);
    }
    Ok(key)
}

/// Whether what a write refers to came before it, as far as one writer's clock can tell.
fn precedes(write: Dot, references: &[Dot]) -> bool {
    references.iter().all(|dot| dot.incarnation != write.incarnation || dot.clock < write.clock)
}
