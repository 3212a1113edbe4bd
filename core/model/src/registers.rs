//! The entries of a document, parsed and sorted by path: the mirror of the root map `f`.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use crate::{
    compose::Previous,
    entry::{Body, Entry, EntryKey, Tree},
    ids::{Dot, Incarnation},
    item::ItemId,
    path::{RegisterPath, Segment},
};

/// An entry with its name.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) key: EntryKey,
    pub(crate) entry: Entry,
}

impl Stored {
    pub(crate) fn dot(&self) -> Dot {
        Dot { incarnation: self.key.incarnation, clock: self.entry.clock }
    }

    /// How it ranks among writes that had not seen each other.
    pub(crate) fn stamp(&self) -> Stamp {
        let dot = self.dot();
        Stamp { is_chosen: !dot.incarnation.is_founder(), time_ms: self.entry.time_ms, dot }
    }

    /// The value that it holds at its path, if it holds one.
    pub(crate) fn tree(&self) -> Option<&Tree> {
        match &self.entry.body {
            Body::Value(tree) | Body::Item(_, tree) => Some(tree),
            _ => None,
        }
    }
}

/// Decides between writers who had not seen each other: what somebody chose before what a document
/// began with, then the later wall clock, then the greater dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    pub(crate) is_chosen: bool,
    pub(crate) time_ms: i64,
    pub(crate) dot: Dot,
}

/// The entries at one path, and those below it.
#[derive(Debug, Default)]
pub(crate) struct Branch {
    pub(crate) stored: Vec<Stored>,
    pub(crate) children: BTreeMap<Segment, Branch>,
}

impl Branch {
    fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.children.is_empty()
    }

    /// The steps to fields. Here as in the two below, a step is found without a look at the others.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&String, &Self)> {
        self.children.iter().map_while(|(step, branch)| match step {
            Segment::Key(key) => Some((key, branch)),
            _ => None,
        })
    }

    /// The steps to items of a list.
    pub(crate) fn items(&self) -> impl Iterator<Item = (ItemId, &Self)> {
        self.children.range(Segment::Item(ItemId::FIRST)..).map_while(|(step, branch)| match step {
            Segment::Item(id) => Some((*id, branch)),
            _ => None,
        })
    }

    /// The steps to elements of a set, which are named by their canonical JSON text.
    pub(crate) fn elements(&self) -> impl Iterator<Item = (&String, &Self)> {
        self.children.range(Segment::Element(String::new())..).filter_map(|(step, branch)| {
            match step {
                Segment::Element(name) => Some((name, branch)),
                _ => None,
            }
        })
    }

    /// All entries here and below.
    pub(crate) fn all(&self) -> Vec<&Stored> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a Stored>) {
        found.extend(&self.stored);
        self.children.values().for_each(|child| child.collect(found));
    }
}

/// All entries of a document.
#[derive(Debug, Default)]
pub(crate) struct Registers {
    root: Branch,
    /// Under each key the last operation, also one that holds nothing any more: what is written
    /// there next follows it.
    last: BTreeMap<Dot, EntryKey>,
    /// The same the other way round, for the keys of whoever writes here.
    by_key: HashMap<EntryKey, Dot>,
}

impl Registers {
    /// Puts an entry under its key, in place of the one that is there, which is returned.
    pub(crate) fn insert(&mut self, stored: Stored) -> Option<Stored> {
        let steps = stored.key.path.segments().into_iter().cloned();
        let branch =
            steps.fold(&mut self.root, |branch, step| branch.children.entry(step).or_default());
        match branch.stored.iter_mut().find(|other| other.key == stored.key) {
            Some(other) => Some(std::mem::replace(other, stored)),
            None => {
                branch.stored.push(stored);
                None
            }
        }
    }

    /// Takes the entry of this key away.
    pub(crate) fn remove(&mut self, key: &EntryKey) -> Option<Stored> {
        fn take(branch: &mut Branch, steps: &[&Segment], key: &EntryKey) -> Option<Stored> {
            let Some((step, rest)) = steps.split_first() else {
                let at = branch.stored.iter().position(|stored| stored.key == *key)?;
                return Some(branch.stored.remove(at));
            };
            let child = branch.children.get_mut(step)?;
            let taken = take(child, rest, key);
            if child.is_empty() {
                branch.children.remove(step);
            }
            taken
        }
        take(&mut self.root, &key.path.segments(), key)
    }

    /// Notes the last operation under a key.
    pub(crate) fn follow(&mut self, key: EntryKey, dot: Dot) {
        if let Some(before) = self.by_key.insert(key.clone(), dot) {
            self.last.remove(&before);
        }
        self.last.insert(dot, key);
    }

    /// Takes a write back: puts the entry and the last operation that were there before it.
    pub(crate) fn restore(&mut self, key: EntryKey, stored: Option<Stored>, last: Option<Dot>) {
        self.remove(&key);
        if let Some(stored) = stored {
            self.insert(stored);
        }
        match last {
            Some(dot) => self.follow(key, dot),
            None => {
                if let Some(dot) = self.by_key.remove(&key) {
                    self.last.remove(&dot);
                }
            }
        }
    }

    /// The key whose last operation this is.
    pub(crate) fn key_of(&self, dot: Dot) -> Option<&EntryKey> {
        self.last.get(&dot)
    }

    /// The keys whose last operations are among these of one writer.
    pub(crate) fn keys_in(
        &self,
        writer: Incarnation,
        clocks: Range<u32>,
    ) -> impl Iterator<Item = (Dot, &EntryKey)> {
        let dot = |clock| Dot { incarnation: writer, clock };
        self.last.range(dot(clocks.start)..dot(clocks.end)).map(|(dot, key)| (*dot, key))
    }

    /// The last operation under a key.
    pub(crate) fn previous(&self, key: &EntryKey) -> Option<Previous> {
        let dot = *self.by_key.get(key)?;
        Some(Previous { dot, is_live: self.get(key).is_some() })
    }

    pub(crate) fn get(&self, key: &EntryKey) -> Option<&Stored> {
        self.here(&key.path).iter().find(|stored| stored.key == *key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.root.is_empty()
    }

    /// The whole document.
    pub(crate) fn root(&self) -> &Branch {
        &self.root
    }

    /// What is at and below a path.
    pub(crate) fn branch(&self, path: &RegisterPath) -> Option<&Branch> {
        path.segments().iter().try_fold(&self.root, |branch, step| branch.children.get(*step))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Stored> {
        self.root.all().into_iter()
    }

    /// Entries whose path is exactly this.
    pub(crate) fn here(&self, path: &RegisterPath) -> &[Stored] {
        self.branch(path).map_or(&[], |branch| &branch.stored)
    }

    /// Entries whose path is this or below it.
    pub(crate) fn here_and_below(&self, path: &RegisterPath) -> Vec<&Stored> {
        self.branch(path).map_or_else(Vec::new, Branch::all)
    }
}
