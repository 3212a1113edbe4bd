//! Edits: single intents on a document.

use serde_json::{Map, Value as Json};

use crate::{element::Element, error::InvalidInput, json::Forms, path::Path, value::Value};

/// One intent on a document. Indices of texts are UTF-16 code units.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Writes a value, replacing whatever is there. A missing object above it is made.
    Set {
        /// Where.
        path: Path,
        /// What.
        value: Value,
    },
    /// Removes a field or a list item; nothing happens where nothing is.
    Remove {
        /// What.
        path: Path,
    },
    /// Adds to a counter, making it where nothing is.
    Increment {
        /// Which counter.
        path: Path,
        /// How much; negative to take away.
        by: i64,
    },
    /// Deletes and inserts in a text, making it where nothing is.
    Splice {
        /// Which text.
        path: Path,
        /// From which index.
        at: u32,
        /// How many code units to delete.
        delete: u32,
        /// What to insert.
        insert: String,
    },
    /// Inserts an item in a list, making the list where nothing is.
    Insert {
        /// Which list.
        path: Path,
        /// Before which index; the list's length appends.
        at: u32,
        /// The item.
        value: Value,
    },
    /// Moves an item of a list.
    Move {
        /// Which list.
        path: Path,
        /// The item's index.
        from: u32,
        /// The item's index afterwards.
        to: u32,
    },
    /// Deletes an item of a list.
    DeleteItem {
        /// Which list.
        path: Path,
        /// The item's index.
        at: u32,
    },
    /// Adds an element to a set, making the set where nothing is.
    Add {
        /// Which set.
        path: Path,
        /// The element.
        element: Element,
    },
    /// Takes an element out of a set; nothing happens where it is not in it.
    Discard {
        /// Which set.
        path: Path,
        /// The element.
        element: Element,
    },
}

impl Edit {
    /// The path that the edit names.
    pub fn path(&self) -> &Path {
        match self {
            Self::Set { path, .. }
            | Self::Remove { path }
            | Self::Increment { path, .. }
            | Self::Splice { path, .. }
            | Self::Insert { path, .. }
            | Self::Move { path, .. }
            | Self::DeleteItem { path, .. }
            | Self::Add { path, .. }
            | Self::Discard { path, .. } => path,
        }
    }

    /// Reads a JSON array of edits, such as `[{"op":"set","path":"/a","value":1}]`.
    ///
    /// # Errors
    /// `InvalidInput` names the edit and the field that is wrong, missing or unknown.
    pub fn list_from_json(json: &Json) -> Result<Vec<Self>, InvalidInput> {
        Self::list_from(json, Forms::Tagged)
    }

    pub(crate) fn list_from(json: &Json, forms: Forms) -> Result<Vec<Self>, InvalidInput> {
        let Json::Array(edits) = json else {
            return Err(InvalidInput::new(
                "edits are a JSON array of objects",
                r#"for instance [{"op":"set","path":"/done","value":true}]"#,
            ));
        };
        edits
            .iter()
            .enumerate()
            .map(|(index, edit)| {
                Self::from_json(edit, forms).map_err(|error| {
                    let error = error.below(&index.to_string());
                    InvalidInput { reason: format!("edit {index}: {}", error.reason), ..error }
                })
            })
            .collect()
    }

    fn from_json(json: &Json, forms: Forms) -> Result<Self, InvalidInput> {
        let fields = Fields::of(json)?;
        let path = fields.text("path")?.parse()?;
        let edit = match fields.text("op")? {
            "set" => Self::Set { path, value: fields.value(forms)? },
            "remove" => Self::Remove { path },
            "increment" => Self::Increment { path, by: fields.whole("by", Some(1))? },
            "splice" => Self::Splice {
                path,
                at: fields.index("at", None)?,
                delete: fields.index("delete", Some(0))?,
                insert: fields.optional_text("insert")?.to_owned(),
            },
            "insert" => {
                Self::Insert { path, at: fields.index("at", None)?, value: fields.value(forms)? }
            }
            "move" => Self::Move {
                path,
                from: fields.index("from", None)?,
                to: fields.index("to", None)?,
            },
            "delete-item" => Self::DeleteItem { path, at: fields.index("at", None)? },
            "add" => Self::Add { path, element: Element::new(fields.value(forms)?)? },
            "discard" => Self::Discard { path, element: Element::new(fields.value(forms)?)? },
            other => {
                return Err(InvalidInput::new(
                    format!("there is no edit {other:?}"),
                    "use set, remove, increment, splice, insert, move, delete-item, add or discard",
                ));
            }
        };
        let known = match edit {
            Self::Set { .. } | Self::Add { .. } | Self::Discard { .. } => &["value"][..],
            Self::Remove { .. } => &[],
            Self::Increment { .. } => &["by"],
            Self::Splice { .. } => &["at", "delete", "insert"],
            Self::Insert { .. } => &["at", "value"],
            Self::Move { .. } => &["from", "to"],
            Self::DeleteItem { .. } => &["at"],
        };
        fields.only(known)?;
        Ok(edit)
    }
}

