//! Conflicts that a person settles: what is shown stays, or what lost takes its place.

use super::{Change, Document, conflicts::ConflictId, write::Writing};
use crate::{
    entry::{Body, EntryKey, Marker},
    error::EditError,
    path::{RegisterPath, Segment},
    value::Value,
    version::Version,
    view::{self, Choice, Kind, value_of},
};

/// How somebody settles a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// What is shown stays, and what lost goes.
    Keep,
    /// What lost takes the place of what is shown.
    Take,
}

impl Document {
    /// Settles a conflict, and every other one of its place and below it.
    ///
    /// To keep is to write what is shown as one who has seen what lost; to take is to write what
    /// lost there, whole. In a list item that is gone, to keep leaves it gone and to take brings it
    /// back with what was late. Of a deleted document, to keep deletes it anew and to take restores
    /// it. `base` is what was read: what others wrote since stays, as under [`edit`](Self::edit).
    ///
    /// # Errors
    /// `Changed` where the conflict is settled already, or what lost (to keep: what is shown) is not
    /// as it was at the base; otherwise as [`edit`](Self::edit).
    pub fn settle(
        &mut self,
        conflict: ConflictId,
        decision: Decision,
        base: Option<&Version>,
        now_ms: i64,
    ) -> Result<Change, EditError> {
        if self.is_deleted() {
            if self.unseen_by_deleters().iter().all(|it| it.id != conflict) {
                return Err(changed("the document"));
            }
            return self.transact(base, now_ms, |writing| match decision {
                Decision::Keep => writing.mark_deleted(),
                Decision::Take => {
                    writing.unmark_deleted();
                    Ok(())
                }
            });
        }
        let (place, lost) = self.contest(conflict).ok_or_else(|| changed("that conflict"))?;
        if decision == Decision::Keep && base.is_some_and(|base| !self.is_unchanged(base, &place)) {
            return Err(changed(place.as_str()));
        }
        self.transact(base, now_ms, |writing| match decision {
            Decision::Keep => writing.keep(&place),
            Decision::Take => writing.take(&place, lost.as_ref()),
        })
    }

    /// Writes at a register, whatever is there or above it, having seen all of it; nothing to
    /// remove what is there.
    ///
    /// # Errors
    /// `NotFound` if there is no such document or it is deleted; `InvalidInput` for what is no
    /// register; bounds as [`edit`](Self::edit).
    pub fn put_at(
        &mut self,
        register: &str,
        value: Option<&Value>,
        now_ms: i64,
    ) -> Result<Change, EditError> {
        if self.is_deleted() || !self.exists() {
            return Err(EditError::NotFound { path: "the document".into() });
        }
        let register = register.parse::<RegisterPath>()?;
        self.transact(None, now_ms, |writing| writing.take(&register, value))
    }

    /// Where a conflict is, and what lost there, whole.
    fn contest(&self, conflict: ConflictId) -> Option<(RegisterPath, Option<Value>)> {
        let lost = view::lost_below(&self.place());
        let named =
            lost.iter().find(|lost| self.conflict(lost).is_some_and(|it| it.id == conflict));
        if let Some(lost) = named {
            let value =
                (lost.kind != Kind::Absent).then(|| value_of(&lost.place, &lost.kind, self));
            return Some((lost.place.path.clone(), value));
        }
        let typed = self.typed_late().into_iter().find(|it| it.id == conflict)?;
        Some((typed.path.parse().ok()?, typed.lost.value))
    }

    /// Whether a place is as it was at a base.
    fn is_unchanged(&self, base: &Version, place: &RegisterPath) -> bool {
        base.seq == self.seq
            || self.is_register_unchanged(base, place) && self.is_text_unchanged(base, place)
    }
}

fn changed(what: &str) -> EditError {
    EditError::Changed { path: what.to_owned() }
}

/// Where a register is, as readers see it.
enum Way {
    /// Where it can be written.
    There,
    /// In this item, which is gone.
    Gone(RegisterPath),
    /// Below something of another kind: where that is, and the steps from there.
    Blocked(RegisterPath, Vec<Segment>),
}

impl Writing<'_, '_> {
    /// Writes what is at a place again, having seen all that lost there.
    fn keep(&mut self, register: &RegisterPath) -> Result<(), EditError> {
        match self.way(register) {
            Way::There => {
                let shown = self.value_shown(register);
                self.write_there(register, shown.as_ref())
            }
            Way::Gone(item) => self.erase_item(&item),
            Way::Blocked(..) => self.erase(register),
        }
    }

