//! What devices were told is stored, and so what every device must show in the end.
//!
//! Each fact is made so that it can be told from all others: a character, list item or value of
//! its own. A text must then hold exactly the characters that were inserted and not deleted, a
//! register exactly the writes that no later writer had seen.

use std::collections::{BTreeMap, BTreeSet};

use dunlin_model::{Incarnation, StateVector};
use serde_json::Value as Json;

/// One consequence of an acknowledged write.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    /// `/marks/KEY` was set; nobody else writes there.
    Mark { doc: String, key: String, value: Json },
    /// `/marks/KEY` was removed by the device that had set it.
    Unmarked { doc: String, key: String },
    /// `/own/DEVICE` was set by that device, the only one to write there.
    Own { doc: String, device: usize, value: String },
    /// `/race/SLOT` was set by a device that had read these values there.
    Race { doc: String, slot: String, value: String, seen: BTreeSet<String> },
    /// `/count` was changed.
    Counted { doc: String, by: i64 },
    /// A character was typed into `/body`.
    Typed { doc: String, character: char },
    /// A character was deleted from `/body`.
    Erased { doc: String, character: char },
    /// A string was inserted in `/items`.
    Listed { doc: String, item: String },
    /// An item was deleted from `/items`.
    Unlisted { doc: String, item: String },
    /// A note was created with this title.
    NoteMade { key: String, title: String },
    /// A note was deleted by the device that made it.
    NoteDeleted { key: String },
    /// A note was restored by the device that made it.
    NoteRestored { key: String },
    /// `/by/DEVICE` of a note was set by that device, which had just read this version.
    NoteSigned { key: String, device: usize, value: String, read: StateVector },
}

/// A write whose answer nobody heard: it is there whole or not at all, as its mark tells.
#[derive(Clone, Debug)]
struct Unheard {
    doc: String,
    mark: String,
    facts: Vec<Fact>,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    docs: BTreeMap<String, Expected>,
    notes: BTreeMap<String, Note>,
    unheard: Vec<Unheard>,
}

#[derive(Debug, Default)]
struct Expected {
    /// None for one that was removed.
    marks: BTreeMap<String, Option<Json>>,
    own: BTreeMap<usize, String>,
    race: BTreeMap<String, Vec<(String, BTreeSet<String>)>>,
    count: i64,
    characters: BTreeMap<char, bool>,
    items: BTreeMap<String, bool>,
}

#[derive(Debug, Default)]
pub(super) struct Note {
    pub(super) title: String,
    pub(super) is_deleted: bool,
    /// The version of the last deletion.
    deletion: StateVector,
    signed: BTreeMap<usize, Signature>,
}

#[derive(Debug)]
struct Signature {
    value: String,
    /// What was new in its version: its own operation, and what may have arrived just before.
    news: Vec<(Incarnation, u32)>,
}

impl Signature {
    /// Whether the deletion of this version had seen it, where that can be told.
    fn seen_by(&self, deletion: &StateVector) -> Option<bool> {
        let seen =
            |(incarnation, clock): &(Incarnation, u32)| deletion.clock(*incarnation) >= *clock;
        match self.news.iter().filter(|dot| seen(dot)).count() {
            0 => Some(false),
            all if all == self.news.len() => Some(true),
            _ => None,
        }
    }
}

/// How a document looks in the end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    pub(super) json: Json,
    pub(super) tagged: Json,
    pub(super) is_deleted: bool,
    /// Path and plain value of each conflict.
    pub(super) conflicts: Vec<(String, Json)>,
    /// The same with writers and times, but for what each device alone knows of items that are gone.
    pub(super) conflicts_in_full: String,
    pub(super) state_vector: StateVector,
}

impl Ledger {
    /// Notes a write that was acknowledged with this version.
    pub(super) fn acknowledge(&mut self, facts: Vec<Fact>, version: &StateVector) {
        for fact in facts {
            self.note(fact, version);
        }
    }

    /// Notes a write whose answer was never heard; the document's `/marks/MARK` tells of it.
    pub(super) fn suspect(&mut self, doc: String, mark: String, facts: Vec<Fact>) {
        self.unheard.push(Unheard { doc, mark, facts });
    }

    pub(super) fn note_of(&self, key: &str) -> Option<&Note> {
        self.notes.get(key)
    }

