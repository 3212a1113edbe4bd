//! What callers see of a place.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    element::Element,
    entry::{Beginning, Body, TextRoot, Tree, item_names},
    ids::Dot,
    path::{RegisterPath, Segment},
    registers::Stored,
    value::Value,
};

use super::{
    choose::Kind,
    place::{Fact, Facts, Place},
};

/// The content of texts, which entries only name.
pub(crate) trait Texts {
    /// What is in a text.
    fn content(&self, root: &TextRoot) -> String;
}

/// What is at a place if this is there; null for nothing.
pub(crate) fn value_of(place: &Place<'_>, kind: &Kind<'_>, texts: &dyn Texts) -> Value {
    if let [fact] = place.facts[..]
        && place.is_plain()
    {
        return written(&place.path, fact.tree, fact.stored, texts).unwrap_or(Value::Null);
    }
    match kind {
        Kind::Absent => Value::Null,
        Kind::Scalar(value) => (*value).clone(),
        Kind::Whole(content) => Value::Whole(Box::new((*content).clone())),
        Kind::Text(root) => Value::Text(texts.content(root)),
        Kind::Counter { sum, .. } => Value::Counter(*sum),
        Kind::Set => Value::Set(place.elements()),
        Kind::List { beginning, has_insertions } => {
            let facts = place.facts_of(*beginning);
            let order = place.lists().order(place, *beginning, *has_insertions);
            let items = order.ids().iter().map(|id| {
                let item = place.child_of(&Segment::Item(*id), &facts);
                value_of(&item, &item.kind(), texts)
            });
            Value::List(items.collect())
        }
        Kind::Object => Value::Object(fields(place, texts)),
    }
}

fn fields(place: &Place<'_>, texts: &dyn Texts) -> BTreeMap<String, Value> {
    let objects = place.facts.iter().filter_map(|fact| Some((fact, fact.tree.fields()?)));
    let mut facts: BTreeMap<&String, Facts<'_>> = BTreeMap::new();
    for (fact, fields) in objects {
        for (key, tree) in fields {
            facts.entry(key).or_default().push(Fact { stored: fact.stored, tree });
        }
    }
    for (key, _) in place.written_fields() {
        facts.entry(key).or_default();
    }
    let is_written = |key: &String| {
        place.branch.is_some_and(|branch| branch.children.contains_key(&Segment::Key(key.clone())))
    };
    let mut fields = BTreeMap::new();
    for (key, facts) in facts {
        let value = match facts[..] {
            // Most of a document's leaves: one fact, nothing written over it.
            [fact] if place.branch.is_none() || !is_written(key) => match fact.tree {
                Tree::Scalar(value) => Some(value.clone()),
                tree => written(&place.path.key(key), tree, fact.stored, texts),
            },
            _ => {
                let child = place.child(&Segment::Key(key.clone()));
                let kind = child.kind();
                (kind != Kind::Absent).then(|| value_of(&child, &kind, texts))
            }
        };
        fields.extend(value.map(|value| (key.clone(), value)));
    }
    fields
}

impl Place<'_> {
    /// The elements of the set here.
    pub(crate) fn elements(&self) -> BTreeSet<Element> {
        let mut elements: BTreeSet<Element> = BTreeSet::new();
        for fact in &self.facts {
            if let Tree::Set(begun) = fact.tree {
                elements.extend(begun.iter().cloned());
            }
        }
        for (name, _) in self.written_elements() {
            let Some(element) = Element::from_name(name) else { continue };
            if self.child(&Segment::Element(name.clone())).is_member() {
                elements.insert(element);
            } else {
                elements.remove(&element);
            }
        }
        elements
    }

    /// Whether the element that this place names is in its set.
    pub(crate) fn is_member(&self) -> bool {
        !self.facts.is_empty() || self.stored().iter().any(|it| it.entry.body == Body::Member)
    }
}

/// What one entry says at a path, with the content of the texts it names; none for what stands in
/// an entry of its own.
pub(crate) fn written(
    path: &RegisterPath,
    tree: &Tree,
    stored: &Stored,
    texts: &dyn Texts,
) -> Option<Value> {
    let (dot, epoch) = (stored.dot(), stored.entry.epoch);
    let beginning = match stored.entry.over {
        true => Beginning::Over(dot),
        false => Beginning::Fresh(epoch),
    };
    Written { dot, epoch, beginning, texts }.value(path, tree)
}

struct Written<'a> {
    dot: Dot,
    epoch: u32,
    beginning: Beginning,
    texts: &'a dyn Texts,
}

impl Written<'_> {
    fn value(&self, path: &RegisterPath, tree: &Tree) -> Option<Value> {
        Some(match tree {
            Tree::Scalar(value) => value.clone(),
            Tree::Whole(content) => Value::Whole(Box::new(content.clone())),
            Tree::Counter(first) => Value::Counter(*first),
            Tree::Set(elements) => Value::Set(elements.clone()),
            Tree::Apart(_) => return None,
            Tree::Text(content) => {
                let begun = content.map(|_| self.dot);
                let root = TextRoot { path: path.clone(), epoch: self.epoch, begun };
                Value::Text(self.texts.content(&root))
            }
            Tree::Object(fields) => Value::Object(
                fields
                    .iter()
                    .filter_map(|(key, field)| {
                        let value = match field {
                            Tree::Object(_) | Tree::List(_) | Tree::Text(_) => {
                                self.value(&path.key(key), field)
                            }
                            leaf => self.value(path, leaf),
                        };
                        Some((key.clone(), value?))
                    })
                    .collect(),
            ),
            Tree::List(items) => {
                let names =
                    items.iter().any(names_texts).then(|| item_names(path, items, self.beginning));
                let value = |(index, item): (usize, &Tree)| {
                    let path = match &names {
                        Some(names) => path.item(names[index]),
                        None => RegisterPath::root(),
                    };
                    self.value(&path, item).unwrap_or(Value::Null)
                };
                Value::List(items.iter().enumerate().map(value).collect())
            }
        })
    }
}

fn names_texts(tree: &Tree) -> bool {
    match tree {
        Tree::Text(_) => true,
        Tree::List(items) => items.iter().any(names_texts),
        Tree::Object(fields) => fields.values().any(names_texts),
        _ => false,
    }
}
