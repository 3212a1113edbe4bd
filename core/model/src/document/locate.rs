//! Finding what a caller's path names.

use super::{Document, write::Writing};
use crate::{
    entry::TextRoot,
    error::{EditError, InvalidInput},
    item::ItemId,
    path::{Path, RegisterPath, Segment},
    value::Value,
    view::{Kind, Place},
};

/// What stands at a path, as far as edits care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Absent,
    Null,
    Scalar(&'static str),
    Whole,
    Text(TextRoot),
    Counter(u32),
    Set,
    List,
    Object,
}

impl Shape {
    fn of(kind: &Kind<'_>) -> Self {
        match kind {
            Kind::Absent => Self::Absent,
            Kind::Scalar(Value::Null) => Self::Null,
            Kind::Scalar(value) => Self::Scalar(value.kind()),
            Kind::Whole(_) => Self::Whole,
            Kind::Text(root) => Self::Text(root.clone()),
            Kind::Counter { epoch, .. } => Self::Counter(*epoch),
            Kind::Set => Self::Set,
            Kind::List { .. } => Self::List,
            Kind::Object => Self::Object,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Absent => "nothing",
            Self::Null => "null",
            Self::Scalar(name) => name,
            Self::Whole => "a value that is replaced whole",
            Self::Text(_) => "a text",
            Self::Counter(_) => "a counter",
            Self::Set => "a set",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }

    pub(super) fn wrong_kind(&self, path: &Path, needed: &'static str) -> EditError {
        let path = if path.is_root() { "the document".to_owned() } else { path.to_string() };
        match self {
            Self::Absent => EditError::NotFound { path },
            shape => EditError::WrongKind { path, found: shape.name(), needed },
        }
    }
}

/// What a caller's path names.
pub(super) struct Target {
    /// The register; above `missing` if some objects on the way are not there.
    pub(super) path: RegisterPath,
    pub(super) shape: Shape,
    /// Keys to make below the register.
    pub(super) missing: Vec<String>,
    /// Whether the path ends with a list item.
    pub(super) is_item: bool,
    /// Steps into a value that is replaced whole: they are no registers.
    pub(super) inside: Vec<String>,
}

impl Document {
    /// Finds what a path names at present.
    pub(super) fn locate(&self, path: &Path) -> Result<Target, EditError> {
        self.locate_with(path, |_, list, index| list.get(index).copied())
    }

    fn locate_with(
        &self,
        path: &Path,
        mut item_at: impl FnMut(&RegisterPath, &[ItemId], usize) -> Option<ItemId>,
    ) -> Result<Target, EditError> {
        let mut place = self.place();
        let mut is_item = false;
        let segments = path.segments();
        for (depth, segment) in segments.iter().enumerate() {
            let kind = place.kind();
            place = match &kind {
                Kind::Object => {
                    is_item = false;
                    let field = place.child(&Segment::Key(segment.clone()));
                    if field.kind() == Kind::Absent {
                        return missing(path, &place, &kind, depth);
                    }
                    field
                }
                Kind::List { beginning, has_insertions } => {
                    let order = place.lists().order(&place, *beginning, *has_insertions);
                    let id = match segment.strip_prefix('@') {
                        Some(id) => id.parse().ok(),
                        None => segment
                            .parse()
                            .ok()
                            .and_then(|index| item_at(&place.path, order.ids(), index)),
                    };
                    is_item = true;
                    let id = id.filter(|id| order.holds(*id));
                    let id = id.ok_or_else(|| no_item(path, segment, order.ids().len()))?;
                    place.child_of(&Segment::Item(id), &place.facts_of(*beginning))
                }
                Kind::Whole(_) => {
                    return Ok(Target {
                        path: place.path.clone(),
                        shape: Shape::Whole,
                        missing: Vec::new(),
                        is_item: false,
                        inside: segments[depth..].to_vec(),
                    });
                }
                Kind::Absent | Kind::Scalar(Value::Null) => {
                    return missing(path, &place, &kind, depth);
                }
                kind => {
                    let at = node_path(path, depth);
                    return Err(Shape::of(kind).wrong_kind(&at, "an object or a list"));
                }
            };
        }
        Ok(Target {
            shape: Shape::of(&place.kind()),
            path: place.path,
            missing: Vec::new(),
            is_item,
            inside: Vec::new(),
        })
    }
}

/// A target that is not there: it is made from the first missing key down.
fn missing(
    path: &Path,
    place: &Place<'_>,
    kind: &Kind<'_>,
    depth: usize,
) -> Result<Target, EditError> {
    let rest = &path.segments()[depth..];
    if let Some(id) = rest.iter().find(|key| key.starts_with('@'))
        && id[1..].parse::<ItemId>().is_ok()
    {
        return Err(EditError::NotFound { path: path.to_string() });
    }
    let (path, missing) = match kind {
        // Null gives way to an object, as nothing does.
        Kind::Scalar(_) | Kind::Absent if !place.path.is_root() => (place.path.clone(), rest),
        _ => (place.path.key(&rest[0]), &rest[1..]),
    };
    Ok(Target {
        path,
        shape: Shape::Absent,
        missing: missing.to_vec(),
        is_item: false,
        inside: Vec::new(),
    })
}

fn node_path(path: &Path, depth: usize) -> Path {
    path.segments()[..depth].iter().fold(Path::default(), |path, segment| path.child(segment))
}

fn no_item(path: &Path, segment: &str, length: usize) -> EditError {
    if segment.starts_with('@') {
        return EditError::NotFound { path: path.to_string() };
    }
    InvalidInput::new(
        format!("{segment:?} in {path} is no item: the list has {length}"),
        "give an index from 0, or @ and an item's id",
    )
    .into()
}

impl Writing<'_, '_> {
    /// Finds what a path names, with list indices as the caller counts them.
    pub(super) fn locate(&mut self, path: &Path) -> Result<Target, EditError> {
        let Some(base) = self.base.as_ref().map(|base| base.seq) else {
            return self.document.locate(path);
        };
        // List indices on the way count at the base.
        let mut seen = std::mem::take(&mut self.seen_lists);
        let mut stale = false;
        let target = self.document.locate_with(path, |list, present, index| {
            let order = match seen.remove(list) {
                Some(order) => order,
                None => {
                    let order = self.document.history.list_at(list, base, present);
                    stale |= order.is_none();
                    order?
                }
            };
            let item = order.get(index).copied();
            seen.insert(list.clone(), order);
            item
        });
        self.seen_lists = seen;
        if stale { Err(EditError::StaleVersion { path: path.to_string() }) } else { target }
    }
}
