//! Creating, deleting and restoring whole documents.

use super::{
    Change, Document,
    bounds::{Place, check_value},
    write::{Epoch, Writing},
};
use crate::{
    entry::{Body, Marker},
    error::{EditError, InvalidInput},
    path::{Path, RegisterPath},
    value::Value,
    version::Version,
};

impl Document {
    /// Begins the document with this content, replacing what is left of a deleted one. Where this
    /// replica holds nothing of it, the content is nobody's write: whoever begins it alike makes the
    /// same update.
    ///
    /// # Errors
    /// `AlreadyExists`; `InvalidInput` if the content is no object; bounds as [`edit`](Self::edit).
    pub fn insert(&mut self, content: &Value, now_ms: i64) -> Result<Change, EditError> {
        if self.exists() && !self.is_deleted() {
            return Err(EditError::AlreadyExists);
        }
        if !matches!(content, Value::Object(_)) {
            return Err(InvalidInput::new(
                format!("a document is a JSON object, not {}", content.kind()),
                "wrap it, for instance {\"value\": …}",
            )
            .into());
        }
        check_value(&Path::default(), content, Place { depth: 0, bytes: 0 })?;
        let begins = self.known.is_empty();
        self.transact(None, now_ms, |writing| match begins {
            true => writing.found(content),
            false => writing.write_value(&RegisterPath::root(), content),
        })
    }

    /// Deletes the document. What is in it stays below, so that a concurrent edit is kept as a
    /// conflict and [`restore`](Self::restore) brings everything back.
    ///
    /// # Errors
    /// `NotFound` if there is nothing to delete.
    pub fn delete(&mut self, base: Option<&Version>, now_ms: i64) -> Result<Change, EditError> {
        if self.is_deleted() || !self.exists() {
            return Err(EditError::NotFound { path: "the document".into() });
        }
        self.transact(base, now_ms, |writing| writing.mark_deleted())
    }

    /// Takes a deletion back.
    ///
    /// # Errors
    /// `NotFound` if the document is not deleted.
    pub fn restore(&mut self, now_ms: i64) -> Result<Change, EditError> {
        if !self.is_deleted() {
            return Err(EditError::NotFound { path: "a deletion of the document".into() });
        }
        self.transact(None, now_ms, |writing| {
            writing.unmark_deleted();
            Ok(())
        })
    }
}

impl Writing<'_, '_> {
    /// Hides what the caller has seen of the document, in place of the deletions that it has seen.
    pub(super) fn mark_deleted(&mut self) -> Result<(), EditError> {
        let seen = match &self.base {
            Some(base) => base.state_vector.clone(),
            None => self.document.state_vector(),
        };
        self.unmark_deleted();
        let root = RegisterPath::root();
        let here = self.document.registers.here(&root).iter();
        let number = here.map(|stored| stored.entry.epoch).max().unwrap_or(0);
        let body = Body::Deleted(seen);
        let key = self.own_key(&root, Marker::Register, &body);
        self.put_entry_at(key, body, Epoch { number, over: false }, Vec::new()).map(drop)
    }

    /// Takes back the deletions that the caller has seen.
    pub(super) fn unmark_deleted(&mut self) {
        let deletions = self.document.deletions();
        let seen = deletions.filter(|(stored, _)| self.in_context(stored.dot()));
        let keys: Vec<_> = seen.map(|(stored, _)| stored.key.clone()).collect();
        keys.iter().for_each(|key| self.remove_entry(key));
    }
}
