//! JSON with mergeable extras: what a document holds, as callers see it.

mod plain;
mod reading;

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64;
use serde_json::{Number, Value as Json};

use self::{plain::Plain, reading::Reading};
use crate::{
    difference::{self, ListKeys},
    element::Element,
    error::{EditError, InvalidInput},
    json::Forms,
};

/// A value in a document.
///
/// Integers are exact over all of `i64`. A float is finite and never a number that an `i64` holds
/// (that is an [`Int`](Value::Int)), so equal numbers have one form.
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
    /// A list of items with stable ids; in JSON an array, or `{"$list":[…]}` where that would read
    /// as a [`Whole`](Value::Whole).
    List(Vec<Value>),
    /// A list or an object that is one register: replaced whole, never merged inside. In JSON an
    /// array with at least one number and nothing but numbers and such arrays in it, or
    /// `{"$value":…}`. Inside are scalars, bytes, lists and objects.
    Whole(Box<Value>),
    /// A set of scalars, to which several people add at once; in JSON `{"$set":[…]}`.
    Set(BTreeSet<Element>),
    /// An object; keys sorted by their bytes. In JSON `{"$object":{…}}` where it would read as one
    /// of these forms.
    Object(BTreeMap<String, Value>),
}

/// The keys that make a tagged form of an object that has one of them and nothing else.
const TAGS: [&str; 8] =
    ["$text", "$counter", "$bytes", "$value", "$set", "$list", "$attachment", "$object"];

impl Value {
    /// Reads JSON, with its tagged forms: objects of exactly one key out of `$text`, `$counter`,
    /// `$bytes`, `$value`, `$set`, `$list`, `$attachment` and `$object`. Every other key is an
    /// ordinary one.
    ///
    /// # Errors
    /// `InvalidInput` with the path, for a tagged form that holds something else than it names, whole
    /// numbers above `i64::MAX` that are no doubles, and nesting deeper than
    /// [`MAX_DEPTH`](crate::limits::MAX_DEPTH).
    pub fn from_json(json: &Json) -> Result<Self, InvalidInput> {
        Self::read(json, Forms::Tagged)
    }

