//! Whole values handed over: merge patches and saves, made into edits.

use yrs::Transact;

use super::{Change, Document, write::internal};
use crate::{
    difference::{self, ListKeys, Step},
    error::{EditError, InvalidInput},
    path::RegisterPath,
    value::Value,
    version::Version,
    view::{Kind, Node},
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
            self.check_unchanged_since(base, &self.view().root, patch)?;
        }
        let read = self.value();
        let new = difference::patched(&read, fields);
        let mut steps = difference::steps(&read, &new, keys)?;
        let contested: Vec<RegisterPath> = {
            let txn = self.doc.try_transact().map_err(internal)?;
            self.contested(&txn).cloned().collect()
        };
        let settled = difference::settled(patch, &read, &contested);
        steps.extend(settled.into_iter().map(Step::Edit));
        self.make(&steps, base, now_ms)
    }

    /// Saves a whole object: the difference between what was read and what is handed over becomes
    /// edits, so what the caller does not know survives. `keys` declares by which field the items
    /// of a list are matched, where that is not `id`; items without a key are matched by what they
    /// say.
    ///
    /// # Errors
    /// As [`edit`](Self::edit).
    pub fn save(
        &mut self,
        read: &Value,
        new: &Value,
        base: Option<&Version>,
        keys: &ListKeys,
        now_ms: i64,
    ) -> Result<Change, EditError> {
        if self.is_deleted() || !self.exists() {
            return Err(EditError::NotFound { path: "the document".into() });
        }
        self.make(&difference::steps(read, new, keys)?, base, now_ms)
    }

    /// Makes the changes of a comparison, all or none.
    fn make(
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

    /// Refuses a patch over a text, counter or list that is not as it was at the base.
    fn check_unchanged_since(
        &self,
        base: &Version,
        node: &Node,
        patch: &Value,
    ) -> Result<(), EditError> {
        let unchanged = match (&node.kind, patch) {
            (Kind::Object(fields), Value::Object(patch)) => {
                return patch.iter().try_for_each(|(key, patch)| match fields.get(key) {
                    Some(field) => self.check_unchanged_since(base, field, patch),
                    None => Ok(()),
                });
            }
            (Kind::Text(_), Value::String(_) | Value::Text(_)) => {
                self.is_text_unchanged(base, &node.path)
            }
            (Kind::Counter(..), Value::Int(_) | Value::Counter(_)) => {
                self.is_register_unchanged(base, &node.path)
            }
            (Kind::List(_), Value::List(_) | Value::Whole(_)) => {
                let in_order = self.history.list_at(&node.path, base.seq) == Some(None);
                in_order
                    && self.is_register_unchanged(base, &node.path)
                    && self.is_text_unchanged(base, &node.path)
            }
            _ => true,
        };
        if unchanged {
            return Ok(());
        }
        Err(EditError::StaleVersion { path: node.path.to_string() })
    }

    fn is_register_unchanged(&self, base: &Version, path: &RegisterPath) -> bool {
        let mut entries = self.registers.here(path).iter().chain(self.registers.below(path));
        entries.all(|stored| base.state_vector.covers(stored.dot()))
    }

    fn is_text_unchanged(&self, base: &Version, path: &RegisterPath) -> bool {
        let mut texts = self.texts.keys().filter(|(text, _)| path.holds(text));
        texts.all(|place| {
            self.history.text_since(place, base.seq).is_some_and(|unseen| unseen.is_empty())
        })
    }
}
