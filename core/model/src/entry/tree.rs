//! Trees: the value that one entry holds, as it is stored.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    element::Element, ids::Dot, item::ItemId, limits::MAX_TREE_SCALAR_BYTES, path::RegisterPath,
    value::Value,
};

use super::codec;

/// The first 16 bytes of BLAKE3 over content that stands outside of a tree.
pub type ContentHash = [u8; 16];

/// What an entry holds at its path: registers below overlay it.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// Null, a boolean, a number, a string or bytes.
    Scalar(Value),
    /// A list or an object that is one register.
    Whole(Value),
    /// A text; with the hash of what it began with, if that was anything. Its content is in its
    /// root text.
    Text(Option<ContentHash>),
    /// A counter's first value.
    Counter(i64),
    /// Elements that a set began with.
    Set(BTreeSet<Element>),
    /// Items that a list began with.
    List(Vec<Tree>),
    /// An object; keys sorted by their bytes.
    Object(BTreeMap<String, Tree>),
    /// A scalar that is too long for a tree: it is in an entry of its own, at its path.
    Apart(ContentHash),
}

impl Tree {
    /// The tree of a value: texts and long scalars stay outside.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Text(content) if content.is_empty() => Self::Text(None),
            Value::Text(content) => Self::Text(Some(content_hash(content.as_bytes()))),
            Value::Counter(first) => Self::Counter(*first),
            Value::Set(elements) => Self::Set(elements.clone()),
            Value::List(items) => Self::List(items.iter().map(Self::below).collect()),
            Value::Object(fields) => Self::Object(
                fields.iter().map(|(key, field)| (key.clone(), Self::below(field))).collect(),
            ),
            Value::Whole(content) => Self::Whole((**content).clone()),
            scalar => Self::Scalar(scalar.clone()),
        }
    }

    fn below(value: &Value) -> Self {
        match value {
            Value::String(text) if text.len() > MAX_TREE_SCALAR_BYTES => {
                Self::Apart(content_hash(text.as_bytes()))
            }
            Value::Bytes(bytes) if bytes.len() > MAX_TREE_SCALAR_BYTES => {
                Self::Apart(content_hash(bytes))
            }
            value => Self::of(value),
        }
    }

    /// The fields, if it is an object.
    pub(crate) fn fields(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub(crate) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }
}

/// The hash by which a tree knows what stands outside of it.
pub(crate) fn content_hash(content: &[u8]) -> ContentHash {
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(content).as_bytes()[..16]);
    hash
}

/// Which list a tree's items belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Beginning {
    /// Begun where nothing was, in this epoch: one list, whoever began it.
    Fresh(u32),
    /// Set over something by this write: a list of its own.
    Over(Dot),
}

/// The names of the items that a list at this path began with, in order: by its beginning and
/// each item's key or content, and which of the alike ones it is.
pub(crate) fn item_names(path: &RegisterPath, items: &[Tree], beginning: Beginning) -> Vec<ItemId> {
    let mut list = blake3::Hasher::new_derive_key("dunlin 2026 list item v1");
    match beginning {
        Beginning::Fresh(epoch) => list.update(&epoch.to_be_bytes()),
        Beginning::Over(dot) => list.update(dot.to_string().as_bytes()),
    };
    list.update(&(path.as_str().len() as u32).to_be_bytes());
    list.update(path.as_str().as_bytes());
    let mut alike: BTreeMap<[u8; 32], u32> = BTreeMap::new();
    items
        .iter()
        .map(|item| {
            let mut hasher = list.clone();
            match key(item) {
                Some(key) => hasher.update(b"k").update(key.to_json_text().as_bytes()),
                None => hasher.update(b"c").update(&codec::encode_tree(item)),
            };
            let count = alike.entry(*hasher.finalize().as_bytes()).or_insert(0);
            hasher.update(&count.to_be_bytes());
            *count += 1;
            ItemId::named(&hasher.finalize())
        })
        .collect()
}

/// The key of an item: its field `id`, where that is a string or a number.
fn key(item: &Tree) -> Option<&Value> {
    match item.fields()?.get("id")? {
        Tree::Scalar(key @ (Value::String(_) | Value::Int(_) | Value::Float(_))) => Some(key),
        _ => None,
    }
}

/// What of a value stands outside of its tree.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outside<'a> {
    /// A scalar with an entry of its own.
    Scalar(&'a Value),
    /// A text's first content.
    Text(&'a str),
}

/// Everything of a value that stands outside of its tree, with its path, in order of path.
pub(crate) fn outside<'a>(
    path: &RegisterPath,
    tree: &Tree,
    value: &'a Value,
    beginning: Beginning,
) -> Vec<(RegisterPath, Outside<'a>)> {
    let mut found = Vec::new();
    collect(path, tree, value, beginning, &mut found);
    found.sort_by(|left, right| left.0.cmp(&right.0));
    found
}

fn collect<'a>(
    path: &RegisterPath,
    tree: &Tree,
    value: &'a Value,
    beginning: Beginning,
    found: &mut Vec<(RegisterPath, Outside<'a>)>,
) {
    match (tree, value) {
        (Tree::Apart(_), scalar) => found.push((path.clone(), Outside::Scalar(scalar))),
        (Tree::Text(Some(_)), Value::Text(content)) => {
            found.push((path.clone(), Outside::Text(content)));
        }
        (Tree::Object(trees), Value::Object(fields)) => {
            for (key, tree) in trees.iter().filter(|(_, tree)| reaches_out(tree)) {
                if let Some(field) = fields.get(key) {
                    collect(&path.key(key), tree, field, beginning, found);
                }
            }
        }
        (Tree::List(trees), Value::List(items)) if trees.iter().any(reaches_out) => {
            let names = item_names(path, trees, beginning);
            for ((name, tree), item) in names.into_iter().zip(trees).zip(items) {
                collect(&path.item(name), tree, item, beginning, found);
            }
        }
        _ => {}
    }
}

fn reaches_out(tree: &Tree) -> bool {
    match tree {
        Tree::Apart(_) | Tree::Text(Some(_)) => true,
        Tree::List(items) => items.iter().any(reaches_out),
        Tree::Object(fields) => fields.values().any(reaches_out),
        _ => false,
    }
}

/// Whether there is a list in a tree.
pub(crate) fn has_lists(tree: &Tree) -> bool {
    match tree {
        Tree::List(_) => true,
        Tree::Object(fields) => fields.values().any(has_lists),
        _ => false,
    }
}
