//! Bounds that every value keeps, so that each part of it can be written to later.

use crate::{
    error::{EditError, InvalidInput},
    item::MAX_ITEM_STEP_BYTES,
    limits::{MAX_COUNTER, MAX_DEPTH, MAX_WRITTEN_PATH_BYTES},
    path::{Path, RegisterPath},
    value::Value,
};

/// Where a value stands in its document.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Segments of its path.
    pub(super) depth: usize,
    /// Bytes that its register's path has, or would have.
    pub(super) bytes: usize,
}

impl Place {
    fn below(self, bytes: usize) -> Self {
        Self { depth: self.depth + 1, bytes: self.bytes + bytes }
    }
}

/// Checks a value that is about to be written at a path; some of it `Value::from_json` has checked,
/// unless the value was built by hand.
pub(super) fn check_value(path: &Path, value: &Value, place: Place) -> Result<(), EditError> {
    let invalid = |reason: String| Err(InvalidInput::new(reason, "store another value").into());
    if place.depth > MAX_DEPTH {
        let what = format!("the depth of {path}");
        return Err(EditError::LimitExceeded { what, limit: MAX_DEPTH as u64 });
    }
    if place.bytes > MAX_WRITTEN_PATH_BYTES {
        return Err(too_long(&path.to_string()));
    }
    match value {
        Value::Counter(first) if first.unsigned_abs() > MAX_COUNTER as u64 => {
            let what = format!("the counter at {path}");
            Err(EditError::LimitExceeded { what, limit: MAX_COUNTER as u64 })
        }
        Value::Float(float) if Value::float(*float) != Ok(value.clone()) => {
            invalid(format!("{float} at {path} is not a float in its one form"))
        }
        Value::List(items) => items
            .iter()
            .try_for_each(|item| check_value(path, item, place.below(MAX_ITEM_STEP_BYTES))),
        Value::Object(fields) => fields.iter().try_for_each(|(key, field)| {
            check_value(path, field, place.below(RegisterPath::key_bytes(key)))
        }),
        _ => Ok(()),
    }
}

/// The refusal of a path that is too long to be written, at or below this one.
pub(super) fn too_long(path: &str) -> EditError {
    let what = format!("the path of something at or below \"{path:.80}\", in bytes,");
    EditError::LimitExceeded { what, limit: MAX_WRITTEN_PATH_BYTES as u64 }
}