    /// Writes what lost at a place, having seen all that is there.
    fn take(&mut self, register: &RegisterPath, lost: Option<&Value>) -> Result<(), EditError> {
        match (self.way(register), lost) {
            (Way::There, None) if is_item(register) => self.delete_item(register),
            (Way::There, lost) => self.write_there(register, lost),
            (Way::Gone(item), Some(lost)) => self.bring_back(&item, register, lost),
            (Way::Gone(item), None) => self.erase_item(&item),
            (Way::Blocked(at, steps), Some(lost)) => self.write_value(&at, &nested(&steps, lost)),
            (Way::Blocked(..), None) => self.erase(register),
        }
    }

    /// Writes at a register that readers see, or that nothing is there, so that they see it.
    fn write_there(
        &mut self,
        register: &RegisterPath,
        value: Option<&Value>,
    ) -> Result<(), EditError> {
        match value {
            Some(value) => self.write_value(register, value)?,
            None => self.write_absent(register)?,
        }
        // What was written may have been the latest in an object above, by which that was there.
        let Way::Blocked(above, steps) = self.way(register) else { return Ok(()) };
        let whole = {
            let place = self.place(&above);
            let Choice { kind, losers, .. } = place.choose();
            let is_list = |kind: &Kind<'_>| matches!(kind, Kind::List { .. });
            let was = match steps.first() {
                Some(Segment::Item(_)) => losers.into_iter().map(|lost| lost.0).find(is_list),
                _ => Some(Kind::Object),
            };
            was.filter(|_| kind != Kind::Absent).map(|was| value_of(&place, &was, self))
        };
        whole.map_or(Ok(()), |whole| self.write_value(&above, &whole))
    }

    /// Removes what lost where nothing can be shown.
    pub(super) fn erase(&mut self, register: &RegisterPath) -> Result<(), EditError> {
        match is_item(register) {
            true => self.erase_item(register),
            false => self.write_absent(register),
        }
    }

    fn way(&self, register: &RegisterPath) -> Way {
        let steps = register.segments();
        let mut place = self.place(&RegisterPath::root());
        for (depth, step) in steps.iter().enumerate() {
            place = match (place.kind(), *step) {
                (Kind::Object, Segment::Key(_)) => place.child(step),
                (Kind::List { beginning, has_insertions }, Segment::Item(id)) => {
                    let order = place.lists().order(&place, beginning, has_insertions);
                    if !order.holds(*id) {
                        return Way::Gone(place.path.item(*id));
                    }
                    place.child_of(step, &place.facts_of(beginning))
                }
                _ => {
                    let rest = steps[depth..].iter().map(|step| (*step).clone());
                    return Way::Blocked(place.path.clone(), rest.collect());
                }
            };
        }
        Way::There
    }

    fn value_shown(&self, register: &RegisterPath) -> Option<Value> {
        let place = self.place(register);
        let kind = place.kind();
        (kind != Kind::Absent).then(|| value_of(&place, &kind, self))
    }

    /// Brings an item back that is gone, with what was written there since, so that `lost` is at
    /// the register.
    fn bring_back(
        &mut self,
        item: &RegisterPath,
        register: &RegisterPath,
        lost: &Value,
    ) -> Result<(), EditError> {
        for key in self.deletions_of(item) {
            self.remove_entry(&key);
        }
        let mut is_said = true;
        if let Way::Gone(_) = self.way(item) {
            let whole = self.value_shown(item).unwrap_or_else(|| {
                let steps = register.segments().into_iter().skip(item.segments().len());
                nested(&steps.cloned().collect::<Vec<_>>(), lost)
            });
            self.insert_again(item, &whole)?;
            is_said = self.value_shown(register).as_ref() == Some(lost);
        }
        let is_contested = !view::lost_below(&self.place(register)).is_empty();
        match self.way(register) {
            Way::There if is_contested || !is_said => self.write_value(register, lost),
            Way::Blocked(at, steps) => self.write_value(&at, &nested(&steps, lost)),
            Way::There | Way::Gone(_) => Ok(()),
        }
    }

    /// That an item which its list began with is gone, as far as the caller has seen it.
    fn deletions_of(&self, item: &RegisterPath) -> Vec<EntryKey> {
        let here = self.document.registers.here(item).iter();
        here.filter(|stored| {
            stored.key.marker == Marker::Existence && stored.entry.body == Body::Absent
        })
        .filter(|stored| self.in_context(stored.dot()))
        .map(|stored| stored.key.clone())
        .collect()
    }
}

fn is_item(register: &RegisterPath) -> bool {
    matches!(register.last(), Some(Segment::Item(_)))
}

/// A value with what is needed around it to be at the end of some steps.
fn nested(steps: &[Segment], value: &Value) -> Value {
    steps.iter().rev().fold(value.clone(), |value, step| match step {
        Segment::Key(key) => Value::Object([(key.clone(), value)].into()),
        Segment::Item(_) => Value::List(vec![value]),
        Segment::Element(_) => value,
    })
}
