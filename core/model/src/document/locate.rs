//! Finding what a caller's path names.

use super::{Document, write::Writing};
use crate::{
    error::{EditError, InvalidInput},
    item::ItemId,
    path::{Path, RegisterPath},
    value::Value,
    view::{Kind, Node},
};

/// What stands at a path, as far as edits care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Absent,
    Null,
    Scalar(&'static str),
    Text(u32),
    Counter(u32),
    List,
    Object,
}

impl Shape {
    fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Absent => Self::Absent,
            Kind::Scalar(Value::Null) => Self::Null,
            Kind::Scalar(value) => Self::Scalar(value.kind()),
            Kind::Text(epoch) => Self::Text(*epoch),
            Kind::Counter(epoch, _) => Self::Counter(*epoch),
            Kind::List(_) => Self::List,
            Kind::Object(_) => Self::Object,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Absent => "nothing",
            Self::Null => "null",
            Self::Scalar(name) => name,
            Self::Text(_) => "a text",
            Self::Counter(_) => "a counter",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }

    pub(super) fn wrong_kind(self, path: &Path, needed: &'static str) -> EditError {
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
    /// The list item, if the path ends with one.
    pub(super) item: Option<ItemId>,
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
        let mut node = &self.view().root;
        let mut item = None;
        let segments = path.segments();
        for (depth, segment) in segments.iter().enumerate() {
            let next = match &node.kind {
                Kind::Object(fields) => {
                    item = None;
                    fields.get(segment)
                }
                Kind::List(items) => {
                    let ids: Vec<ItemId> = items.iter().map(|item| item.id).collect();
                    let id = match segment.strip_prefix('@') {
                        Some(id) => id.parse().ok(),
                        None => {
                            segment.parse().ok().and_then(|index| item_at(&node.path, &ids, index))
                        }
                    };
                    item = id;
                    let found = items.iter().find(|item| Some(item.id) == id);
                    Some(&found.ok_or_else(|| no_item(path, segment, ids.len()))?.node)
                }
                Kind::Absent | Kind::Scalar(Value::Null) => None,
                kind => {
                    return Err(
                        Shape::of(kind).wrong_kind(&node_path(path, depth), "an object or a list")
                    );
                }
            };
            match next {
                Some(next) => node = next,
                None => return self.missing(path, node, depth),
            }
        }
        Ok(Target {
            path: node.path.clone(),
            shape: Shape::of(&node.kind),
            missing: Vec::new(),
            item,
        })
    }

    /// A target that is not there: it is made from the first missing key down.
    fn missing(&self, path: &Path, node: &Node, depth: usize) -> Result<Target, EditError> {
        let rest = &path.segments()[depth..];
        if let Some(id) = rest.iter().find(|key| key.starts_with('@'))
            && id[1..].parse::<ItemId>().is_ok()
        {
            return Err(EditError::NotFound { path: path.to_string() });
        }
        let (path, missing) = match &node.kind {
            // Null gives way to an object, as nothing does.
            Kind::Scalar(_) | Kind::Absent if !node.path.is_root() => (node.path.clone(), rest),
            _ => (node.path.key(&rest[0]), &rest[1..]),
        };
        Ok(Target { path, shape: Shape::Absent, missing: missing.to_vec(), item: None })
    }
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
        if self.base.is_none() {
            return self.document.locate(path);
        }
        // List indices on the way count at the base.
        let mut seen = std::mem::take(&mut self.seen_lists);
        let base = self.base.as_ref().map_or(0, |base| base.seq);
        let mut stale = false;
        let target = self.document.locate_with(path, |list, present, index| {
            let order = seen.get(list).cloned().or_else(|| {
                let order = self.document.history.list_at(list, base);
                stale |= order.is_none();
                order.map(|order| order.unwrap_or_else(|| present.to_vec()))
            })?;
            let item = order.get(index).copied();
            seen.insert(list.clone(), order);
            item
        });
        self.seen_lists = seen;
        if stale { Err(EditError::StaleVersion { path: path.to_string() }) } else { target }
    }
}
