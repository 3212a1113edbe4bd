//! What the scan asks of a register entry's key and payload.

use std::sync::LazyLock;

use super::{
    Malformed,
    block::{Block, Content, Parent},
};
use crate::{
    entry::{Body, Entry, EntryKey, TextRoot, Tree},
    ids::{Dot, Incarnation},
};

/// What keys are told apart by when it comes to which payloads fit them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Document,
    Register,
    Existence,
    Position,
    Subtotal,
    Element,
}

impl Place {
    pub(super) const ALL: [Self; 6] = [
        Self::Document,
        Self::Register,
        Self::Existence,
        Self::Position,
        Self::Subtotal,
        Self::Element,
    ];

    /// The place that a canonical key names.
    pub(super) fn of_key(key: &str) -> Self {
        match key.as_bytes().first() {
            Some(b'@') => Self::Document,
            Some(b'!') => Self::Existence,
            Some(b'^') => Self::Position,
            Some(b'+') => Self::Subtotal,
            _ => {
                let last = key.rsplit_once('@').and_then(|(path, _)| path.rsplit_once('/'));
                match last {
                    Some((_, step)) if step.starts_with('=') => Self::Element,
                    _ => Self::Register,
                }
            }
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
                .chain(["^/a/@AAAAAAAAAA.0@AAAAAAAAAA", "+0/a@AAAAAAAAAA", "/a/=1@AAAAAAAAAA"])
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
    /// The entries, as far as they were worth keeping: those of a short update, by descending
    /// writer and ascending clock.
    pub(super) entries: Vec<(Dot, Option<EntryKey>, Entry)>,
    /// What founders say that they stand for: a hash of it, once the generation is known.
    pub(super) founded: Vec<(Incarnation, Vec<u8>)>,
}

impl References {
    /// Checks a block as far as it is an entry, and notes what it refers to.
    pub(super) fn read(
        &mut self,
        block: &Block<'_>,
        dot: Dot,
        keep: bool,
    ) -> Result<(), Malformed> {
        let key = match block.head.parent {
            Parent::Entry(key) => Some(read_key(key, dot)?),
            Parent::Text(_) | Parent::Neighbour => None,
        };
        if dot.incarnation.is_founder() {
            check_founder(block, dot)?;
        }
        let Content::Entry(payload) = block.content else { return Ok(()) };
        let entry = Entry::decode(payload)?;
        if dot.incarnation.is_founder() {
            check_founding(&entry, key.as_ref(), dot)?;
            if dot.clock == 0 {
                self.founded.push((dot.incarnation, payload.to_vec()));
            }
        }
        if entry.clock != dot.clock {
            return Err(Malformed::EntryClock);
        }
        match &key {
            Some(key) if !entry.fits(key) => return Err(Malformed::EntryMisplaced),
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
        if !is_past {
            return Err(Malformed::EntryCoversItself);
        }
        if keep {
            self.entries.push((dot, key, entry));
        }
        Ok(())
    }
}

/// A founder's blocks stand alone: nothing of others is before, behind or among them.
fn check_founder(block: &Block<'_>, dot: Dot) -> Result<(), Malformed> {
    let mut neighbours = [block.head.origin, block.head.right_origin].into_iter().flatten();
    let begun = Some(Dot { clock: 0, ..dot });
    let is_own = match block.head.parent {
        Parent::Text(name) => TextRoot::parse(name).is_some_and(|root| root.begun == begun),
        Parent::Entry(_) => true,
        Parent::Neighbour => neighbours.all(|neighbour| neighbour.incarnation == dot.incarnation),
    };
    if is_own { Ok(()) } else { Err(Malformed::Founder) }
}

/// A founder writes a tree at the root, then the long scalars that the tree leaves out, at no time
/// and over nothing.
fn check_founding(entry: &Entry, key: Option<&EntryKey>, dot: Dot) -> Result<(), Malformed> {
    let is_plain = entry.time_ms == 0 && entry.epoch == 0 && !entry.over && entry.covers.is_empty();
    let fits = key.is_some_and(|key| {
        let is_tree = key.path.is_root();
        let is_scalar =
            matches!(&entry.body, Body::Value(tree) if matches!(**tree, Tree::Scalar(_)));
        key.number == 0 && is_tree == (dot.clock == 0) && (is_tree || is_scalar)
    });
    if is_plain && fits { Ok(()) } else { Err(Malformed::Founder) }
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
        let null = || Tree::Scalar(Value::Null).into();
        let bodies = [
            Body::Value(Tree::Object([].into()).into()),
            Body::Value(null()),
            Body::Absent,
            Body::Item(vec![1], null()),
            Body::Position(vec![1]),
            Body::Subtotal { plus: 1, minus: 0 },
            Body::Deleted(StateVector::default()),
            Body::Member,
        ];
        let places = bodies.map(|body| {
            let entry = Entry { body, clock: 0, time_ms: 0, epoch: 0, over: false, covers: vec![] };
            let places = Places::of(&entry);
            Place::ALL.into_iter().filter(|place| places.hold(*place)).collect::<Vec<_>>()
        });
        use Place::{Document, Element, Existence, Position, Register, Subtotal};
        let expected: [&[Place]; 8] = [
            &[Document, Register],
            &[Register],
            &[Document, Register, Existence, Element],
            &[Existence],
            &[Position],
            &[Subtotal],
            &[Document],
            &[Element],
        ];
        assert_eq!(places.map(|places| places), expected.map(<[Place]>::to_vec));
    }
}
