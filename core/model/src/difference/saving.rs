//! Saving a model that may not encode what it decoded.
//!
//! Three values play a part: what is *stored*, what a model *read* of it and encodes unchanged, and
//! the *new* encoding. A model may leave out, sort, fold, filter or normalise what it decodes, so
//! what it read need not be what is stored. What the model says alike before and after is never
//! written; what it changed is written to the one stored place that it can have come from, or
//! refused. What nothing maps to is not touched.

mod mapping;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Difference, ListKeys, Slot, Step, array, contents, print::print};
use crate::{edit::Edit, element::Element, error::EditError, path::Path, value::Value};
use mapping::Mapping;

/// What a saved model changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Saved {
    /// The changes, to be made one after the other.
    pub(crate) steps: Vec<Step>,
    /// What they leave of what is stored.
    pub(crate) value: Value,
    /// Whether places had to be found: whoever saves then reads back whether the model finds in
    /// `value` what it handed over.
    pub(crate) is_mapped: bool,
}

/// The changes that a model made to what is stored.
///
/// # Errors
/// `Unplaceable` where a change cannot be placed; else as [`super::steps`].
pub(crate) fn saved(
    stored: &Value,
    read: &Value,
    new: &Value,
    keys: &ListKeys,
) -> Result<Saved, EditError> {
    let mut saving =
        Saving { difference: Difference { keys, steps: Vec::new() }, is_mapped: false };
    let value = saving.compare(&Path::default(), stored, read, new)?;
    Ok(Saved { steps: saving.difference.steps, value, is_mapped: saving.is_mapped })
}

struct Saving<'a> {
    difference: Difference<'a>,
    is_mapped: bool,
}

