//! A place in a document and all that is written for it.

use smallvec::SmallVec;

use crate::{
    element::Element,
    entry::{Beginning, Body, Marker, Tree},
    item::ItemId,
    path::{RegisterPath, Segment},
    registers::{Branch, Registers, Stored},
};

use super::lists::Lists;

/// A part of some entry's value that speaks for a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fact<'a> {
    pub(crate) stored: &'a Stored,
    pub(crate) tree: &'a Tree,
}

impl Fact<'_> {
    /// Which list its items belong to, if it is one.
    pub(crate) fn beginning(&self) -> Beginning {
        match self.stored.entry.over {
            true => Beginning::Over(self.stored.dot()),
            false => Beginning::Fresh(self.stored.entry.epoch),
        }
    }
}

/// What speaks for one place: one value nearly always.
pub(crate) type Facts<'a> = SmallVec<[Fact<'a>; 2]>;

/// A place in a document: its path, the entries there and below, and the values that speak for it.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    pub(crate) path: RegisterPath,
    pub(crate) branch: Option<&'a Branch>,
    /// What is written above for this place, before what is written here covers some of it.
    pub(crate) inherited: Facts<'a>,
    /// What speaks for it.
    pub(crate) facts: Facts<'a>,
    lists: &'a Lists,
}

impl<'a> Place<'a> {
    /// The whole document.
    pub(crate) fn root(registers: &'a Registers, lists: &'a Lists) -> Self {
        Self::enter(RegisterPath::root(), Some(registers.root()), Facts::new(), lists)
    }

    /// The place at a path, whatever is there.
    pub(crate) fn at(registers: &'a Registers, lists: &'a Lists, path: &RegisterPath) -> Self {
        let mut ways: Vec<&RegisterPath> = path.climb().collect();
        ways.pop();
        let root = Self::root(registers, lists);
        ways.into_iter().rev().fold(root, |place, way| place.down(way.clone(), &place.facts))
    }

    fn enter(
        path: RegisterPath,
        branch: Option<&'a Branch>,
        mut inherited: Facts<'a>,
        lists: &'a Lists,
    ) -> Self {
        let stored = branch.map_or(&[][..], |branch| &branch.stored);
        if stored.is_empty() {
            let facts = inherited.clone();
            return Self { path, branch, inherited, facts, lists };
        }
        // An item's first value may be covered by what is written at the item.
        inherited.extend(stored.iter().filter_map(|stored| match &stored.entry.body {
            Body::Item(_, tree) => Some(Fact { stored, tree }),
            _ => None,
        }));
        let covers = |fact: &Fact<'_>| {
            let dot = fact.stored.dot();
            stored.iter().any(|stored| {
                stored.key.marker == Marker::Register && stored.entry.covers.contains(&dot)
            })
        };
        let (covered, mut facts): (Facts<'a>, Facts<'a>) =
            inherited.iter().copied().partition(|fact| covers(fact));
        // What a document began with and somebody replaced stays replaced, whoever begins another
        // one with the same.
        let is_element = matches!(path.last(), Some(Segment::Element(_)));
        facts.retain(|fact| {
            !(fact.stored.key.incarnation.is_founder()
                && covered.iter().any(|covered| is_element || covered.tree == fact.tree))
        });
        facts.extend(stored.iter().filter_map(|stored| match &stored.entry.body {
            Body::Value(tree) => Some(Fact { stored, tree }),
            _ => None,
        }));
        Self { path, branch, inherited, facts, lists }
    }

    /// The place one step down.
    pub(crate) fn child(&self, step: &Segment) -> Self {
        self.child_of(step, &self.facts)
    }

    /// The place one step down, for which only these facts speak from above.
    pub(crate) fn child_of(&self, step: &Segment, facts: &[Fact<'a>]) -> Self {
        self.down(self.path.child(step), facts)
    }

    /// The place at a path that is one step down.
    fn down(&self, path: RegisterPath, facts: &[Fact<'a>]) -> Self {
        let Some(step) = path.last() else { return self.clone() };
        let branch = self.branch.and_then(|branch| branch.children.get(step));
        let mut inherited = Facts::new();
        match step {
            Segment::Key(key) => inherited.extend(facts.iter().filter_map(|fact| {
                let tree = fact.tree.fields()?.get(key)?;
                Some(Fact { stored: fact.stored, tree })
            })),
            Segment::Item(id) => {
                let is_deleted = branch.is_some_and(|branch| {
                    branch.stored.iter().any(|stored| {
                        stored.key.marker == Marker::Existence && stored.entry.body == Body::Absent
                    })
                });
                if !is_deleted {
                    inherited.extend(facts.iter().filter_map(|fact| {
                        let items = fact.tree.items()?;
                        let index = self.lists.names(&self.path, fact)?.index(*id)?;
                        Some(Fact { stored: fact.stored, tree: items.get(index)? })
                    }));
                }
            }
            Segment::Element(name) => inherited.extend(facts.iter().copied().filter(|fact| {
                let Tree::Set(elements) = fact.tree else { return false };
                Element::from_name(name).is_some_and(|element| elements.contains(&element))
            })),
        }
        Self::enter(path, branch, inherited, self.lists)
    }

    /// What is remembered of lists.
    pub(crate) fn lists(&self) -> &'a Lists {
        self.lists
    }

    /// The entries written exactly here.
    pub(crate) fn stored(&self) -> &'a [Stored] {
        self.branch.map_or(&[], |branch| &branch.stored)
    }

    /// The fields here for which, or below which, something is written.
    pub(crate) fn written_fields(&self) -> impl Iterator<Item = (&'a String, &'a Branch)> {
        self.branch.into_iter().flat_map(Branch::fields)
    }

    /// The items here for which, or below which, something is written.
    pub(crate) fn written_items(&self) -> impl Iterator<Item = (ItemId, &'a Branch)> {
        self.branch.into_iter().flat_map(Branch::items)
    }

    /// The elements here that somebody added or discarded, by their names.
    pub(crate) fn written_elements(&self) -> impl Iterator<Item = (&'a String, &'a Branch)> {
        self.branch.into_iter().flat_map(Branch::elements)
    }

    /// Whether one value alone speaks for this place and all below it.
    pub(crate) fn is_plain(&self) -> bool {
        self.branch.is_none() && self.facts.len() <= 1
    }
}
