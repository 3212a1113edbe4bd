//! A document as a caller read it.

use dunlin_model::{Conflict, DocKey, Value, Version};
use serde_json::Value as Json;

/// A snapshot of a document; what a caller bases its next edit on.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The id within its collection.
    pub id: DocKey,
    /// The content; the last content if the document is deleted.
    pub value: Value,
    /// The causal context of this read: the `base` of an edit that follows from it.
    pub version: Version,
    /// Values that lost against a concurrent write, until somebody writes there having seen them.
    pub conflicts: Vec<Conflict>,
    /// Whether the document is deleted; only [`inspect`](crate::CollectionHandle::inspect) returns
    /// such a one.
    pub is_deleted: bool,
}

impl Document {
    /// Plain JSON: counters as numbers, texts as strings, lists as arrays.
    pub fn to_json(&self) -> Json {
        self.value.to_json()
    }

    /// JSON that names the kinds: `{"$text":"…"}`, `{"$counter":3}`.
    pub fn to_tagged_json(&self) -> Json {
        self.value.to_tagged_json()
    }

    /// Whether some path has values that lost against a concurrent write.
    pub fn has_conflicts(&self) -> bool {
        !self.conflicts.is_empty()
    }
}
