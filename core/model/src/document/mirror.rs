//! The mirror of yrs's roots: entries and open texts follow the blocks that were scanned.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use yrs::TransactionMut;

use super::Document;
use crate::{
    entry::{Body, Entry, EntryKey, Marker, TextRoot},
    ids::{Dot, Incarnation},
    path::{RegisterPath, Segment},
    registers::Stored,
    scan::{Content, Parent, Scanned},
    view::{Kind, ListChange, Place},
};

/// How many operations of each of its writers were held before an update.
pub(super) type Held = BTreeMap<Incarnation, u32>;

/// What an update has brought.
pub(super) struct News {
    /// What is stored and passed on.
    pub(super) delta: Vec<u8>,
    pub(super) deleted: Vec<(Incarnation, Range<u32>)>,
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
        let named = scanned.deletions().len();
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
    ) -> Vec<String> {
        let mut paths = BTreeSet::new();
        for (dot, block) in scanned.writers().flatten() {
            let held = held.get(&dot.incarnation).copied().unwrap_or(0);
            let end = dot.clock + block.content.len();
            if end <= held {
                continue;
            }
            if let Parent::Text(name) = block.head.parent {
                if let Some(root) = TextRoot::parse(name) {
                    paths.insert(root.path.to_string());
                    self.open_text_root(root);
                }
                continue;
            }
            let key = match block.head.parent {
                Parent::Entry(key) if dot.clock >= held => scanned.key(dot, key),
                _ if dot.clock < held => {
                    self.registers.key_of(Dot { clock: held - 1, ..dot }).cloned()
                }
                _ => block.head.origin.and_then(|origin| self.registers.key_of(origin)).cloned(),
            };
            let Some(key): Option<EntryKey> = key else { continue };
            let entry = match block.content {
                Content::Entry(payload) => scanned.entry(dot, payload),
                _ => None,
            };
            paths.insert(key.path.to_string());
            self.set_entry(&key, entry.filter(|entry| entry.fits(&key)));
            self.registers.follow(key, Dot { clock: end - 1, ..dot });
        }
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
        for root in self.follow_texts(scanned, held, news) {
            paths.insert(root.path.to_string());
        }
        paths.into_iter().collect()
    }

    /// Puts an entry under its key, or takes the one that is there away; lists keep their order and
    /// their history. Returns what was there.
    pub(super) fn set_entry(&mut self, key: &EntryKey, entry: Option<Entry>) -> Option<Stored> {
        match (key.marker, key.path.parent(), key.path.last()) {
            (Marker::Existence | Marker::Position, Some(list), Some(Segment::Item(id))) => {
                self.remember_list(list);
                let before = self.replace_entry(key, entry);
                let changes = self.lists.update(&self.place_at(list), *id);
                for change in changes {
                    self.history.list(list.clone(), change);
                }
                self.forget_lists(&key.path);
                before
            }
            (Marker::Register, ..) => {
                let has_lists = self.look_for_lists(&key.path);
                let says = |entry: &Entry| !matches!(entry.body, Body::Deleted(_));
                let is_said = entry.as_ref().is_none_or(says);
                let before = self.replace_entry(key, entry);
                // What says that the document is deleted changes no list.
                if is_said && before.as_ref().is_none_or(|before| says(&before.entry)) {
                    self.forget_lists(&key.path);
                    if has_lists {
                        self.history.lists_replaced(key.path.clone());
                    }
                }
                before
            }
            _ => self.replace_entry(key, entry),
        }
    }

    fn place_at(&self, path: &RegisterPath) -> Place<'_> {
        Place::at(&self.registers, &self.lists, path)
    }

    fn replace_entry(&mut self, key: &EntryKey, entry: Option<Entry>) -> Option<Stored> {
        match entry {
            Some(entry) => self.registers.insert(Stored { key: key.clone(), entry }),
            None => self.registers.remove(key),
        }
    }

    /// Looks at a list, if one is there, so that its order can be followed from here on.
    fn remember_list(&self, path: &RegisterPath) {
        self.remember_order(&self.place_at(path));
    }

    fn remember_order(&self, place: &Place<'_>) {
        if let Kind::List { beginning, has_insertions: true } = place.kind() {
            self.lists.follow(place, beginning);
        }
    }

    /// [`remember_list`](Self::remember_list) before something is written here; whether there may
    /// be lists below.
    fn look_for_lists(&self, path: &RegisterPath) -> bool {
        let place = self.place_at(path);
        self.remember_order(&place);
        let branched = place
            .branch
            .is_some_and(|branch| branch.children.values().any(|it| !it.children.is_empty()));
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
            self.texts.insert(root, text);
        }
    }
}