    /// Decides for each unheard write whether it was committed; returns how many were and were not.
    ///
    /// # Errors
    /// A part of one that was not.
    pub(super) fn settle(&mut self, shown: &BTreeMap<String, Shown>) -> Result<(u64, u64), String> {
        let (mut committed, mut lost) = (0, 0);
        let is_there = |doc: &str, mark: &str| {
            shown.get(doc).is_some_and(|doc| !doc.json["marks"][mark].is_null())
        };
        for Unheard { doc, mark, facts } in std::mem::take(&mut self.unheard) {
            if is_there(&doc, &mark) {
                committed += 1;
                self.acknowledge(facts, &StateVector::default());
                continue;
            }
            lost += 1;
            for fact in &facts {
                if let Fact::Mark { doc, key, .. } = fact
                    && is_there(doc, key)
                {
                    return Err(format!("of what was written with /marks/{mark}, {key} is there"));
                }
            }
        }
        Ok((committed, lost))
    }

    /// Signatures that the deletion of their note had not seen.
    pub(super) fn unseen_signatures(&self) -> usize {
        self.notes.values().map(Note::unseen).sum()
    }

    fn note(&mut self, fact: Fact, version: &StateVector) {
        match fact {
            Fact::Mark { doc, key, value } => {
                self.doc(doc).marks.insert(key, Some(value));
            }
            Fact::Unmarked { doc, key } => drop(self.doc(doc).marks.insert(key, None)),
            Fact::Own { doc, device, value } => drop(self.doc(doc).own.insert(device, value)),
            Fact::Race { doc, slot, value, seen } => {
                self.doc(doc).race.entry(slot).or_default().push((value, seen));
            }
            Fact::Counted { doc, by } => self.doc(doc).count += by,
            Fact::Typed { doc, character } => {
                // A deletion by another device may have been acknowledged before.
                self.doc(doc).characters.entry(character).or_insert(true);
            }
            Fact::Erased { doc, character } => {
                self.doc(doc).characters.insert(character, false);
            }
            Fact::Listed { doc, item } => drop(self.doc(doc).items.entry(item).or_insert(true)),
            Fact::Unlisted { doc, item } => drop(self.doc(doc).items.insert(item, false)),
            Fact::NoteMade { key, title } => {
                self.notes.insert(key, Note { title, ..Note::default() });
            }
            Fact::NoteDeleted { key } => {
                let note = self.notes.entry(key).or_default();
                (note.is_deleted, note.deletion) = (true, version.clone());
            }
            Fact::NoteRestored { key } => self.notes.entry(key).or_default().is_deleted = false,
            Fact::NoteSigned { key, device, value, read } => {
                let news = version.iter().filter(|(writer, clock)| read.clock(*writer) < *clock);
                let signature = Signature { value, news: news.collect() };
                self.notes.entry(key).or_default().signed.insert(device, signature);
            }
        }
    }

    fn doc(&mut self, doc: String) -> &mut Expected {
        self.docs.entry(doc).or_default()
    }

    /// Checks documents of the ledger's collection and notes against what was acknowledged.
    ///
    /// # Errors
    /// What is missing or too much.
    pub(super) fn check(
        &self,
        docs: &BTreeMap<String, Shown>,
        notes: &BTreeMap<String, Shown>,
    ) -> Result<(), String> {
        for (name, expected) in &self.docs {
            let shown = docs.get(name).ok_or_else(|| format!("ledger/{name} is missing"))?;
            expected.check(shown).map_err(|error| format!("ledger/{name}: {error}"))?;
        }
        for (key, note) in &self.notes {
            let shown = notes.get(key).ok_or_else(|| format!("notes/{key} is missing"))?;
            note.check(shown).map_err(|error| format!("notes/{key}: {error}"))?;
        }
        Ok(())
    }
}

