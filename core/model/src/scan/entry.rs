//! What the scan asks of a register entry's key and payload.

use std::sync::LazyLock;

use super::{
    Malformed,
    block::{Block, Content, Parent},
};
use crate::{
    entry::{Body, Entry, EntryKey},
    ids::Dot,
};

/// What keys are told apart by when it comes to which payloads fit them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Document,
    Register,
    Existence,
    Position,
    Subtotal,
}

impl Place {
    pub(super) const ALL: [Self; 5] =
        [Self::Document, Self::Register, Self::Existence, Self::Position, Self::Subtotal];

    /// The place that a canonical key names.
    pub(super) fn of_key(key: &str) -> Self {
        match key.as_bytes().first() {
            Some(b'@') => Self::Document,
            Some(b'!') => Self::Existence,
            Some(b'^') => Self::Position,
            Some(b'+') => Self::Subtotal,
            _ => Self::Register,
        }
    }
}

/// The places that a payload fits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places(u8);

impl Places {
    fn of(entry: &Entry) -> Self {
        /// One key for each place.
        static EXAMPLES: LazyLock<Vec<(Place, EntryKey)>> = LazyLock::new(|| {
            ["@AAAAAAAAAA", "/a@AAAAAAAAAA", "!/a/@AAAAAAAAAA.0@AAAAAAAAAA"]
                .into_iter()
                .chain(["^/a/@AAAAAAAAAA.0@AAAAAAAAAA", "+0/a@AAAAAAAAAA"])
                .filter_map(|key| Some((Place::of_key(key), key.parse().ok()?)))
                .collect()
        });
        let fitting = EXAMPLES.iter().filter(|(_, key)| entry.fits(key));
        Self(fitting.fold(0, |places, (place, _)| places | 1 << *place as u8))
    }

    pub(super) fn hold(self, place: Place) -> bool {
        self.0 & 1 << place as u8 != 0
    }
}

/// The writes that an update's entries refer to.
#[derive(Clone, Debug, Default)]
pub(super) struct References {
    /// Entries that others cover.
    pub(super) covered: Vec<Dot>,
    /// The last operations that a document's deleter had seen.
    pub(super) seen: Vec<Dot>,
    /// Entries that take their key from the one before, and the places that they fit.
    pub(super) unplaced: Vec<(Dot, Places)>,
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
        match key {
            Some(key) if !entry.fits(&key) => return Err(Malformed::EntryMisplaced),
            Some(_) => {}
            None => self.unplaced.push((dot, Places::of(&entry))),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{StateVector, Value};

    #[test]
    fn every_payload_fits_some_place_and_none_fits_all() {
        let bodies = [
            Body::Value(Value::Object([].into()).into()),
            Body::Value(Value::Null.into()),
            Body::Absent,
            Body::Item(vec![1], Value::Null.into()),
            Body::Position(vec![1]),
            Body::Subtotal { plus: 1, minus: 0 },
            Body::Deleted(StateVector::default()),
        ];
        let places = bodies.map(|body| {
            let places =
                Places::of(&Entry { body, clock: 0, time_ms: 0, epoch: 0, covers: vec![] });
            Place::ALL.into_iter().filter(|place| places.hold(*place)).collect::<Vec<_>>()
        });
        use Place::{Document, Existence, Position, Register, Subtotal};
        let expected: [&[Place]; 7] = [
            &[Document, Register],
            &[Register],
            &[Document, Register, Existence],
            &[Existence],
            &[Position],
            &[Subtotal],
            &[Document],
        ];
        assert_eq!(places.map(|places| places), expected.map(<[Place]>::to_vec));
    }
}
