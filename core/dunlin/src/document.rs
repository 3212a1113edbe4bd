//! A document as a caller read it.

use std::collections::BTreeSet;

use dunlin_model::{Conflict, DocId, DocKey, Element, Path, Value, Version};
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

    /// This document as a typed model saw it: what the model's `encoding` names, with the kinds
    /// that the document has there. Given to [`save`](crate::CollectionHandle::save) as what was
    /// read, it leaves fields alone that the model does not know, and edits texts and counters
    /// that the model holds as strings and numbers.
    pub fn seen_as(&self, encoding: &Value) -> Self {
        Self { value: with_kinds_of(&self.value, encoding), ..self.clone() }
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

fn with_kinds_of(document: &Value, encoding: &Value) -> Value {
    match (document, encoding) {
        (Value::Text(text), Value::String(string)) if text == string => document.clone(),
        (Value::Counter(sum), Value::Int(number)) if sum == number => document.clone(),
        (Value::Object(fields), Value::Object(encoded)) => {
            let seen = |(key, value): (&String, &Value)| {
                let value = match fields.get(key) {
                    Some(field) => with_kinds_of(field, value),
                    // A default that the model filled in.
                    None => value.clone(),
                };
                (key.clone(), value)
            };
            Value::Object(encoded.iter().map(seen).collect())
        }
        (Value::Set(elements), encoding) if is_array_of(encoding, elements) => document.clone(),
        (Value::Whole(content), Value::List(_)) if content.to_json() == encoding.to_json() => {
            document.clone()
        }
        (Value::List(items), encoding) => match array(encoding) {
            Some(encoded) if items.len() == encoded.len() => {
                let items = items.iter().zip(encoded);
                Value::List(items.map(|(item, encoded)| with_kinds_of(item, encoded)).collect())
            }
            _ => encoding.clone(),
        },
        _ => encoding.clone(),
    }
}

/// The items of an array, replaced whole or not.
fn array(value: &Value) -> Option<&[Value]> {
    match value {
        Value::List(items) => Some(items),
        Value::Whole(content) => array(content),
        _ => None,
    }
}

/// Whether an array says what a set does, in any order.
fn is_array_of(value: &Value, elements: &BTreeSet<Element>) -> bool {
    let read = |item: &Value| Element::new(item.clone()).ok();
    let said = array(value).and_then(|items| items.iter().map(read).collect());
    said.is_some_and(|said: BTreeSet<Element>| said == *elements)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(tagged: Json) -> Document {
        Document {
            id: "a".parse().unwrap(),
            value: Value::from_json(&tagged).unwrap(),
            version: Version::default(),
            conflicts: Vec::new(),
            is_deleted: false,
        }
    }

    #[test]
    fn a_model_sees_its_fields_with_the_kinds_of_the_document() {
        let document = document(json!({
            "body": {"$text": "hay"},
            "unknown": {"$counter": 1},
            "steps": [{"minutes": {"$counter": 5}, "unknown": 1}],
        }));
        let encoding = json!({"body": "hay", "steps": [{"minutes": 5}], "done": false});
        let seen = document.seen_as(&Value::from_json(&encoding).unwrap());
        let expected = json!({
            "body": {"$text": "hay"},
            "steps": [{"minutes": {"$counter": 5}}],
            "done": false,
        });
        assert_eq!(seen.to_tagged_json(), expected);
    }

    #[test]
    fn what_a_model_changed_while_it_read_keeps_the_models_form() {
        let document = document(json!({"body": {"$text": "hay"}, "steps": [1, 2]}));
        let encoding = Value::from_json(&json!({"body": "HAY", "steps": [1]})).unwrap();
        assert_eq!(document.seen_as(&encoding).value, encoding);
    }

    #[test]
    fn a_model_sees_arrays_with_the_kinds_of_the_document() {
        let tagged = json!({
            "set": {"$set": ["a", "b"]},
            "whole": [1, 2],
            "value": {"$value": ["a"]},
            "list": {"$list": [1, 2]},
        });
        let encoding = json!({
            "set": ["b", "a"],
            "whole": {"$list": [1, 2]},
            "value": ["a"],
            "list": [1, 2],
        });
        let encoding = Value::from_json(&encoding).unwrap();
        assert_eq!(document(tagged.clone()).seen_as(&encoding).to_tagged_json(), tagged);
        let other = json!({"set": {"$set": ["c"]}, "whole": [1], "value": 1, "list": ["a"]});
        assert_eq!(document(other).seen_as(&encoding).value, encoding);
    }
}
