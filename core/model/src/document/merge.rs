//! Whole values handed over: merge patches and saves, made into edits.

use std::collections::BTreeMap;

use yrs::Transact;

use super::{Change, Document, write::internal};
use crate::{
    difference::{self, ListKeys, Step},
    error::{EditError, InvalidInput},
    path::{RegisterPath, Segment},
    value::Value,
    version::Version,
    view::{self, Kind, Place},
};

impl Document {
    /// Merges a patch (RFC 7396): null removes, objects merge, everything else replaces, and a
    /// string over a text, a number over a counter or an array over a list become edits of it. A
    /// document that does not exist, or was deleted, begins anew with the patch.
    ///
    /// # Errors
    /// As [`edit`](Self::edit). `StaleVersion` if a text, counter or list that the patch names has
    /// changed since `base`: the patch does not say what was read of it, [`save`](Self::save) does.
    pub fn merge(
        &mut self,
        patch: &Value,
        base: Option<&Version>,
        keys: &ListKeys,
        now_ms: i64,
    ) -> Result<Change, EditError> {
        let Value::Object(fields) = patch else {
            return Err(InvalidInput::new(
                format!("a patch is an object, not {}", patch.kind()),
                "wrap it, for instance {\"value\": …}",
            )
            .into());
        };
        if self.is_deleted() || !self.exists() {
            return self.insert(&difference::without_nulls(patch), now_ms);
        }
        if let Some(base) = base.filter(|base| base.seq != self.seq) {
            self.check_unchanged_since(base, &self.place(), patch)?;
        }
        let read = self.read_named(&self.place(), patch);
        let new = difference::patched(&read, fields);
        let mut steps = difference::steps(&read, &new, keys)?;
        let settled = difference::settled(patch, &read, &self.contested(fields)?);
        steps.extend(settled.into_iter().map(Step::Edit));
        self.make(&steps, base, now_ms)
    }

    /// Saves a whole object: the difference between what was read and what is handed over becomes
    /// edits, so what the caller does not know survives. `keys` declares by which field the items
    /// of a list are matched, where that is not `id`; items without a key are matched by what they
    /// say.
    ///
    /// `stored` is the document as it was read, `read` what the caller made of it (the same, or a
    /// typed model's encoding), `new` what that is to be.
    ///
    /// # Errors
    /// As [`edit`](Self::edit); `Unplaceable` where `read` says otherwise than `stored` and a
    /// change cannot be placed.
    pub fn save(
        &mut self,
        stored: &Value,
        read: &Value,
        new: &Value,
        base: Option<&Version>,
        keys: &ListKeys,
        now_ms: i64,
    ) -> Result<Change, EditError> {
        if self.is_deleted() || !self.exists() {
            return Err(EditError::NotFound { path: "the document".into() });
        }
        self.make(&difference::saved(stored, read, new, keys)?.steps, base, now_ms)
    }

    /// Makes the changes of a comparison, all or none.
    pub(super) fn make(
        &mut self,
        steps: &[Step],
        base: Option<&Version>,
        now_ms: i64,
    ) -> Result<Change, EditError> {
        self.transact(base, now_ms, |writing| {
            steps.iter().try_for_each(|step| match step {
                Step::Edit(edit) => writing.edit(edit),
                Step::Arrange { path, slots } => writing.arrange(path, slots),
            })
        })
    }

    /// What is there of what a patch names.
    fn read_named(&self, place: &Place<'_>, patch: &Value) -> Value {
        let kind = place.kind();
        let (Kind::Object, Value::Object(patch)) = (&kind, patch) else {
            return view::value_of(place, &kind, self);
        };
        let fields = patch.iter().filter_map(|(key, patch)| {
            let field = place.child(&Segment::Key(key.clone()));
            (field.kind() != Kind::Absent).then(|| (key.clone(), self.read_named(&field, patch)))
        });
        Value::Object(fields.collect())
    }

    /// The registers at and below these fields where something lost.
    pub(super) fn contested(
        &self,
        fields: &BTreeMap<String, Value>,
    ) -> Result<Vec<RegisterPath>, EditError> {
        let root = self.place();
        let mut contested = Vec::new();
        let txn = self.doc.try_transact().map_err(internal)?;
        for key in fields.keys() {
            let field = root.child(&Segment::Key(key.clone()));
            contested.extend(self.late_texts(&field.path, &txn).map(|root| root.path.clone()));
            contested.extend(view::lost_below(&field).into_iter().map(|lost| lost.place.path));
        }
        Ok(contested)
    }

    /// Refuses a patch over a text, counter or list that is not as it was at the base.
    pub(super) fn check_unchanged_since(
        &self,
        base: &Version,
        place: &Place<'_>,
        patch: &Value,
    ) -> Result<(), EditError> {
        let path = &place.path;
        let unchanged = match (place.kind(), patch) {
            (Kind::Object, Value::Object(patch)) => {
                return patch.iter().try_for_each(|(key, patch)| {
                    let field = place.child(&Segment::Key(key.clone()));
                    self.check_unchanged_since(base, &field, patch)
                });
            }
            (Kind::Text(_), Value::String(_) | Value::Text(_)) => {
                self.is_text_unchanged(base, path)
            }
            (Kind::Counter { .. }, Value::Int(_) | Value::Counter(_))
            | (Kind::Set, Value::List(_) | Value::Whole(_) | Value::Set(_)) => {
                self.is_register_unchanged(base, path)
            }
            (Kind::List { .. }, Value::List(_) | Value::Whole(_)) => {
                !self.history.has_list_changed(path, base.seq)
                    && self.is_register_unchanged(base, path)
                    && self.is_text_unchanged(base, path)
            }
            _ => true,
        };
        if unchanged {
            return Ok(());
        }
        Err(EditError::StaleVersion { path: path.to_string() })
    }

    pub(super) fn is_register_unchanged(&self, base: &Version, path: &RegisterPath) -> bool {
        let entries = self.registers.here_and_below(path);
        entries.iter().all(|stored| base.state_vector.covers(stored.dot()))
    }

    pub(super) fn is_text_unchanged(&self, base: &Version, path: &RegisterPath) -> bool {
        self.texts_at(path).all(|(root, _)| {
            self.history.text_since(root, base.seq).is_some_and(|unseen| unseen.is_empty())
        })
    }
}