struct Fields<'a>(&'a Map<String, Json>);

impl<'a> Fields<'a> {
    fn of(json: &'a Json) -> Result<Self, InvalidInput> {
        json.as_object().map(Self).ok_or_else(|| {
            InvalidInput::new(
                "an edit is a JSON object",
                r#"for instance {"op":"remove","path":"/a"}"#,
            )
        })
    }

    fn missing(name: &str, what: &str) -> InvalidInput {
        InvalidInput::new(
            format!("{name:?} is missing or not {what}"),
            format!("give {name:?}: {what}"),
        )
    }

    fn text(&self, name: &str) -> Result<&'a str, InvalidInput> {
        self.0.get(name).and_then(Json::as_str).ok_or_else(|| Self::missing(name, "a string"))
    }

    fn optional_text(&self, name: &str) -> Result<&'a str, InvalidInput> {
        if self.0.contains_key(name) { self.text(name) } else { Ok("") }
    }

    fn whole(&self, name: &str, default: Option<i64>) -> Result<i64, InvalidInput> {
        match (self.0.get(name), default) {
            (None, Some(default)) => Ok(default),
            (number, _) => number
                .and_then(|number| match Value::from_json(number) {
                    Ok(Value::Int(whole)) => Some(whole),
                    _ => None,
                })
                .ok_or_else(|| Self::missing(name, "a whole number")),
        }
    }

    fn index(&self, name: &str, default: Option<u32>) -> Result<u32, InvalidInput> {
        let whole = self.whole(name, default.map(i64::from))?;
        u32::try_from(whole).map_err(|_| Self::missing(name, "an index from 0"))
    }

    fn value(&self, forms: Forms) -> Result<Value, InvalidInput> {
        let json = self.0.get("value").ok_or_else(|| Self::missing("value", "JSON"))?;
        Value::read(json, forms).map_err(|error| error.below("value"))
    }

    fn only(&self, known: &[&str]) -> Result<(), InvalidInput> {
        match self
            .0
            .keys()
            .find(|key| !["op", "path"].contains(&&key[..]) && !known.contains(&&key[..]))
        {
            None => Ok(()),
            Some(key) => Err(InvalidInput::new(
                format!("this edit has no field {key:?}"),
                format!("its fields are op, path {}", known.join(", ")),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_read_from_json() {
        let edits = serde_json::json!([
            {"op":"set","path":"/a/b","value":{"$counter":1}},
            {"op":"remove","path":"/a/b"},
            {"op":"increment","path":"/count"},
            {"op":"splice","path":"/body","at":5,"delete":2,"insert":"…"},
            {"op":"insert","path":"/steps","at":0,"value":null},
            {"op":"move","path":"/steps","from":3,"to":0},
            {"op":"delete-item","path":"/steps","at":2},
            {"op":"add","path":"/tags","value":"wet"},
            {"op":"discard","path":"/tags","value":1.0},
        ]);
        let edits = Edit::list_from_json(&edits).unwrap();
        assert_eq!(edits.len(), 9);
        assert!(matches!(&edits[2], Edit::Increment { by: 1, .. }));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (edit, named) in [
            (serde_json::json!({"op":"set","path":"/a"}), "value"),
            (serde_json::json!({"op":"sett","path":"/a"}), "sett"),
            (serde_json::json!({"op":"remove","path":"a"}), "start with /"),
            (serde_json::json!({"op":"remove","path":"/a","valu":1}), "valu"),
            (serde_json::json!({"op":"splice","path":"/a","at":-1}), "at"),
            (serde_json::json!({"op":"increment","path":"/a","by":1.5}), "by"),
            (serde_json::json!({"op":"add","path":"/a","value":[]}), "scalar"),
            (serde_json::json!(5), "object"),
        ] {
            let error = Edit::list_from_json(&Json::Array(vec![edit])).unwrap_err();
            assert!(
                error.reason.starts_with("edit 0: ") && error.reason.contains(named),
                "{error}"
            );
        }
    }
}
