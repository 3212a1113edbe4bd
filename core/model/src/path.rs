//! Paths: JSON pointers as callers write them, and the register names they resolve to.

use std::{fmt, str::FromStr};

use crate::{
    element::Element,
    error::InvalidInput,
    item::ItemId,
    limits::{MAX_DEPTH, MAX_PATH_BYTES},
};

/// A JSON pointer (RFC 6901) into a document, as a caller writes it; the empty pointer is the
/// whole document. A segment through a list is an index or `@ITEM-ID`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Path(Vec<String>);

impl Path {
    /// The unescaped segments.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// The path one segment further down.
    #[must_use]
    pub fn child(&self, segment: impl Into<String>) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment.into());
        Self(segments)
    }

    /// Whether this is the whole document.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The first segments.
    pub(crate) fn prefix(&self, length: usize) -> Self {
        Self(self.0.iter().take(length).cloned().collect())
    }

    /// The same place, seen from one segment further up.
    pub(crate) fn below(mut self, segment: &str) -> Self {
        self.0.insert(0, segment.to_owned());
        self
    }

    /// The path for a message: cut where it is long, and with a name for the top.
    pub(crate) fn shown(&self) -> String {
        const LONGEST: usize = 200;
        if self.is_root() {
            return "the top".to_owned();
        }
        let printed = self.to_string();
        match printed.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &printed[..end]),
            None => printed,
        }
    }

    /// Goes one segment down.
    pub(crate) fn push(&mut self, segment: String) {
        self.0.push(segment);
    }

    /// Goes one segment up.
    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }
}

impl From<&RegisterPath> for Path {
    /// The same place for callers, with list items by id.
    fn from(register: &RegisterPath) -> Self {
        let name = |segment| match segment {
            Segment::Key(key) => key,
            Segment::Item(item) => format!("@{item}"),
            Segment::Element(name) => format!("={name}"),
        };
        Self(register.segments().into_iter().map(name).collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| write!(f, "/{}", escape(segment)))
    }
}

impl FromStr for Path {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let remedy = "give a JSON pointer such as /address/street or /steps/0";
        if text.len() > MAX_PATH_BYTES {
            let reason =
                format!("a path of {} bytes is over the {MAX_PATH_BYTES} bytes", text.len());
            return Err(InvalidInput::new(reason, "shorten the keys or flatten the document"));
        }
        let Some(rest) = text.strip_prefix('/') else {
            return if text.is_empty() {
                Ok(Self::default())
            } else {
                Err(InvalidInput::new(format!("the path {text:?} does not start with /"), remedy))
            };
        };
        let segments: Option<Vec<String>> = rest.split('/').map(unescape).collect();
        let segments = segments.ok_or_else(|| {
            InvalidInput::new(format!("the path {text:?} has a ~ that is not ~0 or ~1"), remedy)
        })?;
        if segments.len() > MAX_DEPTH {
            return Err(InvalidInput::new(
                format!("the path has {} segments, over the {MAX_DEPTH}", segments.len()),
                "flatten the document",
            ));
        }
        Ok(Self(segments))
    }
}

fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

fn unescape(segment: &str) -> Option<String> {
    let mut out = String::with_capacity(segment.len());
    let mut parts = segment.split('~');
    out.push_str(parts.next()?);
    for part in parts {
        let (replacement, rest) = match part.as_bytes().first()? {
            b'0' => ('~', &part[1..]),
            b'1' => ('/', &part[1..]),
            _ => return None,
        };
        out.push(replacement);
        out.push_str(rest);
    }
    Some(out)
}

/// One step of a register's name. In their order fields come first, elements of sets last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A field of an object.
    Key(String),
    /// An item of a list.
    Item(ItemId),
    /// An element of a set, by its canonical JSON text.
    Element(String),
}

/// A register's name: like a JSON pointer, but list items by `@` and their id, elements of a set by
/// `=` and their canonical JSON text, and a `@` or `=` that starts an object's key written `~2` or
/// `~3`. Sorts so that everything below a path follows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RegisterPath(String);

impl RegisterPath {
    /// The whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// The printed form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the whole document.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes that the path of an object's field has beyond the object's.
    pub(crate) fn key_bytes(key: &str) -> usize {
        let escaped = key.bytes().filter(|byte| matches!(byte, b'~' | b'/')).count();
        1 + key.len() + escaped + usize::from(key.starts_with(['@', '=']))
    }

