//! Whole values compared: the changes that turn what was read into what is wanted.

mod common;
mod increasing;
mod likeness;
mod matching;
mod patch;
mod print;
mod same;
mod saving;
mod texts;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    edit::Edit,
    element::Element,
    error::{EditError, InvalidInput},
    path::Path,
    value::Value,
};
use same::{elements, says_the_same};

pub(crate) use increasing::increasing_run;
pub(crate) use patch::{patched, settled, without_nulls};
pub(crate) use saving::saved;

/// By which field the items of a list are matched, for each list's path; a segment `*` stands for
/// every item or field: `/sections/*/steps` → `id`.
pub type ListKeys = BTreeMap<Path, String>;

/// One change of those that turn one value into another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// A single edit.
    Edit(Edit),
    /// A new order of a list's items, with some gone and some new.
    Arrange { path: Path, slots: Vec<Slot> },
}

/// What stands at one place of a list that is handed over whole.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Slot {
    /// The item that had this index.
    Keep(usize),
    /// A new item.
    Insert(Value),
}

/// The changes that turn `read` into `new`, to be made one after the other. What happens inside of
/// an item comes before its list is arranged, so that all indices are those of what was read.
///
/// # Errors
/// `WrongKind` and `InvalidInput` where something of another kind than is there was handed over and
/// cannot stand there.
pub(crate) fn steps(read: &Value, new: &Value, keys: &ListKeys) -> Result<Vec<Step>, EditError> {
    let mut difference = Difference { keys, steps: Vec::new() };
    difference.compare(&Path::default(), read, new)?;
    Ok(difference.steps)
}

struct Difference<'a> {
    keys: &'a ListKeys,
    steps: Vec<Step>,
}

impl Difference<'_> {
    /// What is there keeps its kind where plain JSON can say it.
    fn compare(&mut self, path: &Path, read: &Value, new: &Value) -> Result<(), EditError> {
        match (read, new) {
            (Value::Object(read), Value::Object(new)) => return self.object(path, read, new),
            _ if says_the_same(new, read) => {}
            (Value::Text(read), Value::String(new) | Value::Text(new)) => {
                self.steps.extend(texts::splices(path, read, new).into_iter().map(Step::Edit));
            }
            (Value::Counter(read), Value::Int(new) | Value::Counter(new)) => {
                let by = new.saturating_sub(*read);
                self.edit(Edit::Increment { path: path.clone(), by });
            }
            (Value::Whole(_), Value::List(_) | Value::Object(_)) => {
                let whole = new.clone().into_whole().map_err(|error| at(path, error))?;
                self.set(path, &whole);
            }
            (Value::Set(read), Value::List(_) | Value::Whole(_) | Value::Set(_)) => {
                let wanted = match (new, array(new)) {
                    (Value::Set(new), _) => Cow::Borrowed(new),
                    (_, Some(items)) => Cow::Owned(self.set_elements(path, items)?),
                    _ => {
                        self.set(path, new);
                        return Ok(());
                    }
                };
                for element in read.difference(&wanted) {
                    self.edit(Edit::Discard { path: path.clone(), element: element.clone() });
                }
                for element in wanted.difference(read) {
                    self.edit(Edit::Add { path: path.clone(), element: element.clone() });
                }
            }
            (Value::List(read), Value::List(new)) => return self.list(path, read, new),
            (Value::List(read), new) if !read.is_empty() => match item_array(new) {
                Some(items) => {
                    // An array inside of a list is a value by itself.
                    let items: Result<Vec<Value>, _> =
                        items.iter().cloned().map(Value::into_whole).collect();
                    return self.list(path, read, &items?);
                }
                None => self.set(path, new),
            },
            _ => self.set(path, new),
        }
        Ok(())
    }

    fn edit(&mut self, edit: Edit) {
        self.steps.push(Step::Edit(edit));
    }

    fn set(&mut self, path: &Path, value: &Value) {
        self.edit(Edit::Set { path: path.clone(), value: value.clone() });
    }

    fn object(
        &mut self,
        path: &Path,
        read: &BTreeMap<String, Value>,
        new: &BTreeMap<String, Value>,
    ) -> Result<(), EditError> {
        for key in read.keys().filter(|key| !new.contains_key(*key)) {
            self.edit(Edit::Remove { path: path.child(key) });
        }
        for (key, value) in new {
            match read.get(key) {
                Some(read) => self.compare(&path.child(key), read, value)?,
                None => self.set(&path.child(key), value),
            }
        }
        Ok(())
    }

    fn set_elements(&self, path: &Path, items: &[Value]) -> Result<BTreeSet<Element>, EditError> {
        let is_scalar = |item: &Value| {
            use Value::{Bool, Float, Int, Null, String};
            matches!(item, Null | Bool(_) | Int(_) | Float(_) | String(_))
        };
        if let Some((index, item)) = items.iter().enumerate().find(|(_, item)| !is_scalar(item)) {
            return Err(EditError::WrongKind {
                path: path.child(index.to_string()).to_string(),
                found: item.kind(),
                needed: "a scalar, as all elements of a set are",
            });
        }
        Ok(elements(items).map_err(|error| at(path, error))?)
    }

    fn list(&mut self, path: &Path, read: &[Value], new: &[Value]) -> Result<(), EditError> {
        let matched = matching::matches(read, new, self.key_of(path));
        for (item, old) in new.iter().zip(&matched) {
            if let Some(old) = old {
                self.compare(&path.child(old.to_string()), &read[*old], item)?;
            }
        }
        let is_in_place = matched.iter().enumerate().all(|(index, old)| *old == Some(index));
        if !is_in_place || new.len() != read.len() {
            let slots = new.iter().zip(matched).map(|(item, old)| match old {
                Some(old) => Slot::Keep(old),
                None => Slot::Insert(item.clone()),
            });
            self.steps.push(Step::Arrange { path: path.clone(), slots: slots.collect() });
        }
        Ok(())
    }

    fn key_of(&self, path: &Path) -> Option<&str> {
        let fits = |pattern: &Path| {
            let (pattern, path) = (pattern.segments(), path.segments());
            pattern.len() == path.len()
                && pattern.iter().zip(path).all(|(pattern, step)| pattern == "*" || pattern == step)
        };
        self.keys.iter().find(|(pattern, _)| fits(pattern)).map(|(_, key)| &key[..])
    }
}

fn at(path: &Path, error: InvalidInput) -> InvalidInput {
    InvalidInput::new(format!("at {path}: {}", error.reason), error.remedy)
}

/// A value without the note that it is replaced whole.
fn contents(value: &Value) -> &Value {
    match value {
        Value::Whole(content) => content,
        value => value,
    }
}

/// The items of an array, mergeable or not.
fn array(value: &Value) -> Option<&[Value]> {
    match contents(value) {
        Value::List(items) => Some(items),
        _ => None,
    }
}

/// The items of an array that may be a list's: of any that plain JSON can say.
fn item_array(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Whole(_) => array(value).filter(|items| Value::is_numeric(items)),
        value => array(value),
    }
}

#[cfg(test)]
mod tests;