    /// Reads JSON as it is: no object is a tagged form.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_plain_json(json: &Json) -> Result<Self, InvalidInput> {
        Self::read(json, Forms::Plain)
    }

    /// Reads JSON that must be an object at the top, as every document is.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json), and for anything but an object.
    pub fn object_from_json(json: &Json) -> Result<Self, InvalidInput> {
        Self::from_json(json)?.into_document()
    }

    /// Reads JSON as it is, that must be an object at the top.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json), and for anything but an object.
    pub fn object_from_plain_json(json: &Json) -> Result<Self, InvalidInput> {
        Self::from_plain_json(json)?.into_document()
    }

    pub(crate) fn read(json: &Json, forms: Forms) -> Result<Self, InvalidInput> {
        Reading::new(forms).read(json, 0)
    }

    fn into_document(self) -> Result<Self, InvalidInput> {
        match self {
            object @ Self::Object(_) => Ok(object),
            other => Err(InvalidInput::new(
                format!("a document is a JSON object, not {}", other.kind()),
                "wrap it, for instance {\"value\": …}",
            )),
        }
    }

    /// A float in its one form: whole numbers that an `i64` holds become integers, −0 becomes 0.
    ///
    /// # Errors
    /// Refuses NaN and infinities, which JSON cannot say.
    pub fn float(float: f64) -> Result<Self, InvalidInput> {
        // Exact: a power of two.
        const BOUND: f64 = -(i64::MIN as f64);
        if !float.is_finite() {
            return Err(InvalidInput::new(
                format!("{float} is not a number that JSON can hold"),
                "leave the field out, or store a string",
            ));
        }
        Ok(if float.fract() == 0.0 && (-BOUND..BOUND).contains(&float) {
            Self::Int(float as i64)
        } else {
            Self::Float(float)
        })
    }

    /// The same as one register, with all lists and objects in it as plain content; scalars are
    /// registers anyway.
    ///
    /// # Errors
    /// `InvalidInput` if there is a text, a counter or a set in it: those merge.
    pub fn into_whole(self) -> Result<Self, InvalidInput> {
        Ok(match self.into_content()? {
            tree @ (Self::List(_) | Self::Object(_)) => Self::Whole(Box::new(tree)),
            scalar => scalar,
        })
    }

    /// What stands inside a [`Whole`](Self::Whole): lists and objects of scalars.
    fn into_content(self) -> Result<Self, InvalidInput> {
        Ok(match self {
            Self::Whole(content) => *content,
            Self::List(items) => {
                Self::List(items.into_iter().map(Self::into_content).collect::<Result<_, _>>()?)
            }
            Self::Object(fields) => Self::Object(
                fields
                    .into_iter()
                    .map(|(key, field)| Ok((key, field.into_content()?)))
                    .collect::<Result<_, InvalidInput>>()?,
            ),
            merging @ (Self::Text(_) | Self::Counter(_) | Self::Set(_)) => {
                return Err(InvalidInput::new(
                    format!("{} cannot stand in a value that is replaced whole", merging.kind()),
                    "leave out $value, or store a string, a number or an array in it",
                ));
            }
            scalar => scalar,
        })
    }

    /// Whether an array of these, as plain JSON, reads as one value: at least one number, and
    /// nothing but numbers and such arrays.
    pub(crate) fn is_numeric(items: &[Self]) -> bool {
        !items.is_empty()
            && items.iter().all(|item| match item {
                Self::Int(_) | Self::Float(_) => true,
                Self::List(items) => Self::is_numeric(items),
                Self::Whole(content) => {
                    matches!(&**content, Self::List(items) if Self::is_numeric(items))
                }
                _ => false,
            })
    }

    /// Plain JSON: texts as strings, counters as numbers, bytes as base64 strings, sets and values
    /// as what they hold.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(truth) => Json::Bool(*truth),
            Self::Int(whole) | Self::Counter(whole) => Json::from(*whole),
            Self::Float(float) => Number::from_f64(*float).map_or(Json::Null, Json::Number),
            Self::String(text) | Self::Text(text) => Json::String(text.clone()),
            Self::Bytes(bytes) => Json::String(BASE64.encode(bytes)),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Whole(content) => content.to_json(),
            Self::Set(elements) => {
                elements.iter().map(|element| element.value().to_json()).collect()
            }
            Self::Object(fields) => {
                fields.iter().map(|(key, value)| (key.clone(), value.to_json())).collect()
            }
        }
    }

    /// The text of [`to_json`](Self::to_json).
    pub fn to_json_text(&self) -> String {
        // Strings, numbers and keys that are strings: nothing that could fail.
        serde_json::to_string(&Plain(self)).unwrap_or_default()
    }

    /// JSON that [`from_json`](Self::from_json) reads back as this value.
    pub fn to_tagged_json(&self) -> Json {
        match self {
            Self::Text(text) => tagged("$text", Json::String(text.clone())),
            Self::Counter(sum) => tagged("$counter", Json::from(*sum)),
            Self::Bytes(bytes) => tagged("$bytes", Json::String(BASE64.encode(bytes))),
            Self::Set(_) => tagged("$set", self.to_json()),
            Self::Whole(content) => match &**content {
                Self::List(items) if Self::is_numeric(items) => content.to_json(),
                content => tagged("$value", content.to_content_json()),
            },
            Self::List(items) => {
                let array = items.iter().map(Self::to_tagged_json).collect();
                if Self::is_numeric(items) { tagged("$list", array) } else { array }
            }
            Self::Object(fields) => object(fields, Self::to_tagged_json),
            scalar => scalar.to_json(),
        }
    }

    /// The inside of a value that is replaced whole: arrays are arrays there, whatever they hold.
    fn to_content_json(&self) -> Json {
        match self {
            Self::Bytes(_) => self.to_tagged_json(),
            Self::List(items) => items.iter().map(Self::to_content_json).collect(),
            Self::Object(fields) => object(fields, Self::to_content_json),
            scalar => scalar.to_json(),
        }
    }

    /// What saving a model leaves of what is stored here: `read` is the model's encoding of it,
    /// `new` that of the changed model. None where `read` says only what is stored, so that nothing
    /// had to be placed; else whoever saves reads back whether the model finds what it means.
    ///
    /// # Errors
    /// As [`Document::save`](crate::Document::save) for these values.
    pub fn after_save(
        &self,
        read: &Self,
        new: &Self,
        keys: &ListKeys,
    ) -> Result<Option<Self>, EditError> {
        let saved = difference::saved(self, read, new, keys)?;
        Ok(saved.is_mapped.then_some(saved.value))
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
            Self::Whole(_) => "a value that is replaced whole",
            Self::Set(_) => "a set",
            Self::Object(_) => "an object",
        }
    }
}

fn tagged(tag: &str, content: Json) -> Json {
    Json::Object([(tag.to_owned(), content)].into_iter().collect())
}

