//! What callers see of a document.

use yrs::{GetString, ReadTxn, Text, TextRef, Transact};

use super::Document;
use crate::{
    entry::Body,
    ids::Incarnation,
    item::ItemId,
    path::RegisterPath,
    registers::{Part, Stamp, Stored},
    state_vector::StateVector,
    value::Value,
    view::{Kind, Loser, Node},
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
    /// Whether anything was ever written here.
    pub fn exists(&self) -> bool {
        !self.registers.is_empty() || !self.texts.is_empty()
    }

    /// Whether somebody deleted the document and nobody has restored or written it anew since.
    pub fn is_deleted(&self) -> bool {
        self.deletions().next().is_some()
    }

    pub(super) fn deletions(&self) -> impl Iterator<Item = (&Stored, &StateVector)> {
        self.registers.here(&RegisterPath::root()).iter().filter_map(|stored| {
            match &stored.entry.body {
                Body::Deleted(seen) => Some((stored, seen)),
                _ => None,
            }
        })
    }

    /// The document's content, an object.
    pub fn value(&self) -> Value {
        match self.materialize(&self.view().root) {
            object @ Value::Object(_) => object,
            _ => Value::Object(Default::default()),
        }
    }

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

    fn unseen_by_deleters(&self) -> Vec<Conflict> {
        let deletions: Vec<_> = self.deletions().collect();
        let seen = |stored: &Stored| {
            let deletion = matches!(stored.entry.body, Body::Deleted(_));
            deletion || deletions.iter().any(|(_, seen)| seen.covers(stored.dot()))
        };
        let mut conflicts: Vec<Conflict> = self
            .registers
            .iter()
            .filter(|stored| !seen(stored))
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
        if conflicts.is_empty() {
            // Typing leaves no entry: look whether anybody did anything that no deleter had seen.
            let mut accounted = StateVector::default();
            for (stored, seen) in &deletions {
                seen.iter().for_each(|(writer, clock)| accounted.raise(writer, clock));
                accounted.raise(stored.key.incarnation, stored.entry.clock + 1);
            }
            if !accounted.covers_all(&self.known.state_vector()) {
                conflicts.push(Conflict {
                    path: String::new(),
                    value: Some(self.value()),
                    writer: None,
                    time_ms: None,
                });
            }
        }
        sorted(conflicts)
    }

    /// UTF-16 code units over all texts that a reader sees.
    pub fn text_len(&self) -> usize {
        let Ok(txn) = self.doc.try_transact() else { return 0 };
        let seen = self.view().texts.iter().filter_map(|place| self.texts.get(place));
        seen.map(|text| text.len(&txn) as usize).sum()
    }

    pub(super) fn text_content(&self, place: &(RegisterPath, u32)) -> String {
        match (self.texts.get(place), self.doc.try_transact()) {
            (Some(text), Ok(txn)) => text.get_string(&txn),
            _ => String::new(),
        }
    }

    /// What an entry says, with the content of the texts it names.
    fn written(&self, path: &RegisterPath, part: Part<'_>, stored: &Stored) -> Value {
        match part.value {
            Value::Text(_) => Value::Text(self.text_content(&(path.clone(), stored.entry.epoch))),
            Value::Object(_) => Value::Object(
                part.fields()
                    .map(|(key, field)| (key.clone(), self.written(&path.key(key), field, stored)))
                    .collect(),
            ),
            Value::List(_) => Value::List(
                part.items()
                    .map(|item| {
                        let id = ItemId { dot: stored.dot(), ordinal: item.ordinal };
                        self.written(&path.item(id), item, stored)
                    })
                    .collect(),
            ),
            scalar => scalar.clone(),
        }
    }

    pub(super) fn materialize(&self, node: &Node) -> Value {
        match &node.kind {
            Kind::Absent => Value::Null,
            Kind::Scalar(value) => value.clone(),
            Kind::Text(epoch) => Value::Text(self.text_content(&(node.path.clone(), *epoch))),
            Kind::Counter(_, sum) => Value::Counter(*sum),
            Kind::List(items) => {
                Value::List(items.iter().map(|item| self.materialize(&item.node)).collect())
            }
            Kind::Object(fields) => Value::Object(
                fields.iter().map(|(key, node)| (key.clone(), self.materialize(node))).collect(),
            ),
        }
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
