//! One row of a result.

use std::{fmt, ops::Deref, slice, sync::Arc};

use serde_json::Value;

/// A row of a result: its cells, in the order of the columns. Cloning it copies no cell.
#[derive(Clone, PartialEq)]
pub struct Row(Arc<[Value]>);

impl Row {
    /// Whether this is a clone of the other one, and not merely equal.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for Row {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl From<Vec<Value>> for Row {
    fn from(cells: Vec<Value>) -> Self {
        Self(cells.into())
    }
}

impl<'a> IntoIterator for &'a Row {
    type Item = &'a Value;
    type IntoIter = slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq<Vec<Value>> for Row {
    fn eq(&self, other: &Vec<Value>) -> bool {
        *self.0 == **other
    }
}

impl<const COUNT: usize> PartialEq<[Value; COUNT]> for Row {
    fn eq(&self, other: &[Value; COUNT]) -> bool {
        *self.0 == *other
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
