//! The mirror of yrs's roots: parsed entries, open texts, and what foreign updates touch of them.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
};

use yrs::{Any, Observable, Out, ReadTxn, TextRef, Transact};

use super::{Document, history, picture::Splice};
use crate::{
    entry::{Entry, EntryKey, parse_text_root},
    path::RegisterPath,
    registers::Stored,
};

/// What yrs says a transaction has changed.
#[derive(Default)]
pub(super) struct Touched {
    /// Whether it is a foreign one: local edits say themselves what they touch.
    pub(super) remote: bool,
    pub(super) keys: Vec<Arc<str>>,
    pub(super) texts: Vec<(Arc<str>, Vec<Splice>)>,
}

impl Document {
    /// Reads all entries and texts out of yrs.
    pub(super) fn read_roots(&mut self) {
        let names = {
            let Ok(txn) = self.doc.try_transact() else { return };
            for (key, value) in yrs::Map::iter(&self.entries, &txn) {
                if let Some(stored) = read_entry(key, &value) {
                    self.registers.insert(stored);
                }
            }
            root_names(&txn)
        };
        self.open_texts(names);
    }

    /// Opens the root texts that are not open yet; returns their paths.
    fn open_texts(&mut self, names: Vec<String>) -> Vec<RegisterPath> {
        let mut opened = Vec::new();
        for name in names {
            if let Some(place) = parse_text_root(&name)
                && !self.texts.contains_key(&place)
            {
                opened.push(place.0.clone());
                let text = self.doc.get_or_insert_text(name.as_str());
                self.follow_text(&name, place, text);
            }
        }
        opened
    }

    /// Notes an open root text, and follows its remote changes.
    pub(super) fn follow_text(&mut self, name: &str, place: (RegisterPath, u32), text: TextRef) {
        let touched = Arc::clone(&self.touched);
        let name: Arc<str> = name.into();
        text.observe("touched", move |txn, event| {
            let mut touched = touched.lock().unwrap_or_else(PoisonError::into_inner);
            if touched.remote {
                let splices = history::splices(event.delta(txn));
                touched.texts.push((Arc::clone(&name), splices));
            }
        });
        self.texts.insert(place, text);
    }

    /// Mirrors what a foreign update touched; returns the paths.
    pub(super) fn absorb(&mut self, touched: Touched) -> Vec<String> {
        let mut paths = BTreeSet::new();
        let names = {
            let Ok(txn) = self.doc.try_transact() else { return Vec::new() };
            for name in &touched.keys {
                let Ok(key) = name.parse::<EntryKey>() else { continue };
                let value = yrs::Map::get(&self.entries, &txn, name);
                match value.and_then(|value| read_entry(name, &value)) {
                    Some(stored) => self.registers.insert(stored),
                    None => self.registers.remove(&key),
                }
                paths.insert(key.path.to_string());
            }
            if txn.root_refs().count() > self.texts.len() + 1 {
                root_names(&txn)
            } else {
                Vec::new()
            }
        };
        paths.extend(self.open_texts(names).iter().map(ToString::to_string));
        for (name, splices) in touched.texts {
            if let Some(place) = parse_text_root(&name) {
                paths.insert(place.0.to_string());
                self.wide.remove(&place);
                self.history.text(place, splices);
            }
        }
        if !touched.keys.is_empty() {
            match self.view.take() {
                Some(before) => {
                    let after = history::list_orders(self.view());
                    self.history.lists(history::list_orders(&before), &after);
                }
                None => self.history.forget(),
            }
        }
        paths.into_iter().collect()
    }

    /// Whether a text may have characters of two UTF-16 code units.
    pub(super) fn may_be_wide(&self, place: &(RegisterPath, u32)) -> bool {
        self.wide.get(place).copied().unwrap_or(true)
    }

    /// Notes a text's whole content.
    pub(super) fn note_content(&mut self, place: &(RegisterPath, u32), content: &str) {
        self.wide.insert(place.clone(), content.chars().any(|it| it.len_utf16() == 2));
    }

    /// Notes what was inserted into a text.
    pub(super) fn note_wide(&mut self, place: &(RegisterPath, u32), inserted: &str) {
        if inserted.chars().any(|it| it.len_utf16() == 2) {
            self.wide.insert(place.clone(), true);
        }
    }
}

fn root_names(txn: &impl ReadTxn) -> Vec<String> {
    txn.root_refs().map(|(name, _)| name.to_owned()).collect()
}

/// An entry out of the root map; none for what no honest Dunlin writes.
fn read_entry(key: &str, value: &Out) -> Option<Stored> {
    let Out::Any(Any::Buffer(payload)) = value else { return None };
    let key: EntryKey = key.parse().ok()?;
    let entry = Entry::decode(payload).ok().filter(|entry| entry.fits(&key))?;
    Some(Stored { key, entry })
}
