//! What lost against concurrent writes.

use std::{fmt, str::FromStr};

use data_encoding::BASE64URL_NOPAD;
use yrs::Transact;

use super::Document;
use crate::{
    author::Author,
    entry::{Body, TextRoot, Tree},
    error::InvalidInput,
    ids::Incarnation,
    path::RegisterPath,
    registers::{Stamp, Stored},
    state_vector::StateVector,
    value::Value,
    view::{self, Kind, Lost, Texts},
};

/// What a concurrent writer wrote and readers do not see, until somebody writes the path having
/// seen it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Conflict {
    /// Names it for [`settle`](Document::settle): its place and what lost there.
    pub id: ConflictId,
    /// Where, as the register's printed path.
    pub path: String,
    /// What is there; of a deleted document, that it is deleted.
    pub shown: Side,
    /// What lost.
    pub lost: Side,
    /// Where an item is gone: what it was, on devices that had it. A document alone cannot tell,
    /// [`name_items`](Document::name_items) says it from notes.
    pub item: Option<String>,
}

/// One of the two that a conflict is between.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Side {
    /// What it says; none if that is that nothing is there.
    pub value: Option<Value>,
    /// Who wrote it, if one writer did.
    pub writer: Option<Incarnation>,
    /// Which device that was. A document alone cannot tell, [`name_writers`](Document::name_writers)
    /// says it from books.
    pub author: Option<Author>,
    /// That writer's wall clock, in milliseconds since 1970.
    pub time_ms: Option<i64>,
    /// Whether it is what the document began with, which nobody in particular wrote.
    pub at_creation: bool,
}

/// Names a conflict of a document, for as long as the same value has lost at the same place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConflictId([u8; CONFLICT_ID_BYTES]);

const CONFLICT_ID_BYTES: usize = 9;

impl ConflictId {
    /// Of what lost at a place.
    fn of(path: &str, value: Option<&Value>) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("dunlin 2026 conflict v1");
        hasher.update(path.as_bytes()).update(&[0]);
        if let Some(value) = value {
            hasher.update(value.to_tagged_json().to_string().as_bytes());
        }
        let mut id = [0; CONFLICT_ID_BYTES];
        id.copy_from_slice(&hasher.finalize().as_bytes()[..CONFLICT_ID_BYTES]);
        Self(id)
    }
}

impl fmt::Display for ConflictId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for ConflictId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConflictId({self})")
    }
}

impl FromStr for ConflictId {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let decoded = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        decoded.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or_else(|| {
            InvalidInput::new("that is not a conflict's id", "give one that came with a conflict")
        })
    }
}

impl Conflict {
    /// A conflict at a place.
    pub fn new(path: String, shown: Side, lost: Side) -> Self {
        Self { id: ConflictId::of(&path, lost.value.as_ref()), path, shown, lost, item: None }
    }
}

impl Side {
    /// A value of which it is not known who wrote it.
    pub fn of(value: Option<Value>) -> Self {
        Self { value, ..Self::default() }
    }

    /// What a write said.
    fn written(value: Option<Value>, stamp: Option<Stamp>) -> Self {
        let chosen = stamp.filter(|stamp| stamp.is_chosen);
        Self {
            value,
            writer: chosen.map(|stamp| stamp.dot.incarnation),
            author: None,
            time_ms: chosen.map(|stamp| stamp.time_ms),
            at_creation: stamp.is_some_and(|stamp| !stamp.is_chosen),
        }
    }
}

impl Document {
    /// What lost against concurrent writes. Of a deleted document: what was written by others who
    /// had not seen the deletion.
    pub fn conflicts(&self) -> Vec<Conflict> {
        if self.is_deleted() {
            return self.unseen_by_deleters();
        }
        let lost = view::lost_below(&self.place());
        let mut conflicts: Vec<Conflict> =
            lost.iter().filter_map(|lost| self.conflict(lost)).collect();
        conflicts.extend(self.typed_late());
        sorted(conflicts)
    }

    /// Whether [`conflicts`](Self::conflicts) has anything to tell.
    pub fn has_conflicts(&self) -> bool {
        !self.conflicts().is_empty()
    }

