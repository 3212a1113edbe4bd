//! Values by what they say, whatever the kind that holds it.

use std::collections::BTreeMap;

use crate::value::Value;

/// A fingerprint of what a value says: equal for a text and a string, for a counter and a number,
/// for a list, a set and a value that is replaced whole of the same array.
pub(super) fn print(value: &Value) -> [u8; 16] {
    let mut bytes = Vec::new();
    write(&mut bytes, value);
    let mut print = [0; 16];
    print.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..16]);
    print
}

/// Appends what a value says, in a form that no two values share that say different things.
pub(super) fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(0),
        Value::Bool(truth) => out.push(1 + u8::from(*truth)),
        Value::Int(whole) | Value::Counter(whole) => {
            out.push(3);
            out.extend(whole.to_be_bytes());
        }
        Value::Float(float) => {
            out.push(4);
            out.extend(float.to_bits().to_be_bytes());
        }
        Value::String(text) | Value::Text(text) => write_bytes(out, 5, text.as_bytes()),
        Value::Bytes(bytes) => write_bytes(out, 6, bytes),
        Value::List(items) => write_array(out, items.len(), items),
        Value::Set(elements) => {
            write_array(out, elements.len(), elements.iter().map(|element| element.value()));
        }
        Value::Whole(content) => write(out, content),
        Value::Object(fields) => write_object(out, fields),
    }
}

fn write_bytes(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend((bytes.len() as u64).to_be_bytes());
    out.extend(bytes);
}

fn write_array<'a>(out: &mut Vec<u8>, length: usize, items: impl IntoIterator<Item = &'a Value>) {
    out.push(7);
    out.extend((length as u64).to_be_bytes());
    items.into_iter().for_each(|item| write(out, item));
}

fn write_object(out: &mut Vec<u8>, fields: &BTreeMap<String, Value>) {
    out.push(8);
    out.extend((fields.len() as u64).to_be_bytes());
    for (key, field) in fields {
        write_bytes(out, 5, key.as_bytes());
        write(out, field);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_says_the_same_has_one_print_and_nothing_else_has() {
        let value = |json| Value::from_json(&json).unwrap();
        for (left, right, equal) in [
            (json!({"$text": "a"}), json!("a"), true),
            (json!({"$counter": 1}), json!(1), true),
            (json!({"a": {"$list": [1]}}), json!({"a": [1]}), true),
            (json!({"$set": ["b", "a"]}), json!(["a", "b"]), true),
            (json!({"$value": {"a": 1}}), json!({"a": 1}), true),
            (json!("1"), json!(1), false),
            (json!([[], "a"]), json!([["a"]]), false),
            (json!({"a": null}), json!({}), false),
            (json!([null]), json!([]), false),
            (json!({"$bytes": "AAE="}), json!("AAE="), false),
        ] {
            assert_eq!(print(&value(left.clone())) == print(&value(right)), equal, "{left}");
        }
    }
}
