//! JSON read as a value, and where in it something is that cannot be.

use data_encoding::BASE64;
use serde_json::{Map, Number, Value as Json};

use super::{TAGS, Value};
use crate::{
    element::Element,
    error::InvalidInput,
    json::{self, Forms, MAX_TEXT_DEPTH, too_deep},
    limits::MAX_DEPTH,
    path::Path,
};

/// JSON on its way in, and where in it.
pub(super) struct Reading {
    forms: Forms,
    /// In the document.
    path: Path,
    /// In the text, where tags are steps too.
    place: Path,
}

impl Reading {
    pub(super) fn new(forms: Forms) -> Self {
        Self { forms, path: Path::default(), place: Path::default() }
    }

    pub(super) fn read(&mut self, json: &Json, depth: usize) -> Result<Value, InvalidInput> {
        if depth > MAX_DEPTH || self.place.segments().len() > MAX_TEXT_DEPTH {
            return Err(too_deep(&self.path).at(self.place.clone()));
        }
        Ok(match json {
            Json::Null => Value::Null,
            Json::Bool(truth) => Value::Bool(*truth),
            Json::Number(number) => self.number(number)?,
            Json::String(text) => Value::String(text.clone()),
            Json::Array(items) => {
                let items = self.items(items, depth)?;
                if Value::is_numeric(&items) {
                    Value::List(items).into_whole()?
                } else {
                    Value::List(items)
                }
            }
            Json::Object(fields) => match self.tag(fields) {
                Some((tag, content)) => {
                    self.place.push(tag.to_owned());
                    let value = self.tagged(tag, content, depth)?;
                    self.place.pop();
                    value
                }
                None => self.fields(fields, depth)?,
            },
        })
    }

    fn items(&mut self, items: &[Json], depth: usize) -> Result<Vec<Value>, InvalidInput> {
        let items = items.iter().enumerate();
        items.map(|(index, item)| self.below(index.to_string(), item, depth)).collect()
    }

    fn fields(&mut self, fields: &Map<String, Json>, depth: usize) -> Result<Value, InvalidInput> {
        let fields = fields.iter();
        let read =
            fields.map(|(key, field)| Ok((key.clone(), self.below(key.clone(), field, depth)?)));
        Ok(Value::Object(read.collect::<Result<_, InvalidInput>>()?))
    }

    fn below(&mut self, step: String, json: &Json, depth: usize) -> Result<Value, InvalidInput> {
        self.path.push(step.clone());
        self.place.push(step);
        let value = self.read(json, depth + 1)?;
        self.path.pop();
        self.place.pop();
        Ok(value)
    }

    /// The tag and the content of a tagged form.
    fn tag<'a>(&self, fields: &'a Map<String, Json>) -> Option<(&'a str, &'a Json)> {
        let (key, content) = fields.iter().next()?;
        let is_form = fields.len() == 1 && TAGS.contains(&&key[..]);
        (is_form && self.forms == Forms::Tagged).then_some((key, content))
    }

    fn tagged(&mut self, tag: &str, content: &Json, depth: usize) -> Result<Value, InvalidInput> {
        let value = match (tag, content) {
            ("$text", Json::String(text)) => Some(Value::Text(text.clone())),
            ("$counter", Json::Number(number)) => match self.number(number)? {
                Value::Int(whole) => Some(Value::Counter(whole)),
                _ => None,
            },
            ("$bytes", Json::String(text)) => BASE64.decode(text.as_bytes()).ok().map(Value::Bytes),
            ("$value", content) => {
                let value = self.read(content, depth)?;
                Some(value.into_whole().map_err(|error| self.at_path(error))?)
            }
            ("$list", Json::Array(items)) => Some(Value::List(self.items(items, depth)?)),
            ("$set", Json::Array(items)) => {
                let items = self.items(items, depth)?;
                let elements: Result<_, _> = items.into_iter().map(Element::new).collect();
                Some(Value::Set(elements.map_err(|error| self.at_path(error))?))
            }
            ("$object", Json::Object(fields)) => Some(self.fields(fields, depth)?),
            _ => None,
        };
        value.ok_or_else(|| {
            self.refused(
                &format!("is no value that {tag:?} can hold"),
                "the forms are {\"$text\":\"…\"}, {\"$counter\":whole number}, {\"$bytes\":\"base64\"}, \
                 {\"$value\":…}, {\"$set\":[…]}, {\"$list\":[…]} and {\"$object\":{…}}; to store such an \
                 object as it is, wrap it in {\"$object\":{…}}",
            )
        })
    }

    fn number(&self, number: &Number) -> Result<Value, InvalidInput> {
        json::from_number(number).map_err(|what| self.refused(&what, "store it as a string"))
    }

    fn refused(&self, what: &str, remedy: &str) -> InvalidInput {
        let reason = format!("what stands at {} {what}", self.path.shown());
        InvalidInput::new(reason, remedy).at(self.place.clone())
    }

    fn at_path(&self, error: InvalidInput) -> InvalidInput {
        let reason = format!("at {}: {}", self.path.shown(), error.reason);
        InvalidInput::new(reason, error.remedy).at(self.place.clone())
    }
}
