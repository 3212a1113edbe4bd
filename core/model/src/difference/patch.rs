//! Merge patches (RFC 7396).

use std::collections::BTreeMap;

use super::same::says_the_same;
use crate::{
    edit::Edit,
    path::{Path, RegisterPath},
    value::Value,
};

/// `read` after a merge patch.
pub(crate) fn patched(read: &Value, patch: &BTreeMap<String, Value>) -> Value {
    let mut fields = match super::contents(read) {
        Value::Object(fields) => fields.clone(),
        _ => BTreeMap::new(),
    };
    for (key, value) in patch {
        match value {
            Value::Null => {
                fields.remove(key);
            }
            Value::Object(patch) => {
                let before = fields.remove(key).unwrap_or(Value::Null);
                fields.insert(key.clone(), patched(&before, patch));
            }
            value => {
                fields.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(fields)
}

/// A patch that begins something new: without its nulls.
pub(crate) fn without_nulls(patch: &Value) -> Value {
    match patch {
        Value::Object(fields) => patched(&Value::Null, fields),
        value => value.clone(),
    }
}

/// Writes of what a patch names and finds as it is, where a conflict is open: saying the same again
/// settles it.
pub(crate) fn settled(patch: &Value, read: &Value, contested: &[RegisterPath]) -> Vec<Edit> {
    let mut settled = Settled { contested, edits: Vec::new() };
    settled.collect(&Path::default(), &RegisterPath::root(), patch, Some(read));
    settled.edits
}

struct Settled<'a> {
    contested: &'a [RegisterPath],
    edits: Vec<Edit>,
}

impl Settled<'_> {
    fn collect(
        &mut self,
        path: &Path,
        register: &RegisterPath,
        patch: &Value,
        read: Option<&Value>,
    ) {
        match (patch, read) {
            (Value::Object(patch), Some(Value::Object(read))) => {
                for (key, value) in patch {
                    self.collect(&path.child(key), &register.key(key), value, read.get(key));
                }
            }
            (Value::Null, None) if self.is_open(register) => {
                self.edits.push(Edit::Remove { path: path.clone() });
            }
            (patch, Some(read)) if says_the_same(patch, read) => {
                let is_open = match read {
                    // Never written whole for what its items are contested for.
                    Value::List(_) | Value::Set(_) => self.contested.contains(register),
                    _ => self.is_open(register),
                };
                if is_open {
                    self.edits.push(Edit::Set { path: path.clone(), value: read.clone() });
                }
            }
            _ => {}
        }
    }

    /// Whether something lost here or below.
    fn is_open(&self, register: &RegisterPath) -> bool {
        self.contested.iter().any(|path| register.holds(path))
    }
}
