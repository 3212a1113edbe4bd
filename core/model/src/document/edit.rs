//! Edits as callers write them: finding what a path names, and dispatching.

use std::sync::Arc;

use super::{
    Change, Document,
    bounds::{Place, check_value},
    locate::{Shape, Target},
    write::Writing,
};
use crate::{
    edit::Edit,
    entry::{Body, Marker},
    error::{EditError, InvalidInput},
    limits::MAX_COUNTER,
    path::{Path, RegisterPath, Segment},
    value::Value,
    version::Version,
};

impl Document {
    /// Makes edits, all or none.
    ///
    /// `base` is what the caller had read: the context of its writes, and the version at which
    /// indices of texts and lists count. Without it, that is everything present. Indices count
    /// with the earlier edits of the same call.
    ///
    /// # Errors
    /// [`EditError`]; nothing has changed, unless the document [is poisoned](Self::is_poisoned).
    pub fn edit(
        &mut self,
        edits: &[Edit],
        base: Option<&Version>,
        now_ms: i64,
    ) -> Result<Change, EditError> {
        if self.is_deleted() || !self.exists() {
            return Err(EditError::NotFound { path: "the document".into() });
        }
        self.transact(base, now_ms, |writing| edits.iter().try_for_each(|edit| writing.edit(edit)))
    }
}

impl Writing<'_, '_> {
    pub(super) fn edit(&mut self, edit: &Edit) -> Result<(), EditError> {
        match edit {
            Edit::Set { path, value } => self.set(path, value),
            Edit::Remove { path } => self.remove(path),
            Edit::Increment { path, by } => self.increment(path, *by),
            Edit::Splice { path, at, delete, insert } => {
                let target = self.locate(path)?;
                match target.shape {
                    Shape::Text(epoch) => {
                        self.splice(path, &(target.path, epoch), *at, *delete, insert)
                    }
                    Shape::Absent if *at == 0 && *delete == 0 => {
                        self.write(path, target, Value::Text(insert.clone()))
                    }
                    shape => Err(shape.wrong_kind(path, "a text")),
                }
            }
            Edit::Insert { path, at, value } => self.insert_item(path, *at, value),
            Edit::Move { path, from, to } => self.move_item(path, *from, *to),
            Edit::DeleteItem { path, at } => self.delete_item_at(path, *at),
            Edit::Add { path, .. } | Edit::Discard { path, .. } => {
                Err(self.locate(path)?.shape.wrong_kind(path, "a set"))
            }
        }
    }

    fn set(&mut self, path: &Path, value: &Value) -> Result<(), EditError> {
        let target = self.locate(path)?;
        self.write(path, target, value.clone())
    }

    /// Writes a value to a target, making the objects that are missing above it.
    pub(super) fn write(
        &mut self,
        path: &Path,
        target: Target,
        value: Value,
    ) -> Result<(), EditError> {
        let missing = target.missing.iter().map(|key| RegisterPath::key_bytes(key));
        let bytes = target.path.as_str().len() + missing.sum::<usize>();
        check_value(path, &value, Place { depth: path.segments().len(), bytes })?;
        if path.is_root() && !matches!(value, Value::Object(_)) {
            return Err(InvalidInput::new(
                format!("a document is a JSON object, not {}", value.kind()),
                "wrap it, for instance {\"value\": …}",
            )
            .into());
        }
        let value =
            target.missing.iter().rev().fold(value, |value, key| {
                Value::Object([(key.clone(), value)].into_iter().collect())
            });
        self.write_register(&target.path, Body::Value(Arc::new(value)))
    }

    fn remove(&mut self, path: &Path) -> Result<(), EditError> {
        if path.is_root() {
            return Err(InvalidInput::new(
                "the whole document cannot be removed by an edit",
                "delete the document",
            )
            .into());
        }
        let target = match self.locate(path) {
            Err(EditError::NotFound { .. }) => return self.settle(&named(path)).map(drop),
            // What lost below something of another kind has a path that leads through that.
            Err(error @ (EditError::WrongKind { .. } | EditError::Invalid(_))) => {
                return if self.settle(&named(path))? { Ok(()) } else { Err(error) };
            }
            target => target?,
        };
        match target.item {
            Some(id) => {
                self.forget_seen(&target.path, id);
                self.delete_item(&target.path, id)
            }
            None if target.shape == Shape::Absent => {
                let register = target.missing.iter().fold(target.path, |path, key| path.key(key));
                self.settle(&register).map(drop)
            }
            None => self.write_register(&target.path, Body::Absent),
        }
    }

    /// Removes what lost at a register where nothing is, and below it; whether anything had.
    fn settle(&mut self, register: &RegisterPath) -> Result<bool, EditError> {
        if !self.document.contested(self.txn).any(|path| register.holds(path)) {
            return Ok(false);
        }
        match register.segments().last() {
            Some(Segment::Item(id)) => self.delete_item(register, *id)?,
            _ => self.write_register(register, Body::Absent)?,
        }
        Ok(true)
    }

    fn increment(&mut self, path: &Path, by: i64) -> Result<(), EditError> {
        let target = self.locate(path)?;
        let epoch = match target.shape {
            Shape::Counter(epoch) => epoch,
            Shape::Absent => return self.write(path, target, Value::Counter(by)),
            shape => return Err(shape.wrong_kind(path, "a counter")),
        };
        let marker = Marker::Subtotal(epoch);
        let here = self.document.registers.here(&target.path).iter();
        let mut own = here.filter(|stored| {
            stored.key.marker == marker && stored.key.incarnation == self.document.incarnation
        });
        // One key a writer: increments need no context, they all count.
        let (key, plus, minus) = own
            .find_map(|stored| match stored.entry.body {
                Body::Subtotal { plus, minus } => Some((Some(stored.key.clone()), plus, minus)),
                _ => None,
            })
            .unwrap_or((None, 0, 0));
        let plus = plus.saturating_add(by.max(0));
        let minus = minus.saturating_add(by.min(0).saturating_neg());
        if plus > MAX_COUNTER || minus > MAX_COUNTER {
            let what = format!("the counter at {path}");
            return Err(EditError::LimitExceeded { what, limit: MAX_COUNTER as u64 });
        }
        let body = Body::Subtotal { plus, minus };
        match key {
            Some(key) => self.put_entry_at(key, body, 0, Vec::new()).map(drop),
            None => self.put_entry(&target.path, marker, body, 0, Vec::new()).map(drop),
        }
    }
}

/// The register that a path names by itself, without an index.
fn named(path: &Path) -> RegisterPath {
    path.segments().iter().fold(RegisterPath::root(), |register, segment| {
        match segment.strip_prefix('@').and_then(|id| id.parse().ok()) {
            Some(id) => register.item(id),
            None => register.key(segment),
        }
    })
}
