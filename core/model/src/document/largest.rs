//! What makes a document large, and whether removing it gives room.

use std::cmp::Reverse;

use super::Document;
use crate::{path::Path, value::Value};

/// Bytes from which something stands alone in a document, so that removing it frees it.
const ALONE_BYTES: usize = 1 << 10;
/// Most paths told.
const MAX_LARGEST: usize = 5;

/// Something large in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Large {
    /// Where.
    pub path: Path,
    /// About how many bytes it takes.
    pub bytes: u64,
}

impl Document {
    /// What is largest among what a removal frees, the largest first; empty where removing gives
    /// no room.
    pub fn largest(&self) -> Vec<Large> {
        if self.is_deleted() || !self.exists() {
            return Vec::new();
        }
        let mut found = Vec::new();
        collect(&Path::default(), &self.value(), &mut found);
        found.sort_by_key(|large| Reverse(large.bytes));
        found.truncate(MAX_LARGEST);
        found
    }
}

fn collect(path: &Path, value: &Value, found: &mut Vec<Large>) {
    let bytes = match value {
        Value::Object(fields) => {
            return fields.iter().for_each(|(key, field)| collect(&path.child(key), field, found));
        }
        Value::List(items) => {
            let items = items.iter().enumerate();
            return items
                .for_each(|(index, item)| collect(&path.child(index.to_string()), item, found));
        }
        Value::String(text) | Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Whole(value) => value.to_json_text().len(),
        _ => return,
    };
    if bytes > ALONE_BYTES {
        found.push(Large { path: path.clone(), bytes: bytes as u64 });
    }
}
