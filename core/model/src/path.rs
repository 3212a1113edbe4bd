//! Paths: JSON pointers as callers write them, and the register names they resolve to.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    iter,
    str::FromStr,
    sync::Arc,
};

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
        let name = |segment: &Segment| match segment {
            Segment::Key(key) => key.clone(),
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
/// `~3`. Sorts so that everything below a path follows it. Cheap to clone and to climb.
#[derive(Clone, Default)]
pub struct RegisterPath(Option<Arc<Node>>);

/// A path with at least one step.
struct Node {
    printed: String,
    above: RegisterPath,
    step: Segment,
}

impl RegisterPath {
    /// The whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// The printed form.
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", |node| &node.printed)
    }

    /// Whether this is the whole document.
    pub fn is_root(&self) -> bool {
        self.0.is_none()
    }

    /// Bytes that the path of an object's field has beyond the object's.
    pub(crate) fn key_bytes(key: &str) -> usize {
        let escaped = key.bytes().filter(|byte| matches!(byte, b'~' | b'/')).count();
        1 + key.len() + escaped + usize::from(key.starts_with(['@', '=']))
    }

    /// A field of the object here.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let (mark, plain) = match key.as_bytes().first() {
            Some(b'@') => ("~2", &key[1..]),
            Some(b'=') => ("~3", &key[1..]),
            _ => ("", key),
        };
        let step = Segment::Key(key.to_owned());
        match plain.contains(['~', '/']) {
            true => self.step(step, &[mark, &escape(plain)]),
            false => self.step(step, &[mark, plain]),
        }
    }

    /// An item of the list here.
    #[must_use]
    pub fn item(&self, item: ItemId) -> Self {
        self.step(Segment::Item(item), &["@", &item.to_string()])
    }

    /// An element of the set here, by its canonical JSON text.
    #[must_use]
    pub fn element(&self, name: &str) -> Self {
        self.step(Segment::Element(name.to_owned()), &["=", &escape(name)])
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

    fn step(&self, step: Segment, printed: &[&str]) -> Self {
        let above = self.as_str();
        let length = printed.iter().map(|part| part.len()).sum::<usize>();
        let mut path = String::with_capacity(above.len() + 1 + length);
        path.push_str(above);
        path.push('/');
        printed.iter().for_each(|part| path.push_str(part));
        Self(Some(Arc::new(Node { printed: path, above: self.clone(), step })))
    }

    /// Whether `other` is strictly below.
    pub fn is_above(&self, other: &Self) -> bool {
        other.as_str().strip_prefix(self.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether `other` is here or below.
    pub fn holds(&self, other: &Self) -> bool {
        self == other || self.is_above(other)
    }

    /// The steps from the root.
    pub fn segments(&self) -> Vec<&Segment> {
        let mut steps: Vec<&Segment> = self.climb().filter_map(Self::last).collect();
        steps.reverse();
        steps
    }

    /// This path and all above it, the whole document last.
    pub(crate) fn climb(&self) -> impl Iterator<Item = &Self> {
        iter::successors(Some(self), |path| Some(&path.0.as_ref()?.above))
    }

    /// The last step; none for the whole document.
    pub fn last(&self) -> Option<&Segment> {
        self.0.as_ref().map(|node| &node.step)
    }

    /// The path one step up; none for the whole document.
    pub(crate) fn parent(&self) -> Option<&Self> {
        self.0.as_ref().map(|node| &node.above)
    }

    /// The bounds of a sorted map's range that holds everything strictly below.
    pub(crate) fn below(&self) -> (Self, Self) {
        // No names of registers, but they sort right.
        let bound = |end: &str| {
            let (printed, above) = (format!("{self}{end}"), Self::root());
            Self(Some(Arc::new(Node { printed, above, step: Segment::Key(String::new()) })))
        };
        (bound("/"), bound("0"))
    }
}

// A path is its printed form.
impl PartialEq for RegisterPath {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RegisterPath {}

impl PartialOrd for RegisterPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RegisterPath {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for RegisterPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for RegisterPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RegisterPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl FromStr for RegisterPath {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let refusal =
            || InvalidInput::new("not the name of a register", "give a path that Dunlin printed");
        if text.is_empty() {
            return Ok(Self::root());
        }
        let steps = text.strip_prefix('/').filter(|_| text.len() <= MAX_PATH_BYTES);
        let mut path = Self::root();
        for (index, step) in steps.ok_or_else(refusal)?.split('/').enumerate() {
            let step = parse_segment(step).filter(|_| index < MAX_DEPTH).ok_or_else(refusal)?;
            path = path.child(&step);
        }
        // Each register has one name.
        if path.as_str() == text { Ok(path) } else { Err(refusal()) }
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
