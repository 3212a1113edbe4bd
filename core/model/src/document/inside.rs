//! Changes inside a value that is one register.

use std::collections::BTreeMap;

use crate::{
    error::{EditError, InvalidInput},
    path::Path,
    value::Value,
};

/// Sets what some steps lead to, making the objects that are missing on the way.
pub(super) fn set(
    content: &mut Value,
    path: &Path,
    steps: &[String],
    value: &Value,
) -> Result<(), EditError> {
    let new = match value.clone().into_whole()? {
        Value::Whole(content) => *content,
        scalar => scalar,
    };
    let slot = steps.iter().try_fold(content, |content, step| match content {
        Value::Object(fields) => Ok(fields.entry(step.clone()).or_insert(Value::Null)),
        Value::List(items) => item(items, path, step),
        nothing @ Value::Null => {
            *nothing = Value::Object(BTreeMap::from([(step.clone(), Value::Null)]));
            match nothing {
                Value::Object(fields) => Ok(fields.entry(step.clone()).or_insert(Value::Null)),
                _ => Err(wrong_kind(path, &Value::Null)),
            }
        }
        other => Err(wrong_kind(path, other)),
    })?;
    *slot = new;
    Ok(())
}

/// Whether some steps lead to anything.
pub(super) fn holds(content: &Value, steps: &[String]) -> bool {
    let end = steps.iter().try_fold(content, |content, step| match content {
        Value::Object(fields) => fields.get(step),
        Value::List(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
        _ => None,
    });
    end.is_some()
}

/// Removes what some steps lead to.
pub(super) fn remove(content: &mut Value, path: &Path, steps: &[String]) -> Result<(), EditError> {
    let Some((step, rest)) = steps.split_first() else { return Ok(()) };
    match content {
        Value::Object(fields) if rest.is_empty() => drop(fields.remove(step)),
        Value::Object(fields) => {
            if let Some(field) = fields.get_mut(step) {
                remove(field, path, rest)?;
            }
        }
        Value::List(items) => {
            let found = item(items, path, step)?;
            if !rest.is_empty() {
                return remove(found, path, rest);
            }
            if let Ok(index) = step.parse::<usize>() {
                items.remove(index);
            }
        }
        other => return Err(wrong_kind(path, other)),
    }
    Ok(())
}

fn item<'a>(items: &'a mut [Value], path: &Path, step: &str) -> Result<&'a mut Value, EditError> {
    let length = items.len();
    let found = step.parse::<usize>().ok().and_then(|index| items.get_mut(index));
    found.ok_or_else(|| {
        InvalidInput::new(
            format!("{step:?} in {path} is no place in it: the array has {length}"),
            "give an index from 0",
        )
        .into()
    })
}

fn wrong_kind(path: &Path, found: &Value) -> EditError {
    let (path, found) = (path.to_string(), found.kind());
    EditError::WrongKind { path, found, needed: "an object or a list" }
}
