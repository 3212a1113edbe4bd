//! A parser of JSON text that knows where it is.

use serde_json::{Map, Value as Json};

use super::number;
use crate::path::Path;

/// What is wrong with a text, and where.
pub(super) struct Fault {
    pub(super) problem: Problem,
    pub(super) path: Path,
    /// In bytes from the beginning.
    pub(super) offset: usize,
}

/// What is wrong with a text.
pub(super) enum Problem {
    /// It is not JSON.
    Syntax(&'static str),
    /// It is JSON that no document can hold.
    Content { what: String, remedy: &'static str },
    /// It is nested deeper than the parser was told to go.
    TooDeep,
}

/// A step from a value to one inside it.
enum Step {
    Key(String),
    Index(usize),
}

/// A text that is being read.
pub(super) struct Parser<'a> {
    text: &'a str,
    offset: usize,
    steps: Vec<Step>,
    max_depth: usize,
    /// The value that is looked for, and where it begins.
    wanted: Option<(&'a Path, Option<usize>)>,
}

type Parsed<T> = Result<T, Fault>;

impl<'a> Parser<'a> {
    /// Begins to read a text; `max_depth` bounds the recursion.
    pub(super) fn new(text: &'a str, max_depth: usize) -> Self {
        Self { text, offset: 0, steps: Vec::new(), max_depth, wanted: None }
    }

    /// Reads the whole text as one value.
    pub(super) fn document(&mut self) -> Parsed<Json> {
        let value = self.value()?;
        self.skip_space();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.syntax("more text follows the value")),
        }
    }

    /// Where the value at a path begins, in a text that has been read before as far as there.
    pub(super) fn find(mut self, path: &'a Path) -> Option<usize> {
        self.wanted = Some((path, None));
        // Ends where the value begins, with a fault of no interest.
        let _ = self.document();
        self.wanted?.1
    }

    fn value(&mut self) -> Parsed<Json> {
        self.skip_space();
        if let Some((path, found @ None)) = &mut self.wanted
            && is_at(&self.steps, path)
        {
            *found = Some(self.offset);
            return Err(self.syntax("this is it"));
        }
        if self.steps.len() > self.max_depth {
            return Err(self.fault(self.offset, Problem::TooDeep));
        }
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => Err(self.syntax("there is no value")),
            None => Err(self.syntax("it ends where a value should be")),
        }
    }

    fn object(&mut self) -> Parsed<Json> {
        self.offset += 1;
        let mut fields = Map::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Json::Object(fields));
        }
        loop {
            self.skip_space();
            let begin = self.offset;
            if self.peek() != Some(b'"') {
                return Err(self.syntax("a key in double quotes is missing"));
            }
            let key = self.string()?;
            let is_double = fields.contains_key(&key);
            self.steps.push(Step::Key(key));
            if is_double {
                let what = format!("the key at {} stands twice in one object", self.path().shown());
                let remedy = "keep one of the two: readers differ in which one they take";
                return Err(self.fault(begin, Problem::Content { what, remedy }));
            }
            self.skip_space();
            if !self.take(b':') {
                return Err(self.syntax("a colon is missing behind the key"));
            }
            let value = self.value()?;
            if let Some(Step::Key(key)) = self.steps.pop() {
                fields.insert(key, value);
            }
            self.skip_space();
            if self.take(b'}') {
                return Ok(Json::Object(fields));
            }
            if !self.take(b',') {
                return Err(self.syntax("a comma or a } is missing"));
            }
        }
    }

    fn array(&mut self) -> Parsed<Json> {
        self.offset += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            self.steps.push(Step::Index(items.len()));
            items.push(self.value()?);
            self.steps.pop();
            self.skip_space();
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err(self.syntax("a comma or a ] is missing"));
            }
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Parsed<Json> {
        if !self.rest().starts_with(word) {
            return Err(self.syntax("there is no value"));
        }
        self.offset += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Parsed<Json> {
        let begin = self.offset;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        number::parse(&self.text[begin..self.offset]).map(Json::Number).map_err(|what| {
            let what = format!("what stands at {} {what}", self.path().shown());
            let remedy = "store it as a string";
            self.fault(begin, Problem::Content { what, remedy })
        })
    }

    fn digits(&mut self) -> Parsed<()> {
        let begin = self.offset;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.offset += 1;
        }
        if begin == self.offset { Err(self.syntax("a digit is missing")) } else { Ok(()) }
    }

    fn string(&mut self) -> Parsed<String> {
        self.offset += 1;
        let mut string = String::new();
        loop {
            let rest = self.rest();
            let is_special = |byte: u8| byte == b'"' || byte == b'\\' || byte < b' ';
            let Some(length) = rest.bytes().position(is_special) else {
                self.offset = self.text.len();
                return Err(self.syntax("it ends in a string"));
            };
            string.push_str(&rest[..length]);
            self.offset += length;
            if self.take(b'"') {
                return Ok(string);
            }
            if !self.take(b'\\') {
                return Err(self.syntax("a control character is not escaped in a string"));
            }
            string.push(self.escaped()?);
        }
    }

    /// The character of an escape, behind its backslash.
    fn escaped(&mut self) -> Parsed<char> {
        let begin = self.offset - 1;
        let escape = self.peek();
        if escape == Some(b'u') {
            self.offset += 1;
            return self.code_point(begin);
        }
        let character = match escape {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return Err(self.syntax("there is no such escape")),
        };
        self.offset += 1;
        Ok(character)
    }

    fn code_point(&mut self, begin: usize) -> Parsed<char> {
        let first = self.code_unit()?;
        let mut units = vec![first];
        // The second half of a pair (RFC 8259, section 7).
        if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
            let between = self.offset;
            self.offset += 2;
            match self.code_unit()? {
                second @ 0xdc00..=0xdfff => units.push(second),
                _ => self.offset = between,
            }
        }
        char::decode_utf16(units).next().and_then(Result::ok).ok_or_else(|| {
            let at = self.path();
            let what = format!(
                "a string at {} holds \\u{first:04x}, half of a surrogate pair, which is no \
                 character",
                at.shown()
            );
            let remedy = "write the whole character; bytes that are no text go into $bytes";
            self.fault(begin, Problem::Content { what, remedy })
        })
    }

    fn code_unit(&mut self) -> Parsed<u16> {
        let digits = self.rest().get(..4);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
            Some(unit) => {
                self.offset += 4;
                Ok(unit)
            }
            None => Err(self.syntax("four hexadecimal digits are missing")),
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.offset += usize::from(is_there);
        is_there
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.offset += 1;
        }
    }

    fn path(&self) -> Path {
        let mut path = Path::default();
        for step in &self.steps {
            match step {
                Step::Key(key) => path.push(key.clone()),
                Step::Index(index) => path.push(index.to_string()),
            }
        }
        path
    }

    fn syntax(&self, problem: &'static str) -> Fault {
        self.fault(self.offset, Problem::Syntax(problem))
    }

    fn fault(&self, offset: usize, problem: Problem) -> Fault {
        Fault { problem, path: self.path(), offset }
    }
}

fn is_at(steps: &[Step], path: &Path) -> bool {
    let segments = path.segments();
    segments.len() == steps.len()
        && steps.iter().zip(segments).all(|(step, segment)| match step {
            Step::Key(key) => key == segment,
            Step::Index(index) => index.to_string() == *segment,
        })
}
