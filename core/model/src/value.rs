//! JSON with mergeable extras: what a document holds, as callers see it.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde_json::{Map, Number, Value as Json};

use crate::{error::InvalidInput, limits::MAX_DEPTH};

/// A value in a document.
///
/// Integers are exact over all of `i64`. A float is finite and never integral within ±2⁵³ (such a
/// number is an [`Int`](Value::Int)), so equal numbers have one form.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// JSON `null`, stored.
    Null,
    /// JSON `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other finite number.
    Float(f64),
    /// A string that is replaced whole.
    String(String),
    /// Bytes; in JSON `{"$bytes":"base64"}`.
    Bytes(Vec<u8>),
    /// Text that several people edit at once; in JSON `{"$text":"…"}`.
    Text(String),
    /// A number that adds up what everybody added; in JSON `{"$counter":n}`.
    Counter(i64),
    /// A list of items with stable ids.
    List(Vec<Value>),
    /// An object; keys sorted by their bytes.
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// Reads JSON, with `{"$text":…}`, `{"$counter":…}` and `{"$bytes":…}` as their kinds.
    ///
    /// # Errors
    /// Refuses other keys that start with `$`, whole numbers above `i64::MAX`, and nesting deeper
    /// than [`MAX_DEPTH`].
    pub fn from_json(json: &Json) -> Result<Self, InvalidInput> {
        Self::read(json, 0)
    }

    /// Reads JSON that must be an object at the top, as every document is.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json), and for anything but an object.
    pub fn object_from_json(json: &Json) -> Result<Self, InvalidInput> {
        match Self::from_json(json)? {
            object @ Self::Object(_) => Ok(object),
            other => Err(InvalidInput::new(
                format!("a document is a JSON object, not {}", other.kind()),
                "wrap it, for instance {\"value\": …}",
            )),
        }
    }

    fn read(json: &Json, depth: usize) -> Result<Self, InvalidInput> {
        if depth > MAX_DEPTH {
            return Err(InvalidInput::new(
                format!("the value is nested deeper than {MAX_DEPTH}"),
                "flatten it, or split it over several documents",
            ));
        }
        Ok(match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => Self::number(number)?,
            Json::String(text) => Self::String(text.clone()),
            Json::Array(items) => Self::List(
                items.iter().map(|item| Self::read(item, depth + 1)).collect::<Result<_, _>>()?,
            ),
            Json::Object(fields) => match fields.keys().find(|key| key.starts_with('$')) {
                Some(key) => Self::tagged(key, fields)?,
                None => Self::Object(
                    fields
                        .iter()
                        .map(|(key, value)| Ok((key.clone(), Self::read(value, depth + 1)?)))
                        .collect::<Result<_, InvalidInput>>()?,
                ),
            },
        })
    }

    fn number(number: &Number) -> Result<Self, InvalidInput> {
        match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(Self::Int(whole)),
            (None, Some(float)) if !number.is_u64() => Self::float(float),
            _ => Err(InvalidInput::new(
                format!("the number {number} is above {}", i64::MAX),
                "store it as a string",
            )),
        }
    }

    /// A float in its one form: whole numbers within ±2⁵³ become integers, −0 becomes 0.
    ///
    /// # Errors
    /// Refuses NaN and infinities, which JSON cannot say.
    pub fn float(float: f64) -> Result<Self, InvalidInput> {
        const EXACT: f64 = (1u64 << 53) as f64;
        if !float.is_finite() {
            return Err(InvalidInput::new(
                format!("{float} is not a number that JSON can hold"),
                "leave the field out, or store a string",
            ));
        }
        Ok(if float.fract() == 0.0 && float.abs() <= EXACT {
            Self::Int(float as i64)
        } else {
            Self::Float(float)
        })
    }

    fn tagged(key: &str, fields: &Map<String, Json>) -> Result<Self, InvalidInput> {
        let content = &fields[key];
        let value = match (key, content) {
            _ if fields.len() != 1 => None,
            ("$text", Json::String(text)) => Some(Self::Text(text.clone())),
            ("$counter", Json::Number(number)) => number.as_i64().map(Self::Counter),
            ("$bytes", Json::String(text)) => BASE64.decode(text.as_bytes()).ok().map(Self::Bytes),
            _ => None,
        };
        value.ok_or_else(|| {
            InvalidInput::new(
                format!("{key:?} does not make a value here"),
                "keys that start with $ are for {\"$text\":\"…\"}, {\"$counter\":whole number} and \
                 {\"$bytes\":\"base64\"}, alone in their object",
            )
        })
    }

    /// Plain JSON: texts as strings, counters as numbers, bytes as base64 strings.
    pub fn to_json(&self) -> Json {
        self.write(&|value| match value {
            Self::Text(text) => Json::String(text.clone()),
            Self::Counter(sum) => Json::from(*sum),
            Self::Bytes(bytes) => Json::String(BASE64.encode(bytes)),
            _ => Json::Null,
        })
    }

    /// JSON that [`from_json`](Self::from_json) reads back as this value.
    pub fn to_tagged_json(&self) -> Json {
        let tag =
            |key: &str, value: Json| Json::Object([(key.to_owned(), value)].into_iter().collect());
        self.write(&|value| match value {
            Self::Text(text) => tag("$text", Json::String(text.clone())),
            Self::Counter(sum) => tag("$counter", Json::from(*sum)),
            Self::Bytes(bytes) => tag("$bytes", Json::String(BASE64.encode(bytes))),
            _ => Json::Null,
        })
    }

    fn write(&self, kinds: &dyn Fn(&Self) -> Json) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(truth) => Json::Bool(*truth),
            Self::Int(whole) => Json::from(*whole),
            Self::Float(float) => Number::from_f64(*float).map_or(Json::Null, Json::Number),
            Self::String(text) => Json::String(text.clone()),
            Self::Bytes(_) | Self::Text(_) | Self::Counter(_) => kinds(self),
            Self::List(items) => items.iter().map(|item| item.write(kinds)).collect(),
            Self::Object(fields) => {
                fields.iter().map(|(key, value)| (key.clone(), value.write(kinds))).collect()
            }
        }
    }

    /// The kind's name, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::String(_) => "a string",
            Self::Bytes(_) => "bytes",
            Self::Text(_) => "a text",
            Self::Counter(_) => "a counter",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Value, InvalidInput> {
        Value::from_json(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(read("5.0"), Ok(Value::Int(5)));
        assert_eq!(read("-0.0"), Ok(Value::Int(0)));
        assert_eq!(read("9223372036854775807"), Ok(Value::Int(i64::MAX)));
        assert_eq!(read("-9223372036854775808"), Ok(Value::Int(i64::MIN)));
        assert_eq!(read("1e300"), Ok(Value::Float(1e300)));
        assert!(read("9223372036854775808").is_err());
        assert!(read("18446744073709551615").is_err());
        assert!(Value::float(f64::NAN).is_err() && Value::float(f64::INFINITY).is_err());
    }

    #[test]
    fn tagged_kinds_are_read_back_and_other_dollar_keys_refused() {
        let text = r#"{"a":{"$text":"x"},"b":{"$counter":-3},"c":{"$bytes":"AAE="},"d":[1,null]}"#;
        let value = read(text).unwrap();
        assert_eq!(Value::from_json(&value.to_tagged_json()), Ok(value.clone()));
        assert_eq!(value.to_json().to_string(), r#"{"a":"x","b":-3,"c":"AAE=","d":[1,null]}"#);
        for refused in [
            r#"{"$x":1}"#,
            r#"{"$text":1}"#,
            r#"{"$counter":1.5}"#,
            r#"{"$bytes":"?"}"#,
            r#"{"$text":"a","b":1}"#,
        ] {
            assert!(read(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(&nested(MAX_DEPTH + 1)).is_ok());
        assert!(read(&nested(MAX_DEPTH + 2)).is_err());
    }
}