    /// What lost, unless it says nothing else than what is there.
    pub(super) fn conflict(&self, lost: &Lost<'_>) -> Option<Conflict> {
        let Lost { place, kind, winner, stamp, winner_stamp } = lost;
        let mut value = view::value_of(place, kind, self);
        match (&mut value, winner) {
            // Of a list that a set won against, the rest.
            (Value::List(items), Kind::Set) => {
                let there = place.elements();
                items.retain(|item| there.iter().all(|element| element.value() != item));
                if items.is_empty() {
                    return None;
                }
            }
            // Begun empty, and nothing was put into it.
            (Value::List(items), Kind::List { .. }) if items.is_empty() => return None,
            (Value::Text(text), Kind::Text(_)) if text.is_empty() => return None,
            _ => {}
        }
        let value = (*kind != Kind::Absent).then_some(value);
        let there = (*winner != Kind::Absent).then(|| view::value_of(place, winner, self));
        if value.is_some() && value == there {
            return None;
        }
        // Below something of another kind, and in an item that is gone, nothing is shown.
        let shown = match self.shown(&place.path) {
            Some(_) => Side::written(there, *winner_stamp),
            None => Side::default(),
        };
        Some(Conflict::new(place.path.to_string(), shown, Side::written(value, *stamp)))
    }

    /// What was typed into texts by somebody who had not seen that they were removed.
    pub(super) fn typed_late(&self) -> Vec<Conflict> {
        let Ok(txn) = self.doc.try_transact() else { return Vec::new() };
        let root = RegisterPath::root();
        let roots = self.late_texts(&root, &txn);
        roots.map(|root| typed(root, self.content(root), self.side_shown(&root.path))).collect()
    }

    /// What readers see at a register, as a side of a conflict that is told of by others.
    pub fn shown_at(&self, register: &str) -> Side {
        register.parse().map_or_else(|_| Side::default(), |path| self.side_shown(&path))
    }

    /// Says of both sides of conflicts which device wrote them, as far as `authors` knows.
    pub fn name_writers(
        conflicts: &mut [Conflict],
        authors: impl Fn(Incarnation) -> Option<Author>,
    ) {
        for Conflict { shown, lost, .. } in conflicts {
            for side in [shown, lost] {
                side.author = side.writer.and_then(&authors);
            }
        }
    }

    fn side_shown(&self, path: &RegisterPath) -> Side {
        let Some(place) = self.shown(path) else { return Side::default() };
        let kind = place.kind();
        let value = (kind != Kind::Absent).then(|| view::value_of(&place, &kind, self));
        Side::written(value, place.stamp())
    }

    /// What no deleter had seen: entries, and texts in which somebody typed.
    pub(super) fn unseen_by_deleters(&self) -> Vec<Conflict> {
        let mut seen = StateVector::default();
        for (_, by_one) in self.deletions() {
            by_one.iter().for_each(|(writer, clock)| seen.raise(writer, clock));
        }
        let deletion = self.deletions().map(|(stored, _)| stored.stamp()).max();
        let deleted = || Side::written(None, deletion);
        let unseen: Vec<&Stored> = self
            .registers
            .iter()
            // Where an item stands is no value.
            .filter(|stored| {
                !matches!(stored.entry.body, Body::Deleted(_) | Body::Position(_) | Body::Member)
            })
            .filter(|stored| !seen.covers(stored.dot()))
            .collect();
        let late = |stored: &&Stored| {
            let value = match &stored.entry.body {
                Body::Subtotal { plus, minus } => Some(Value::Counter(plus - minus)),
                _ => stored
                    .tree()
                    .and_then(|tree| view::written(&stored.key.path, tree, stored, self)),
            };
            let lost = Side::written(value, Some(stored.stamp()));
            Conflict::new(stored.key.path.to_string(), deleted(), lost)
        };
        let mut conflicts: Vec<Conflict> = unseen.iter().map(late).collect();
        // Typing leaves no entry.
        for root in self.known.texts_beyond(&seen).filter_map(TextRoot::parse) {
            let listed = unseen.iter().any(|stored| names(stored, &root));
            let content = self.content(&root);
            if !listed && (!content.is_empty() || self.is_named(&root)) {
                conflicts.push(typed(&root, content, deleted()));
            }
        }
        sorted(conflicts)
    }
}

/// Whether an entry holds the text of this root, or something above it.
fn names(stored: &Stored, root: &TextRoot) -> bool {
    match stored.tree() {
        Some(Tree::Text(_)) => stored.key.path == root.path && stored.entry.epoch == root.epoch,
        Some(_) => stored.key.path.is_above(&root.path) && root.begun == Some(stored.dot()),
        None => false,
    }
}

/// Characters whose writers no register names.
fn typed(root: &TextRoot, content: String, shown: Side) -> Conflict {
    Conflict::new(root.path.to_string(), shown, Side::of(Some(Value::Text(content))))
}

/// In one order on every replica.
fn sorted(mut conflicts: Vec<Conflict>) -> Vec<Conflict> {
    conflicts.sort_by_cached_key(|Conflict { path, lost, .. }| {
        let value = lost.value.as_ref().map(|value| value.to_tagged_json().to_string());
        (path.clone(), lost.time_ms, lost.writer, value)
    });
    conflicts
}
