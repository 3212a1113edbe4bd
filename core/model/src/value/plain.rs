//! A value's plain JSON as text, without a tree of JSON in between.

use data_encoding::BASE64;
use serde::ser::{Serialize, Serializer};

use super::Value;

/// Serializes a value as [`Value::to_json`] shows it.
pub(super) struct Plain<'a>(pub(super) &'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(truth) => serializer.serialize_bool(*truth),
            Value::Int(whole) | Value::Counter(whole) => serializer.serialize_i64(*whole),
            Value::Float(float) => serializer.serialize_f64(*float),
            Value::String(text) | Value::Text(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) => serializer.serialize_str(&BASE64.encode(bytes)),
            Value::List(items) => serializer.collect_seq(items.iter().map(Plain)),
            Value::Whole(content) => Plain(content).serialize(serializer),
            Value::Set(elements) => {
                serializer.collect_seq(elements.iter().map(|element| Plain(element.value())))
            }
            Value::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(key, value)| (key, Plain(value))))
            }
        }
    }
}
