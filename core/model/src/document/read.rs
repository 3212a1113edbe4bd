//! What callers see of a document.

use yrs::{GetString, ReadTxn, Text, TextRef, Transact};

use super::Document;
use crate::{
    entry::{Body, TextRoot, Tree},
    path::RegisterPath,
    registers::Stored,
    state_vector::StateVector,
    value::Value,
    view::{self, Kind, Place, Texts},
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
        match self.value_at(&self.place()) {
            object @ Value::Object(_) => object,
            _ => Value::Object(Default::default()),
        }
    }

    pub(super) fn value_at(&self, place: &Place<'_>) -> Value {
        view::value_of(place, &place.kind(), self)
    }

    /// The texts whose root is at a path or below it.
    pub(super) fn texts_at(
        &self,
        path: &RegisterPath,
    ) -> impl Iterator<Item = (&TextRoot, &TextRef)> {
        // Most documents have none, and are asked at each write.
        let paths = (!self.texts.is_empty()).then(|| (path.clone(), path.below()));
        paths.into_iter().flat_map(|(path, (start, end))| {
            let first = |path: RegisterPath| TextRoot { path, epoch: 0, begun: None };
            let here = self.texts.range(first(path.clone())..);
            let here = here.take_while(move |(root, _)| root.path == path);
            here.chain(self.texts.range(first(start)..first(end)))
        })
    }

    /// Whether some entry that counts names this text: it is there, or lost against another value.
    pub(super) fn is_named(&self, root: &TextRoot) -> bool {
        let place = Place::at(&self.registers, &self.lists, &root.path);
        place.facts.iter().any(|fact| match fact.tree {
            Tree::Text(content) => {
                fact.stored.entry.epoch == root.epoch
                    && content.map(|_| fact.stored.dot()) == root.begun
            }
            _ => false,
        })
    }

    /// Whether a text is what a reader sees at its place.
    pub(super) fn is_there(&self, root: &TextRoot) -> bool {
        let place = Place::at(&self.registers, &self.lists, &root.path);
        place.kind() == Kind::Text(root.clone())
    }

    /// Texts at a path and below it in which somebody typed who had not seen that they were removed.
    pub(super) fn late_texts<'a>(
        &'a self,
        path: &RegisterPath,
        txn: &'a impl ReadTxn,
    ) -> impl Iterator<Item = &'a TextRoot> {
        let typed = self.texts_at(path).filter(|(_, text)| text.len(txn) > 0);
        typed.map(|(root, _)| root).filter(|root| !self.is_named(root))
    }
}

impl Texts for Document {
    fn content(&self, root: &TextRoot) -> String {
        match (self.texts.get(root), self.doc.try_transact()) {
            (Some(text), Ok(txn)) => text.get_string(&txn),
            _ => String::new(),
        }
    }
}
