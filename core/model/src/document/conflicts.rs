//! What lost against concurrent writes.

use yrs::{GetString, ReadTxn, Text, TextRef, Transact};

use super::Document;
use crate::{
    entry::{Body, parse_text_root},
    ids::Incarnation,
    path::RegisterPath,
    registers::{Part, Stamp, Stored},
    state_vector::StateVector,
    value::Value,
    view::{Loser, Node},
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
}

impl Document {
    /// What lost against concurrent writes. Of a deleted document: what was written by others who
    /// had not seen the deletion.
    pub fn conflicts(&self) -> Vec<Conflict> {
        if self.is_deleted() {
            return self.unseen_by_deleters();
        }
        let mut conflicts: Vec<Conflict> = self
            .view()
            .losers
            .iter()
            .map(|Loser { node, stamp }| self.conflict(node, *stamp))
            .collect();
        if let Ok(txn) = self.doc.try_transact() {
            let late = self.late_texts(&txn);
            conflicts.extend(late.map(|(path, text)| typed(path, text.get_string(&txn))));
        }
        sorted(conflicts)
    }

    /// Whether [`conflicts`](Self::conflicts) has anything to tell.
    pub fn has_conflicts(&self) -> bool {
        if self.is_deleted() {
            return !self.unseen_by_deleters().is_empty();
        }
        self.doc.try_transact().is_ok_and(|txn| self.contested(&txn).next().is_some())
    }

    fn conflict(&self, node: &Node, stamp: Option<Stamp>) -> Conflict {
        Conflict {
            path: node.path.to_string(),
            value: (!node.is_absent()).then(|| self.materialize(node)),
            writer: stamp.map(|stamp| stamp.dot.incarnation),
            time_ms: stamp.map(|stamp| stamp.time_ms),
        }
    }

    /// The registers that [`conflicts`](Self::conflicts) names while the document is not deleted.
    pub(super) fn contested<'a>(
        &'a self,
        txn: &'a impl ReadTxn,
    ) -> impl Iterator<Item = &'a RegisterPath> {
        let lost = self.view().losers.iter().map(|loser| &loser.node.path);
        lost.chain(self.late_texts(txn).map(|(path, _)| path))
    }

    /// Texts with characters that somebody typed after others had removed them.
    fn late_texts<'a>(
        &'a self,
        txn: &'a impl ReadTxn,
    ) -> impl Iterator<Item = (&'a RegisterPath, &'a TextRef)> {
        let unnamed = self.texts.iter().filter(|(place, _)| !self.view().texts.contains(place));
        unnamed.filter(|(_, text)| text.len(txn) > 0).map(|((path, _), text)| (path, text))
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
            .filter(|stored| !matches!(stored.entry.body, Body::Deleted(_) | Body::Position(_)))
            .filter(|stored| !seen.covers(stored.dot()))
            .collect();
        let mut conflicts: Vec<Conflict> = unseen
            .iter()
            .map(|stored| Conflict {
                path: stored.key.path.to_string(),
                value: match &stored.entry.body {
                    Body::Subtotal { plus, minus } => Some(Value::Counter(plus - minus)),
                    _ => stored.value().map(|value| {
                        let part = Part { value, ordinal: 0 };
                        self.written(&stored.key.path, part, stored)
                    }),
                },
                writer: Some(stored.key.incarnation),
                time_ms: Some(stored.entry.time_ms),
            })
            .collect();
        // Typing leaves no entry.
        for place in self.known.texts_beyond(&seen).filter_map(parse_text_root) {
            let (path, epoch) = &place;
            let listed =
                unseen.iter().any(|stored| stored.entry.epoch == *epoch && stored.reaches(path));
            let content = self.text_content(&place);
            if !listed && (!content.is_empty() || self.view().texts.contains(&place)) {
                conflicts.push(typed(path, content));
            }
        }
        sorted(conflicts)
    }
}

/// Characters whose writers no register names.
fn typed(path: &RegisterPath, content: String) -> Conflict {
    Conflict {
        path: path.to_string(),
        value: Some(Value::Text(content)),
        writer: None,
        time_ms: None,
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