/// An object's fields, wrapped where they would read as a tagged form.
fn object(fields: &BTreeMap<String, Value>, write: impl Fn(&Value) -> Json) -> Json {
    let json = fields.iter().map(|(key, value)| (key.clone(), write(value))).collect();
    let reads_as_tagged = fields.len() == 1 && fields.keys().all(|key| TAGS.contains(&&key[..]));
    if reads_as_tagged { tagged("$object", json) } else { json }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_DEPTH;

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
        assert_eq!(read("9223372036854774784.0"), Ok(Value::Int(9_223_372_036_854_774_784)));
        assert_eq!(read("9223372036854775808"), Ok(Value::Float(9_223_372_036_854_775_808.0)));
        assert_eq!(read("-9.223372036854775808e18"), Ok(Value::Int(i64::MIN)));
        assert!(read("9223372036854775809").is_err());
        assert!(read("18446744073709551615").is_err());
        assert!(Value::float(f64::NAN).is_err() && Value::float(f64::INFINITY).is_err());
    }

    #[test]
    fn tagged_kinds_are_read_back_and_all_other_keys_are_ordinary() {
        for (text, plain) in [
            (r#"{"a":{"$text":"x"}}"#, r#"{"a":"x"}"#),
            (r#"{"b":{"$counter":-3}}"#, r#"{"b":-3}"#),
            (r#"{"c":{"$bytes":"AAE="}}"#, r#"{"c":"AAE="}"#),
            (r#"{"d":["x",null]}"#, r#"{"d":["x",null]}"#),
            (r#"{"e":[1,[2.5,3]]}"#, r#"{"e":[1,[2.5,3]]}"#),
            (r#"{"e":[]}"#, r#"{"e":[]}"#),
            (r#"{"f":{"$list":[1,2]}}"#, r#"{"f":[1,2]}"#),
            (r#"{"g":{"$set":[1,"b","a"]}}"#, r#"{"g":[1,"a","b"]}"#),
            (r#"{"h":{"$value":{"x":[1],"y":["a"]}}}"#, r#"{"h":{"x":[1],"y":["a"]}}"#),
            (r#"{"i":{"$object":{"$text":5}}}"#, r#"{"i":{"$text":5}}"#),
            (r#"{"$ref":"a","$schema":1}"#, r#"{"$ref":"a","$schema":1}"#),
            (r#"{"$text":"a","b":1}"#, r#"{"$text":"a","b":1}"#),
            (r#"{"$x":1}"#, r#"{"$x":1}"#),
            (r#"{"j":{"$value":{"$object":{"$text":5}}}}"#, r#"{"j":{"$text":5}}"#),
        ] {
            let value = read(text).unwrap();
            assert_eq!(value.to_json().to_string(), plain);
            assert_eq!(value.to_json_text(), plain);
            let tagged = value.to_tagged_json();
            assert_eq!(Value::from_json(&tagged), Ok(value.clone()), "{text}");
            let json: Json = serde_json::from_str(plain).unwrap();
            assert_eq!(Value::from_plain_json(&json).unwrap().to_json(), json);
        }
        assert!(matches!(read("[1,[2]]"), Ok(Value::Whole(_))));
        assert!(matches!(read("[[],[1]]"), Ok(Value::List(_))));
        assert_eq!(read(r#"{"$value":5}"#), Ok(Value::Int(5)));
    }

    #[test]
    fn a_tagged_form_that_holds_something_else_is_refused_with_its_path() {
        for refused in [
            r#"{"a":[{"b":{"$text":1}}]}"#,
            r#"{"a":[{"b":{"$counter":1.5}}]}"#,
            r#"{"a":[{"b":{"$bytes":"?"}}]}"#,
            r#"{"a":[{"b":{"$set":[[]]}}]}"#,
            r#"{"a":[{"b":{"$list":{}}}]}"#,
            r#"{"a":[{"b":{"$object":[]}}]}"#,
            r#"{"a":[{"b":{"$attachment":1}}]}"#,
            r#"{"a":[{"b":{"$value":{"t":{"$text":"x"}}}}]}"#,
            r#"{"a":[{"b":9223372036854775809}]}"#,
        ] {
            let reason = read(refused).unwrap_err().reason;
            assert!(reason.contains("/a/0/b"), "{refused}: {reason}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(&nested(MAX_DEPTH + 1)).is_ok());
        assert!(read(&nested(MAX_DEPTH + 2)).is_err());
    }
}
