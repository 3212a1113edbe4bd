//! Founders: what a document starts with is nobody's write.
//!
//! The first write to a document of which a replica holds nothing stands for its content: whoever
//! begins a document alike makes the same bytes under the same writers, so that the beginning is
//! there once, with one dot, before the devices meet. A founder's value is weaker than any other.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    entry::{Body, Entry, Tree},
    ids::Incarnation,
    value::Value,
};

/// One of the two entries at the root that a document begins with.
#[derive(Debug)]
pub(crate) struct Founding {
    /// The writer that stands for it.
    pub(crate) writer: Incarnation,
    /// What the tree was made of.
    pub(crate) value: Value,
    /// The entry.
    pub(crate) entry: Entry,
}

/// The entries that begin a document with this content: the scalars that are reached through
/// objects alone, so that a stamp does not part two copies of a form, then all else.
pub(crate) fn found(content: &Value, generation: u32) -> Vec<Founding> {
    let (scalars, rest) = split(content);
    let empty = || Value::Object(BTreeMap::new());
    [Some(scalars.unwrap_or_else(empty)), rest]
        .into_iter()
        .flatten()
        .map(|value| {
            let body = Body::Value(Arc::new(Tree::of(&value)));
            let entry =
                Entry { body, clock: 0, time_ms: 0, epoch: 0, over: false, covers: Vec::new() };
            Founding { writer: founder_of(generation, &entry.encode()), value, entry }
        })
        .collect()
}

/// The writer that stands for a payload.
pub(crate) fn founder_of(generation: u32, payload: &[u8]) -> Incarnation {
    let mut hasher = blake3::Hasher::new_derive_key("dunlin founder 1");
    hasher.update(&generation.to_be_bytes());
    hasher.update(payload);
    let mut hash = [0; 8];
    hash.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    Incarnation::founder(hash)
}

/// Parts a value into scalars below objects, and all else; each with the objects on the way.
fn split(value: &Value) -> (Option<Value>, Option<Value>) {
    let Value::Object(fields) = value else {
        let is_scalar = matches!(
            value,
            Value::Null
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::String(_)
                | Value::Bytes(_)
        );
        return if is_scalar { (Some(value.clone()), None) } else { (None, Some(value.clone())) };
    };
    let (mut scalars, mut rest) = (BTreeMap::new(), BTreeMap::new());
    for (key, field) in fields {
        let (scalar, other) = split(field);
        scalars.extend(scalar.map(|it| (key.clone(), it)));
        rest.extend(other.map(|it| (key.clone(), it)));
    }
    let rest = (!rest.is_empty()).then_some(rest);
    let scalars = (!scalars.is_empty() || rest.is_none()).then_some(scalars);
    (scalars.map(Value::Object), rest.map(Value::Object))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::from_json(&serde_json::from_str(json).unwrap()).unwrap()
    }

    #[test]
    fn scalars_below_objects_part_from_all_else() {
        let founded = found(
            &value(r#"{"a":1,"b":{"c":"x","d":["y"]},"e":{},"f":{"g":{"$counter":1}},"h":[1,2]}"#),
            0,
        );
        let parts: Vec<String> = founded.iter().map(|it| it.value.to_json_text()).collect();
        assert_eq!(
            parts,
            [r#"{"a":1,"b":{"c":"x"},"e":{}}"#, r#"{"b":{"d":["y"]},"f":{"g":1},"h":[1,2]}"#]
        );
        assert_eq!(found(&value("{}"), 0).len(), 1);
        assert_eq!(found(&value(r#"{"l":["x"]}"#), 0).len(), 2);
    }

    #[test]
    fn a_founder_stands_for_its_content_and_its_generation() {
        let writers = |json: &str, generation| -> Vec<Incarnation> {
            found(&value(json), generation).iter().map(|it| it.writer).collect()
        };
        let form = r#"{"stamp":1,"rows":["x"]}"#;
        assert_eq!(writers(form, 0), writers(form, 0));
        assert_ne!(writers(form, 0)[1], writers(form, 1)[1]);
        let other = writers(r#"{"stamp":2,"rows":["x"]}"#, 0);
        assert_eq!(writers(form, 0)[1], other[1]);
        assert_ne!(writers(form, 0)[0], other[0]);
        assert!(other.iter().all(|writer| writer.is_founder()));
    }
}
