//! JSON text on its way in: the one reader of every door.
//!
//! Strict RFC 8259, with a byte order mark passed over. What a document cannot hold without a
//! change is refused with its path, line and column: a number that neither an `i64` nor a double
//! is, half a surrogate pair, a key that stands twice in one object, nesting deeper than
//! [`MAX_DEPTH`].

mod number;
mod parser;

use serde_json::Value as Json;

pub(crate) use self::number::from_number;
use self::parser::{Fault, Parser, Problem};
use crate::{edit::Edit, error::InvalidInput, limits::MAX_DEPTH, path::Path, value::Value};

/// Levels of text that a value of [`MAX_DEPTH`] levels may take: each may stand in a tagged form.
pub(crate) const MAX_TEXT_DEPTH: usize = 2 * (MAX_DEPTH + 1) + 4;

/// How objects of one key such as `$text` are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Forms {
    /// As the tagged forms of kinds that JSON does not have.
    #[default]
    Tagged,
    /// As objects: the text goes in as it is.
    Plain,
}

/// JSON text that somebody handed over.
#[derive(Clone, Copy, Debug)]
pub struct JsonText<'a> {
    text: &'a str,
    what: &'a str,
    is_line: bool,
}

impl<'a> JsonText<'a> {
    /// Takes text; `what` names it in refusals, such as "the value".
    pub fn new(text: &'a str, what: &'a str) -> Self {
        // Windows programs begin files with one; RFC 8259, section 8.1, lets readers ignore it.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { text, what, is_line: false }
    }

    /// Takes one line out of many: refusals tell the column, and the caller tells the line.
    pub fn line(text: &'a str, what: &'a str) -> Self {
        Self { is_line: true, ..Self::new(text, what) }
    }

    /// Reads any JSON of at most [`MAX_DEPTH`] levels.
    ///
    /// # Errors
    /// `InvalidInput` with line and column, and the path of what cannot be held.
    pub fn json(&self) -> Result<Json, InvalidInput> {
        self.parse(MAX_DEPTH, 0)
    }

    /// Reads a value of a document.
    ///
    /// # Errors
    /// As [`json`](Self::json), and as [`Value::from_json`].
    pub fn value(&self, forms: Forms) -> Result<Value, InvalidInput> {
        self.value_of(&self.parse(MAX_TEXT_DEPTH, 0)?, &Path::default(), forms)
    }

    /// Reads a JSON array of edits.
    ///
    /// # Errors
    /// As [`json`](Self::json), and as [`Edit::list_from_json`].
    pub fn edits(&self, forms: Forms) -> Result<Vec<Edit>, InvalidInput> {
        let json = self.parse(MAX_TEXT_DEPTH + 2, 2)?;
        Edit::list_from(&json, forms).map_err(|error| self.placed(error))
    }

    /// Reads an object that holds a document's value or edits in one of its fields, for
    /// [`value_of`](Self::value_of) and [`edits_of`](Self::edits_of).
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub fn envelope(&self) -> Result<Json, InvalidInput> {
        self.parse(MAX_TEXT_DEPTH + 3, 1)
    }

    /// Reads the value of a document out of what this text holds at `path`.
    ///
    /// # Errors
    /// As [`Value::from_json`], with line and column.
    pub fn value_of(&self, json: &Json, path: &Path, forms: Forms) -> Result<Value, InvalidInput> {
        Value::read(json, forms).map_err(|error| self.placed_below(error, path))
    }

    /// Reads a list of edits out of what this text holds at `path`.
    ///
    /// # Errors
    /// As [`Edit::list_from_json`], with line and column.
    pub fn edits_of(
        &self,
        json: &Json,
        path: &Path,
        forms: Forms,
    ) -> Result<Vec<Edit>, InvalidInput> {
        Edit::list_from(json, forms).map_err(|error| self.placed_below(error, path))
    }

    fn placed_below(&self, error: InvalidInput, path: &Path) -> InvalidInput {
        let steps = path.segments().iter().rev();
        self.placed(steps.fold(error, |error, step| error.below(step)))
    }

    /// Parses; `shell` levels stand around what the rule on nesting is about.
    fn parse(&self, max_depth: usize, shell: usize) -> Result<Json, InvalidInput> {
        Parser::new(self.text, max_depth).document().map_err(|fault| self.refused(fault, shell))
    }

    fn refused(&self, fault: Fault, shell: usize) -> InvalidInput {
        let Fault { problem, path, offset } = fault;
        match problem {
            Problem::Syntax(problem) => InvalidInput::new(
                format!("{} is not JSON: {problem} at {}", self.what, self.place(offset)),
                "hand over one JSON value, as RFC 8259 writes it",
            ),
            Problem::Content { what, remedy } => {
                let reason = format!("{what} ({})", self.place(offset));
                InvalidInput::new(reason, remedy)
            }
            // The parser went on to where no reading is left that would be less deep.
            Problem::TooDeep => {
                let path = path.prefix(shell + MAX_DEPTH + 1);
                self.placed(too_deep(&path).at(path))
            }
        }
    }

    /// Adds where in the text it is that a refusal is about.
    fn placed(&self, error: InvalidInput) -> InvalidInput {
        let at = error
            .at
            .as_ref()
            .and_then(|path| Parser::new(self.text, MAX_TEXT_DEPTH + 3).find(path));
        match at {
            Some(offset) => {
                let reason = format!("{} ({})", error.reason, self.place(offset));
                InvalidInput { reason, ..error }
            }
            None => error,
        }
    }

    fn place(&self, offset: usize) -> String {
        let before = &self.text[..offset];
        let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before[begin..].chars().count() + 1;
        if self.is_line {
            return format!("column {column}");
        }
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        format!("line {line} column {column}")
    }
}

/// The one refusal of what is nested too deep.
pub(crate) fn too_deep(path: &Path) -> InvalidInput {
    InvalidInput::new(
        format!("what stands at {} is nested deeper than {MAX_DEPTH}", path.shown()),
        "flatten it, or split it over several documents",
    )
}