impl Saving<'_> {
    /// Returns what is there afterwards.
    fn compare(
        &mut self,
        path: &Path,
        stored: &Value,
        read: &Value,
        new: &Value,
    ) -> Result<Value, EditError> {
        let (there, said) = (print(stored), print(read));
        if said == print(new) {
            return Ok(stored.clone());
        }
        if there == said {
            return self.replaced(path, stored, new);
        }
        match (stored, read, new) {
            (Value::Object(stored), Value::Object(read), Value::Object(new)) => {
                self.object(path, stored, read, new)
            }
            (Value::Set(elements), read, new) if array_of(new).is_some() => {
                self.set(path, elements, read, new)
            }
            (Value::Whole(stored), read, new) => {
                self.is_mapped = true;
                let content = inside(path, contents(stored), contents(read), contents(new))?;
                let value = Value::Whole(Box::new(content));
                self.difference.set(path, &value);
                Ok(value)
            }
            (Value::List(stored), read, new) => match (array_of(read), array_of(new)) {
                (Some(read_items), Some(new_items)) => {
                    let is_set = matches!(read, Value::Set(_)) || matches!(new, Value::Set(_));
                    self.list(path, stored, &read_items, &new_items, is_set)
                }
                _ => self.replaced(path, &Value::List(stored.clone()), new),
            },
            (stored, _, new) => self.replaced(path, stored, new),
        }
    }

    /// Where the model's own value stands for what is stored: a change of it is a change of that.
    fn replaced(&mut self, path: &Path, stored: &Value, new: &Value) -> Result<Value, EditError> {
        self.difference.compare(path, stored, new)?;
        Ok(new.clone())
    }

    fn object(
        &mut self,
        path: &Path,
        stored: &BTreeMap<String, Value>,
        read: &BTreeMap<String, Value>,
        new: &BTreeMap<String, Value>,
    ) -> Result<Value, EditError> {
        let mut left = stored.clone();
        for key in read.keys().filter(|key| !new.contains_key(*key)) {
            if left.remove(key).is_some() {
                self.difference.edit(Edit::Remove { path: path.child(key) });
            }
        }
        for (key, wanted) in new {
            let path = path.child(key);
            let value = match (stored.get(key), read.get(key)) {
                (Some(stored), Some(said)) => self.compare(&path, stored, said, wanted)?,
                // A default that the model filled in.
                (None, Some(said)) if print(said) == print(wanted) => continue,
                (Some(stored), None) => self.replaced(&path, stored, wanted)?,
                (None, _) => {
                    self.difference.set(&path, wanted);
                    wanted.clone()
                }
            };
            left.insert(key.clone(), value);
        }
        Ok(Value::Object(left))
    }

    /// Additions need no place; what is taken out must be there.
    fn set(
        &mut self,
        path: &Path,
        stored: &BTreeSet<Element>,
        read: &Value,
        new: &Value,
    ) -> Result<Value, EditError> {
        let of = |value: &Value| {
            let items = array_of(value).unwrap_or_default();
            self.difference.set_elements(path, &items)
        };
        let (read, new) = (of(read)?, of(new)?);
        let mut left = stored.clone();
        for element in read.difference(&new) {
            if !left.remove(element) {
                return Err(unplaceable(path, "an element that was taken out is not stored so"));
            }
            self.difference.edit(Edit::Discard { path: path.clone(), element: element.clone() });
        }
        for element in new.difference(&read) {
            if left.insert(element.clone()) {
                self.difference.edit(Edit::Add { path: path.clone(), element: element.clone() });
            }
        }
        self.is_mapped |= read != *stored;
        Ok(Value::Set(left))
    }

    fn list(
        &mut self,
        path: &Path,
        stored: &[Value],
        read: &[Value],
        new: &[Value],
        is_set: bool,
    ) -> Result<Value, EditError> {
        let key = self.difference.key_of(path).map(str::to_owned);
        let mapping = Mapping::new(stored, read, new, key.as_deref(), is_set);
        self.is_mapped |= !mapping.is_plain();
        let refused = |why| unplaceable(path, why);
        let mut items: HashMap<usize, Value> = HashMap::new();
        for (place, old) in mapping.matched().iter().enumerate() {
            let Some(old) = *old else { continue };
            if print(&read[old]) == print(&new[place]) {
                continue;
            }
            for at in mapping.place_of(old).map_err(refused)? {
                let item = path.child(at.to_string());
                let value = self.compare(&item, &stored[at], &read[old], &new[place])?;
                items.insert(at, value);
            }
        }
        let slots = mapping.slots(new).map_err(refused)?;
        let left = slots.iter().map(|slot| match slot {
            Slot::Keep(at) => items.get(at).unwrap_or(&stored[*at]).clone(),
            Slot::Insert(item) => item.clone(),
        });
        let left = Value::List(left.collect());
        let is_in_place = slots.len() == stored.len()
            && slots.iter().enumerate().all(|(at, slot)| *slot == Slot::Keep(at));
        if !is_in_place {
            self.difference.steps.push(Step::Arrange { path: path.clone(), slots });
        }
        Ok(left)
    }
}

/// The items of an array or of a set.
fn array_of(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Set(elements) => Some(elements.iter().map(|it| it.value().clone()).collect()),
        value => array(value).map(<[Value]>::to_vec),
    }
}

/// A value that is replaced whole, with the model's change inside it.
fn inside(path: &Path, stored: &Value, read: &Value, new: &Value) -> Result<Value, EditError> {
    if print(read) == print(new) {
        return Ok(stored.clone());
    }
    if print(stored) == print(read) {
        return Ok(new.clone());
    }
    match (stored, read, new) {
        (Value::Object(stored), Value::Object(read), Value::Object(new)) => {
            let mut left = stored.clone();
            left.retain(|key, _| !read.contains_key(key) || new.contains_key(key));
            for (key, wanted) in new {
                let value = match (stored.get(key), read.get(key)) {
                    (Some(stored), Some(read)) => inside(&path.child(key), stored, read, wanted)?,
                    (None, Some(read)) if print(read) == print(wanted) => continue,
                    _ => wanted.clone(),
                };
                left.insert(key.clone(), value);
            }
            Ok(Value::Object(left))
        }
        (Value::List(_) | Value::Object(_), ..) => {
            Err(unplaceable(path, "the model shows it otherwise than it is stored"))
        }
        _ => Ok(new.clone()),
    }
}

fn unplaceable(path: &Path, why: &'static str) -> EditError {
    EditError::Unplaceable { path: path.to_string(), why }
}

#[cfg(test)]
mod tests;