    /// A field of the object here.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut path = String::with_capacity(self.0.len() + key.len() + 1);
        path.push_str(&self.0);
        path.push('/');
        let plain = match key.as_bytes().first() {
            Some(b'@') => {
                path.push_str("~2");
                &key[1..]
            }
            Some(b'=') => {
                path.push_str("~3");
                &key[1..]
            }
            _ => key,
        };
        if plain.contains(['~', '/']) {
            path.push_str(&escape(plain));
        } else {
            path.push_str(plain);
        }
        Self(path)
    }

    /// An item of the list here.
    #[must_use]
    pub fn item(&self, item: ItemId) -> Self {
        Self(format!("{}/@{item}", self.0))
    }

    /// An element of the set here, by its canonical JSON text.
    #[must_use]
    pub fn element(&self, name: &str) -> Self {
        Self(format!("{}/={}", self.0, escape(name)))
    }

    /// One step down.
    #[must_use]
    pub fn child(&self, segment: &Segment) -> Self {
        match segment {
            Segment::Key(key) => self.key(key),
            Segment::Item(item) => self.item(*item),
            Segment::Element(name) => self.element(name),
        }
    }

    /// Whether `other` is strictly below.
    pub fn is_above(&self, other: &Self) -> bool {
        other.0.strip_prefix(&self.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether `other` is here or below.
    pub fn holds(&self, other: &Self) -> bool {
        self == other || self.is_above(other)
    }

    /// The steps from the root.
    pub fn segments(&self) -> Vec<Segment> {
        self.segments_below(&Self::root()).unwrap_or_default()
    }

    /// The last step; none for the whole document.
    pub fn last(&self) -> Option<Segment> {
        self.0.rsplit_once('/').and_then(|(_, step)| parse_segment(step))
    }

    /// The path one step up; none for the whole document.
    pub(crate) fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(above, _)| Self(above.to_owned()))
    }

    /// The steps from `above` to here; none where that is no ancestor.
    pub fn segments_below(&self, above: &Self) -> Option<Vec<Segment>> {
        let rest = self.0.strip_prefix(&above.0)?;
        if rest.is_empty() {
            return Some(Vec::new());
        }
        rest.strip_prefix('/')?.split('/').map(parse_segment).collect()
    }

    /// The bounds of a sorted map's range that holds everything strictly below.
    pub(crate) fn below(&self) -> (Self, Self) {
        (Self(format!("{}/", self.0)), Self(format!("{}0", self.0)))
    }
}

impl fmt::Display for RegisterPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RegisterPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl FromStr for RegisterPath {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let path = Self(text.to_owned());
        let canonical = path.segments_below(&Self::root()).filter(|segments| {
            segments.len() <= MAX_DEPTH
                && segments.iter().fold(Self::root(), |path, step| path.child(step)) == path
        });
        if text.len() <= MAX_PATH_BYTES && canonical.is_some() {
            return Ok(path);
        }
        Err(InvalidInput::new("not the name of a register", "give a path that Dunlin printed"))
    }
}

fn parse_segment(text: &str) -> Option<Segment> {
    if let Some(item) = text.strip_prefix('@') {
        return item.parse().ok().map(Segment::Item);
    }
    if let Some(name) = text.strip_prefix('=') {
        return unescape(name)
            .filter(|name| Element::from_name(name).is_some())
            .map(Segment::Element);
    }
    let (mark, rest) = match text.as_bytes().first_chunk::<2>() {
        Some(b"~2") => ("@", &text[2..]),
        Some(b"~3") => ("=", &text[2..]),
        _ => ("", text),
    };
    unescape(rest).map(|rest| Segment::Key(format!("{mark}{rest}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_read_as_written() {
        let path: Path = "/a~1b/~0/".parse().unwrap();
        assert_eq!(path.segments(), ["a/b", "~", ""]);
        assert_eq!(path.to_string(), "/a~1b/~0/");
        for refused in ["a", "/~2", "/~", &"/a".repeat(MAX_DEPTH + 1)] {
            assert!(refused.parse::<Path>().is_err(), "{refused}");
        }
    }

    #[test]
    fn register_names_are_canonical() {
        let item: ItemId = "AAAAAAAAAQ.5".parse().unwrap();
        let path = RegisterPath::root().key("@odd").key("~x/").item(item);
        assert_eq!(path.as_str(), "/~2odd/~0x~1/@AAAAAAAAAQ.5");
        assert_eq!(path.as_str().parse::<RegisterPath>(), Ok(path.clone()));
        assert_eq!(path.segments().len(), 3);
        let element = RegisterPath::root().key("=odd").element("\"a/b\"");
        assert_eq!(element.as_str(), "/~3odd/=\"a~1b\"");
        assert_eq!(element.as_str().parse::<RegisterPath>(), Ok(element));
        for refused in ["a", "/@x", "/~4", "/a~2", "/@AAAAAAAAAQ.05", "/=1.0", "/=[]"] {
            assert!(refused.parse::<RegisterPath>().is_err(), "{refused}");
        }
        let above = RegisterPath::root().key("@odd");
        assert!(above.is_above(&path) && above.holds(&above) && !path.is_above(&above));
        assert!(!RegisterPath::root().key("a").is_above(&RegisterPath::root().key("ab")));
    }
}
