//! Whole documents handed over: what is there becomes this, and nothing else.

use super::{Change, Document};
use crate::{
    difference::{self, ListKeys, Step},
    edit::Edit,
    error::{EditError, InvalidInput},
    path::Segment,
    registers::Stored,
    value::Value,
    version::Version,
    view::Place,
};

impl Document {
    /// Makes the document this: fields that it does not name are removed, null is stored at every
    /// depth. What is there keeps its kind, as under [`merge`](Self::merge): an array over a list
    /// becomes edits of its items. A document that does not exist, or was deleted, begins anew. What
    /// somebody added since `base` stays.
    ///
    /// # Errors
    /// As [`merge`](Self::merge).
    pub fn replace(
        &mut self,
        new: &Value,
        base: Option<&Version>,
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
        let mut read = self.value();
        if let Some(base) = base.filter(|base| base.seq != self.seq) {
            self.check_unchanged_since(base, &self.place(), new)?;
            self.leave_out_unseen(base, &self.place(), &mut read, new);
        }
        let mut steps = difference::steps(&read, new, keys)?;
        // Saying the same again settles a conflict. A null is stored here and removes nothing.
        let settled = difference::settled(new, &read, &self.contested(fields)?);
        let settled = settled.into_iter().filter(|edit| !matches!(edit, Edit::Remove { .. }));
        steps.extend(settled.map(Step::Edit));
        self.make(&steps, base, now_ms)
    }

    /// Leaves out of what is there the fields that have come since the base: nobody who read that
    /// means to remove them.
    fn leave_out_unseen(&self, base: &Version, place: &Place<'_>, read: &mut Value, new: &Value) {
        let (Value::Object(read), Value::Object(new)) = (read, new) else { return };
        read.retain(|key, field| {
            let place = place.child(&Segment::Key(key.clone()));
            match new.get(key) {
                Some(new) => {
                    self.leave_out_unseen(base, &place, field, new);
                    true
                }
                None => self.was_there(base, &place),
            }
        });
    }

    fn was_there(&self, base: &Version, place: &Place<'_>) -> bool {
        let trees = place.facts.iter().map(|fact| fact.stored.dot());
        let written = self.registers.here_and_below(&place.path);
        let mut dots = trees.chain(written.into_iter().map(Stored::dot));
        dots.any(|dot| base.state_vector.covers(dot))
    }
}
