//! A document as a caller read it.

use dunlin_model::{Conflict, DocId, DocKey, ListKeys, Path, Value, Version};
use serde_json::Value as Json;

use crate::error::Result;

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
    pub(crate) fn new(doc: &DocId, document: &dunlin_model::Document) -> Self {
        Self {
            id: doc.key.clone(),
            value: document.value(),
            version: document.version(),
            conflicts: document.conflicts(),
            is_deleted: document.is_deleted(),
        }
    }

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

    /// What saving a model leaves of this document: `read` is the model's encoding of it, `new`
    /// that of the changed model. None where `read` says only what the document says; else the
    /// model is to be decoded from it and must encode as `new`, or what
    /// [`save_model`](crate::CollectionHandle::save_model) would write is not what it means.
    ///
    /// # Errors
    /// `Unplaceable`, `WrongKind` or `InvalidInput`, as saving itself.
    pub fn after_save(&self, read: &Value, new: &Value, keys: &ListKeys) -> Result<Option<Value>> {
        Ok(self.value.after_save(read, new, keys)?)
    }
}

/// A text of a document, as an editor reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Where it is: list items above it by id, so that the path stays good when they move.
    pub path: Path,
    /// The text; its indices are UTF-16 code units.
    pub content: String,
    /// The causal context of this read: the `base` of splices made on it.
    pub version: Version,
}
