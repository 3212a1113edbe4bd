//! What lost against concurrent writes.

use yrs::Transact;

use super::Document;
use crate::{
    entry::{Body, TextRoot, Tree},
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
pub struct Conflict {
    /// Where, as the register's printed path.
    pub path: String,
    /// What lost; none if somebody removed what others kept.
    pub value: Option<Value>,
    /// Who wrote it, if one writer did.
    pub writer: Option<Incarnation>,
    /// That writer's wall clock, in milliseconds since 1970.
    pub time_ms: Option<i64>,
    /// Where an item is gone: what it was, on devices that had it. A document alone cannot tell,
    /// [`name_items`](Document::name_items) says it from notes.
    pub item: Option<String>,
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
        if let Ok(txn) = self.doc.try_transact() {
            conflicts.extend(
                self.late_texts(&RegisterPath::root(), &txn)
                    .map(|root| typed(root, self.content(root))),
            );
        }
        sorted(conflicts)
    }

    /// Whether [`conflicts`](Self::conflicts) has anything to tell.
    pub fn has_conflicts(&self) -> bool {
        !self.conflicts().is_empty()
    }

    /// What lost, unless it says nothing else than what is there.
    fn conflict(&self, lost: &Lost<'_>) -> Option<Conflict> {
        let Lost { place, kind, winner, stamp } = lost;
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
        if *kind != Kind::Absent
            && *winner != Kind::Absent
            && value == view::value_of(place, winner, self)
        {
            return None;
        }
        let stamp = stamp.filter(|stamp| stamp.is_chosen);
        Some(Conflict {
            path: place.path.to_string(),
            value: (*kind != Kind::Absent).then_some(value),
            writer: stamp.map(|stamp: Stamp| stamp.dot.incarnation),
            time_ms: stamp.map(|stamp| stamp.time_ms),
            item: None,
        })
    }

    /// What no deleter had seen: entries, and texts in which somebody typed.
    fn unseen_by_deleters(&self) -> Vec<Conflict> {
        let mut seen = StateVector::default();
        for (_, by_one) in self.deletions() {
            by_one.iter().for_each(|(writer, clock)| seen.raise(writer, clock));
        }
        let unseen: Vec<&Stored> = self
            .registers
            .iter()
            // Where an item stands is no value.
            .filter(|stored| {
                !matches!(stored.entry.body, Body::Deleted(_) | Body::Position(_) | Body::Member)
            })
            .filter(|stored| !seen.covers(stored.dot()))
            .collect();
        let mut conflicts: Vec<Conflict> = unseen
            .iter()
            .map(|stored| Conflict {
                path: stored.key.path.to_string(),
                value: match &stored.entry.body {
                    Body::Subtotal { plus, minus } => Some(Value::Counter(plus - minus)),
                    _ => stored
                        .tree()
                        .and_then(|tree| view::written(&stored.key.path, tree, stored, self)),
                },
                writer: Some(stored.key.incarnation).filter(|writer| !writer.is_founder()),
                time_ms: Some(stored.entry.time_ms)
                    .filter(|_| !stored.key.incarnation.is_founder()),
                item: None,
            })
            .collect();
        // Typing leaves no entry.
        for root in self.known.texts_beyond(&seen).filter_map(TextRoot::parse) {
            let listed = unseen.iter().any(|stored| names(stored, &root));
            let content = self.content(&root);
            if !listed && (!content.is_empty() || self.is_named(&root)) {
                conflicts.push(typed(&root, content));
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
fn typed(root: &TextRoot, content: String) -> Conflict {
    Conflict {
        path: root.path.to_string(),
        value: Some(Value::Text(content)),
        writer: None,
        time_ms: None,
        item: None,
    }
}

/// In one order on every replica.
fn sorted(mut conflicts: Vec<Conflict>) -> Vec<Conflict> {
    conflicts.sort_by_cached_key(|conflict| {
        let value = conflict.value.as_ref().map(|value| value.to_tagged_json().to_string());
        (conflict.path.clone(), conflict.time_ms, conflict.writer, value)
    });
    conflicts
}
