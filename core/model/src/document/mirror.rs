//! The mirror of yrs's roots: entries and open texts follow the blocks that were scanned.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{Arc, PoisonError},
};

use yrs::{Observable, TextRef, TransactionMut};

use super::{Document, history, picture::Splice};
use crate::{
    entry::{Body, Entry, EntryKey, Marker, TextRoot},
    ids::{Dot, Incarnation},
    path::{RegisterPath, Segment},
    registers::Stored,
    scan::{Content, Parent, Scanned},
    view::{Kind, ListChange, Place},
};

/// What yrs says a transaction has changed in texts.
#[derive(Default)]
pub(super) struct Touched {
    /// Whether it is a foreign one: local edits say themselves what they touch.
    pub(super) remote: bool,
    pub(super) texts: Vec<(TextRoot, Vec<Splice>)>,
}

/// How many operations of each of its writers were held before an update.
pub(super) type Held = BTreeMap<Incarnation, u32>;

/// What an update has brought.
pub(super) struct News {
    /// What is stored and passed on.
    pub(super) delta: Vec<u8>,
    deleted: Vec<(Incarnation, Range<u32>)>,
}

impl News {
    /// What a transaction that applied an update has changed. The update itself is the delta where
    /// it brings nothing that was known; encoding what is new takes time for every writer.
    pub(super) fn of(
        txn: &TransactionMut<'_>,
        scanned: &Scanned<'_>,
        held: &Held,
        update: &[u8],
    ) -> Self {
        let mut deleted = Vec::new();
        for (client, ranges) in txn.delete_set().iter() {
            let Some(writer) = Incarnation::from_client(client.get()) else { continue };
            deleted.extend(ranges.iter().map(|range| (writer, range.start..range.end)));
        }
        let mut named = 0;
        scanned.visit_deletions(|_, _| named += 1);
        let overlaps = scanned.spans().any(|(writer, clocks)| clocks.start < held[&writer]);
        let delta = match overlaps || named > deleted.len() + 8 {
            true => txn.encode_update_v1(),
            false => update.to_vec(),
        };
        Self { delta, deleted }
    }
}

impl Document {
    /// How much is held of each of an update's writers.
    pub(super) fn held_of(&self, scanned: &Scanned<'_>) -> Held {
        scanned.spans().map(|(writer, _)| (writer, self.known.clock(writer))).collect()
    }

    /// Mirrors what an update has brought; returns the paths.
    pub(super) fn absorb(
        &mut self,
        scanned: &Scanned<'_>,
        held: &Held,
        news: &News,
        touched: Touched,
    ) -> Vec<String> {
        let mut paths = BTreeSet::new();
        scanned.visit_blocks(|dot, block| {
            let held = held.get(&dot.incarnation).copied().unwrap_or(0);
            let end = dot.clock + block.content.len();
            if end <= held {
                return;
            }
            if let Parent::Text(name) = block.head.parent {
                if let Some(root) = TextRoot::parse(name) {
                    paths.insert(root.path.to_string());
                    self.open_text_root(root);
                }
                return;
            }
            let key = match block.head.parent {
                Parent::Entry(key) if dot.clock >= held => key.parse().ok(),
                _ if dot.clock < held => {
                    self.registers.key_of(Dot { clock: held - 1, ..dot }).cloned()
                }
                _ => block.head.origin.and_then(|origin| self.registers.key_of(origin)).cloned(),
            };
            let Some(key): Option<EntryKey> = key else { return };
            let entry = match block.content {
                Content::Entry(payload) => Entry::decode(payload).ok(),
                _ => None,
            };
            paths.insert(key.path.to_string());
            self.set_entry(&key, entry.filter(|entry| entry.fits(&key)));
            self.registers.follow(key, Dot { clock: end - 1, ..dot });
        });
        for (writer, clocks) in &news.deleted {
            let gone: Vec<EntryKey> = self
                .registers
                .keys_in(*writer, clocks.clone())
                .filter(|(dot, key)| {
                    self.registers.get(key).is_some_and(|stored| stored.dot() == *dot)
                })
                .map(|(_, key)| key.clone())
                .collect();
            for key in gone {
                paths.insert(key.path.to_string());
                self.set_entry(&key, None);
            }
        }
        for (root, splices) in touched.texts {
            paths.insert(root.path.to_string());
            self.wide.remove(&root);
            self.history.text(root, splices);
        }
        paths.into_iter().collect()
    }

