//! The forms of `put`.

use clap::Args;
use dunlin::{Forms, InvalidInput, ListKeys};
use serde::{Deserialize, Serialize};

/// Arguments of `put`.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(
    override_usage = "dunlin put SPACE COLLECTION ID JSON\n       \
                      dunlin put SPACE COLLECTION --new JSON\n       \
                      dunlin put SPACE COLLECTION --many [--new]\n\n\
                      each also with --plain, --whole and --key",
    after_help = r#"JSON is merged into what is there (RFC 7396): fields that it does not name stay, null removes one.
A string over a text, a number over a counter and an array over a list become edits, so that what
others write at the same time stays too. {"$text":"…"} makes a text that several people can edit,
{"$counter":0} a number that adds up. An array is a list of items that merge one by one; one of
numbers alone, such as a coordinate, is a value that is replaced whole. {"$list":[…]}, {"$value":…}
and {"$set":[…]} say otherwise, {"$bytes":"base64"} stands for bytes, and {"$object":{…}} takes an
object as it is that would read as one of these. All other keys are ordinary, also with a $.

--plain reads no such forms: a file goes in as it is, with every number, key and string.
--whole makes the document what JSON says: other fields go, and null is stored instead of removing.
--key /steps=code tells the items of the list /steps apart by their field code, where that is not id:
an item that is handed over in another place or with other fields is the same one. A * in the path
stands for every item or field: --key '/sections/*/steps=code'.

--many reads {"id":…,"value":…} a line from standard input and prints {"id":…,"seq":…} a line, each
one only after it is on disk. A line that is refused is told on standard error, the others go on,
and the exit code is 1.

Examples:
  dunlin put garden tasks prune '{"title":"prune the roses","notes":{"$text":""},"steps":[]}'
  dunlin put garden tasks prune '{"title":null}'
  dunlin put garden tasks --new - < task.json
  dunlin put garden specs api --plain --whole - < openapi.json
  dunlin put garden readings --many < readings.jsonl"#
)]
pub(crate) struct Put {
    /// Name or beginning of the id
    pub(crate) space: String,
    /// Such as `tasks`; it comes into being with its first document
    pub(crate) collection: String,
    /// The document's id, and a JSON object; "-" for JSON reads standard input
    #[arg(value_name = "ID JSON", num_args = 0..=2)]
    rest: Vec<String>,
    /// Make an id, and print it
    #[arg(long)]
    pub(crate) new: bool,
    /// Read many documents from standard input, a line each
    #[arg(long)]
    pub(crate) many: bool,
    /// Read no tagged forms: {"$text":"x"} is an object like any other
    #[arg(long)]
    pub(crate) plain: bool,
    /// Make the document this instead of merging: null is stored, other fields are removed
    #[arg(long)]
    pub(crate) whole: bool,
    /// Tell the items of this list apart by this field; may be repeated
    #[arg(long = "key", value_name = "LIST=FIELD")]
    keys: Vec<String>,
}

/// What a `put` is about.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum PutForm<'a> {
    /// One document.
    One { id: Option<&'a str>, json: &'a str },
    /// A line each, with ids of their own.
    Many,
}

impl Put {
    /// What it is about.
    ///
    /// # Errors
    /// Says which arguments are missing or too many.
    pub(crate) fn form(&self) -> Result<PutForm<'_>, String> {
        match (self.many, self.new, self.rest.as_slice()) {
            (true, _, []) => Ok(PutForm::Many),
            (true, ..) => Err("--many takes ids and JSON from standard input only".to_owned()),
            (false, false, [id, json]) => Ok(PutForm::One { id: Some(id), json }),
            (false, true, [json]) => Ok(PutForm::One { id: None, json }),
            (false, true, [_, _]) => Err("--new makes the id: give the JSON alone".to_owned()),
            _ => Err("put needs ID and JSON, or --new and JSON, or --many".to_owned()),
        }
    }

    /// How its JSON is read.
    pub(crate) fn forms(&self) -> Forms {
        if self.plain { Forms::Plain } else { Forms::Tagged }
    }

    /// By which fields items of lists are told apart.
    ///
    /// # Errors
    /// Says which of them is none.
    pub(crate) fn list_keys(&self) -> Result<ListKeys, InvalidInput> {
        let read = |key: &String| {
            let (list, field) = key.split_once('=').ok_or_else(|| {
                InvalidInput::new(
                    format!("{key:?} does not say a list and a field"),
                    "write --key /steps=code",
                )
            })?;
            Ok((list.parse()?, field.to_owned()))
        };
        self.keys.iter().map(read).collect()
    }

    pub(super) fn json_mut(&mut self) -> Option<&mut String> {
        if self.many { None } else { self.rest.last_mut() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(rest: &[&str], new: bool, many: bool) -> Result<String, String> {
        let rest = rest.iter().map(|text| (*text).to_owned()).collect();
        let (space, collection) = ("s".into(), "c".into());
        let put =
            Put { space, collection, rest, new, many, plain: false, whole: false, keys: vec![] };
        put.form().map(|form| format!("{form:?}"))
    }

    #[test]
    fn each_form_takes_its_own_arguments_and_no_others() {
        assert_eq!(
            form(&["a", "{}"], false, false).unwrap(),
            r#"One { id: Some("a"), json: "{}" }"#
        );
        assert_eq!(form(&["{}"], true, false).unwrap(), r#"One { id: None, json: "{}" }"#);
        assert_eq!(form(&[], false, true).unwrap(), "Many");
        for (rest, new, many) in [
            (&["a"][..], false, false),
            (&[], false, false),
            (&["a", "{}"], true, false),
            (&[], true, false),
            (&["a"], false, true),
        ] {
            assert!(form(rest, new, many).is_err(), "{rest:?} {new} {many}");
        }
    }
}