impl Expected {
    fn check(&self, shown: &Shown) -> Result<(), String> {
        let json = &shown.json;
        if shown.is_deleted {
            return Err("is deleted".to_owned());
        }
        for (key, expected) in &self.marks {
            let found = json["marks"].get(key);
            match (expected, found) {
                (Some(_), None) => {
                    return Err(format!("/marks/{key} was acknowledged and is lost"));
                }
                (None, Some(_)) => return Err(format!("/marks/{key} was removed and is back")),
                (Some(expected), Some(found)) if expected != found => {
                    return Err(format!("/marks/{key} is {found}, was set to {expected}"));
                }
                _ => {}
            }
        }
        for (device, value) in &self.own {
            let found = &json["own"][device.to_string()];
            if found != value.as_str() {
                return Err(format!("/own/{device} is {found}, was last set to {value}"));
            }
        }
        self.check_races(shown)?;
        let count = json["count"].as_i64().unwrap_or_default();
        if count != self.count {
            return Err(format!("/count is {count}, should be {}", self.count));
        }
        let body = json["body"].as_str().unwrap_or_default();
        same("/body", living(&self.characters), body.chars().collect())?;
        let items = json["items"].as_array().into_iter().flatten();
        let items = items.map(|item| item.as_str().unwrap_or("?").to_owned()).collect();
        same("/items", living(&self.items), items)
    }

    /// Each slot shows, as value and conflicts, the writes that no other writer had seen.
    fn check_races(&self, shown: &Shown) -> Result<(), String> {
        for (slot, writes) in &self.race {
            let seen: BTreeSet<&String> = writes.iter().flat_map(|(_, seen)| seen).collect();
            let unseen: Vec<String> = writes
                .iter()
                .filter(|(value, _)| !seen.contains(value))
                .map(|(value, _)| value.clone())
                .collect();
            let path = format!("/race/{slot}");
            let winner = shown.json["race"][slot].as_str();
            let losers = shown
                .conflicts
                .iter()
                .filter(|(at, _)| *at == path)
                .map(|(_, value)| value.as_str().unwrap_or("?"));
            same(&path, unseen, winner.into_iter().chain(losers).map(str::to_owned).collect())?;
        }
        Ok(())
    }
}

impl Note {
    fn check(&self, shown: &Shown) -> Result<(), String> {
        if shown.is_deleted != self.is_deleted {
            return Err(match self.is_deleted {
                true => "was deleted and is back".to_owned(),
                false => "was not deleted and is gone".to_owned(),
            });
        }
        if self.is_deleted {
            return self.check_conflicts(shown);
        }
        if shown.json["title"] != self.title.as_str() {
            return Err(format!("/title is {}, should be {}", shown.json["title"], self.title));
        }
        for (device, Signature { value, .. }) in &self.signed {
            let found = &shown.json["by"][device.to_string()];
            if found != value.as_str() {
                return Err(format!("/by/{device} is {found}, was last set to {value}"));
            }
        }
        Ok(())
    }

    /// A deleted note shows, as conflicts, the signatures that its deletion had not seen.
    fn check_conflicts(&self, shown: &Shown) -> Result<(), String> {
        for (device, signature) in &self.signed {
            let path = format!("/by/{device}");
            let found: Vec<&Json> = shown
                .conflicts
                .iter()
                .filter(|(at, _)| *at == path)
                .map(|(_, value)| value)
                .collect();
            let is_shown = found.len() == 1 && *found[0] == *signature.value;
            let is_right = match signature.seen_by(&self.deletion) {
                Some(true) => found.is_empty(),
                Some(false) => is_shown,
                None => found.is_empty() || is_shown,
            };
            if !is_right {
                return Err(format!(
                    "{path} was last set to {} and conflicts with the deletion as {found:?}",
                    signature.value
                ));
            }
        }
        Ok(())
    }

    /// Signatures that the deletion of this note had not seen.
    fn unseen(&self) -> usize {
        let signed = self.signed.values();
        let unseen = signed.filter(|signature| signature.seen_by(&self.deletion) == Some(false));
        if self.is_deleted { unseen.count() } else { 0 }
    }
}

fn living<T: Clone>(all: &BTreeMap<T, bool>) -> Vec<T> {
    all.iter().filter(|(_, lives)| **lives).map(|(thing, _)| thing.clone()).collect()
}

/// Whether both hold the same things, each exactly once, in any order.
fn same<T: Ord + std::fmt::Debug>(
    what: &str,
    mut expected: Vec<T>,
    mut found: Vec<T>,
) -> Result<(), String> {
    expected.sort();
    found.sort();
    if expected == found {
        return Ok(());
    }
    let lost: Vec<_> = expected.iter().filter(|thing| !found.contains(thing)).collect();
    let extra: Vec<_> = found.iter().filter(|thing| !expected.contains(thing)).collect();
    let twice: Vec<_> =
        found.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    Err(format!("{what}: lost {lost:?}, not asked for {extra:?}, twice {twice:?}"))
}
