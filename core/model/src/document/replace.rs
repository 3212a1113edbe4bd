//! Whole documents handed over: what is there becomes this, and nothing else.

use super::{Change, Document};
use crate::{
    difference::{self, ListKeys, Step},
    edit::Edit,
    error::{EditError, InvalidInput},
    value::Value,
};

impl Document {
    /// Makes the document this: fields that it does not name are removed, null is stored at every
    /// depth. What is there keeps its kind, as under [`merge`](Self::merge): an array over a list
    /// becomes edits of its items. A document that does not exist, or was deleted, begins anew.
    ///
    /// # Errors
    /// As [`edit`](Self::edit).
    pub fn replace(
        &mut self,
        new: &Value,
        keys: &ListKeys,
        now_ms: i64,
    ) -> Result<Change, EditError> {
        if self.is_deleted() || !self.exists() {
            return self.insert(new, now_ms);
        }
        let Value::Object(fields) = new else {
            return Err(InvalidInput::new(
                format!("a document is a JSON object, not {}", new.kind()),
                "wrap it, for instance {\"value\": …}",
            )
            .into());
        };
        let read = self.value();
        let mut steps = difference::steps(&read, new, keys)?;
        // Saying the same again settles a conflict. A null is stored here and removes nothing.
        let settled = difference::settled(new, &read, &self.contested(fields)?);
        let settled = settled.into_iter().filter(|edit| !matches!(edit, Edit::Remove { .. }));
        steps.extend(settled.map(Step::Edit));
        self.make(&steps, None, now_ms)
    }
}
