//! What callers see of a document.

use yrs::{GetString, Text, Transact};

use super::Document;
use crate::{
    entry::Body,
    item::ItemId,
    path::RegisterPath,
    registers::{Part, Stored},
    state_vector::StateVector,
    value::Value,
    view::{Kind, Node},
};

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
    pub(super) fn written(&self, path: &RegisterPath, part: Part<'_>, stored: &Stored) -> Value {
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