    /// Puts an entry under its key, or takes the one that is there away; lists keep their order and
    /// their history. Returns what was there.
    pub(super) fn set_entry(&mut self, key: &EntryKey, entry: Option<Entry>) -> Option<Stored> {
        let before = self.registers.get(key).cloned();
        let says = |entry: &Entry| !matches!(entry.body, Body::Deleted(_));
        let is_plain = before.as_ref().is_none_or(|stored| says(&stored.entry))
            && entry.as_ref().is_none_or(says);
        match (key.marker, key.path.parent(), key.path.last()) {
            (Marker::Existence | Marker::Position, Some(list), Some(Segment::Item(id))) => {
                self.remember_list(&list);
                self.replace_entry(key, entry);
                let place = Place::at(&self.registers, &self.lists, &list);
                for change in self.lists.update(&place, id) {
                    self.history.list(list.clone(), change);
                }
                self.forget_lists(&key.path);
            }
            (Marker::Register, ..) if is_plain => {
                self.remember_list(&key.path);
                let has_lists = self.has_lists_below(&key.path);
                self.replace_entry(key, entry);
                self.forget_lists(&key.path);
                if has_lists {
                    self.history.lists_replaced(key.path.clone());
                }
            }
            _ => {
                self.replace_entry(key, entry);
            }
        }
        before
    }

    fn replace_entry(&mut self, key: &EntryKey, entry: Option<Entry>) {
        match entry {
            Some(entry) => self.registers.insert(Stored { key: key.clone(), entry }),
            None => drop(self.registers.remove(key)),
        }
    }

    /// Looks at a list, if one is there, so that its order can be followed from here on.
    fn remember_list(&self, path: &RegisterPath) {
        let place = Place::at(&self.registers, &self.lists, path);
        if !place.facts.is_empty() || place.branch.is_some() {
            if let Kind::List { beginning, has_insertions } = place.kind() {
                self.lists.order(&place, beginning, has_insertions);
            }
        }
    }

    fn has_lists_below(&self, path: &RegisterPath) -> bool {
        let place = Place::at(&self.registers, &self.lists, path);
        let branched = place.steps().any(|(_, branch)| !branch.children.is_empty());
        branched
            || place.facts.iter().any(|fact| {
                fact.tree
                    .fields()
                    .is_some_and(|fields| fields.values().any(crate::entry::has_lists))
            })
    }

    fn forget_lists(&mut self, path: &RegisterPath) {
        for (list, order) in self.lists.forget(path) {
            self.history.list(list, ListChange::Replaced(order));
        }
    }

    /// Opens a root text that is not open yet.
    fn open_text_root(&mut self, root: TextRoot) {
        if !self.texts.contains_key(&root) {
            let text = self.doc.get_or_insert_text(root.to_string());
            self.follow_text(root, text);
        }
    }

    /// Notes an open root text, and follows its remote changes.
    pub(super) fn follow_text(&mut self, root: TextRoot, text: TextRef) {
        let touched = Arc::clone(&self.touched);
        let name = root.clone();
        text.observe("touched", move |txn, event| {
            let mut touched = touched.lock().unwrap_or_else(PoisonError::into_inner);
            if touched.remote {
                let splices = history::splices(event.delta(txn));
                touched.texts.push((name.clone(), splices));
            }
        });
        self.texts.insert(root, text);
    }

    /// Whether a text may have characters of two UTF-16 code units.
    pub(super) fn may_be_wide(&self, root: &TextRoot) -> bool {
        self.wide.get(root).copied().unwrap_or(true)
    }

    /// Notes a text's whole content.
    pub(super) fn note_content(&mut self, root: &TextRoot, content: &str) {
        self.wide.insert(root.clone(), content.chars().any(|it| it.len_utf16() == 2));
    }

    /// Notes what was inserted into a text.
    pub(super) fn note_wide(&mut self, root: &TextRoot, inserted: &str) {
        if inserted.chars().any(|it| it.len_utf16() == 2) {
            self.wide.insert(root.clone(), true);
        }
    }
}
