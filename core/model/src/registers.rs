//! The entries of a document, parsed and sorted by path: the mirror of the root map `f`.

use std::collections::BTreeMap;

use crate::{
    entry::{Body, Entry, EntryKey, Marker},
    ids::Dot,
    path::{RegisterPath, Segment},
    value::Value,
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

    /// When it was written; dots break ties.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { time_ms: self.entry.time_ms, dot: self.dot() }
    }

    /// The value that it holds at its path, if it holds one.
    pub(crate) fn value(&self) -> Option<&Value> {
        match &self.entry.body {
            Body::Value(value) | Body::Item(_, value) => Some(value),
            _ => None,
        }
    }

    /// Whether its value says anything at the path or below it.
    pub(crate) fn reaches(&self, path: &RegisterPath) -> bool {
        let steps = path.segments_below(&self.key.path);
        let (Some(value), Some(steps)) = (self.value(), steps) else { return false };
        Part { value, ordinal: 0 }.at(self.dot(), &steps).is_some()
    }
}

/// Decides between writers who had not seen each other: the later wall clock, then the greater dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    pub(crate) time_ms: i64,
    pub(crate) dot: Dot,
}

/// A part of an entry's value, with the number of list items that come before it in the entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) value: &'a Value,
    pub(crate) ordinal: u32,
}

impl<'a> Part<'a> {
    /// The fields of an object.
    pub(crate) fn fields(self) -> impl Iterator<Item = (&'a String, Self)> {
        let fields = match self.value {
            Value::Object(fields) => Some(fields),
            _ => None,
        };
        let mut ordinal = self.ordinal;
        fields.into_iter().flatten().map(move |(key, value)| {
            let part = Self { value, ordinal };
            ordinal += count_items(value);
            (key, part)
        })
    }

    /// The items of a list; the ordinal of each part is the item's own.
    pub(crate) fn items(self) -> impl Iterator<Item = Self> {
        let items = match self.value {
            Value::List(items) => items.as_slice(),
            _ => &[],
        };
        let mut ordinal = self.ordinal;
        items.iter().map(move |value| {
            let part = Self { value, ordinal: ordinal + 1 };
            ordinal += 1 + count_items(value);
            part
        })
    }

    /// The part some steps down, in the value of the entry with this dot.
    pub(crate) fn at(self, dot: Dot, steps: &[Segment]) -> Option<Self> {
        steps.iter().try_fold(self, |part, step| match step {
            Segment::Key(key) => part.fields().find(|(name, _)| *name == key).map(|(_, part)| part),
            Segment::Item(item) if item.dot == dot && item.ordinal > 0 => {
                part.items().find(|part| part.ordinal == item.ordinal)
            }
            Segment::Item(_) => None,
        })
    }
}

fn count_items(value: &Value) -> u32 {
    match value {
        Value::List(items) => items.iter().map(|item| 1 + count_items(item)).sum(),
        Value::Object(fields) => fields.values().map(count_items).sum(),
        _ => 0,
    }
}

/// All entries of a document.
#[derive(Debug, Default)]
pub(crate) struct Registers(BTreeMap<RegisterPath, Vec<Stored>>);

impl Registers {
    pub(crate) fn insert(&mut self, stored: Stored) {
        let here = self.0.entry(stored.key.path.clone()).or_default();
        match here.iter_mut().find(|other| other.key == stored.key) {
            Some(other) => *other = stored,
            None => here.push(stored),
        }
    }

    pub(crate) fn remove(&mut self, key: &EntryKey) {
        if let Some(here) = self.0.get_mut(&key.path) {
            here.retain(|stored| stored.key != *key);
            if here.is_empty() {
                self.0.remove(&key.path);
            }
        }
    }

    pub(crate) fn get(&self, key: &EntryKey) -> Option<&Stored> {
        self.here(&key.path).iter().find(|stored| stored.key == *key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Stored> {
        self.0.values().flatten()
    }

    pub(crate) fn by_path(&self) -> impl Iterator<Item = (&RegisterPath, &[Stored])> {
        self.0.iter().map(|(path, stored)| (path, &stored[..]))
    }

    /// Entries whose path is exactly this.
    pub(crate) fn here(&self, path: &RegisterPath) -> &[Stored] {
        self.0.get(path).map_or(&[], Vec::as_slice)
    }

    /// Entries whose path is strictly below this.
    pub(crate) fn below(&self, path: &RegisterPath) -> impl Iterator<Item = &Stored> {
        let (start, end) = path.below();
        self.0.range(start..end).flat_map(|(_, stored)| stored)
    }

    /// Entries with a value that says something at this path although they are not written there
    /// as registers: those above, and the insertion of the item that stands here.
    pub(crate) fn reaching(&self, path: &RegisterPath) -> Vec<&Stored> {
        let mut above = RegisterPath::root();
        let mut found = Vec::new();
        let steps = path.segments();
        for index in 0..=steps.len() {
            let here = self.here(&above).iter().filter(|stored| {
                (above != *path || stored.key.marker == Marker::Existence) && stored.reaches(path)
            });
            found.extend(here);
            if let Some(step) = steps.get(index) {
                above = above.child(step);
            }
        }
        found
    }
}
