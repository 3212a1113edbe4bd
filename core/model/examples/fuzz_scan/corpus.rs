//! Valid updates to start from: what two or three replicas of a small document say to each other.

use std::sync::{Arc, Mutex};

use dunlin_model::{
    Incarnation,
    entry::{ENTRIES_ROOT, TextRoot},
    scan::{self, Known},
};
use yrs::{
    Doc, GetString, Map, OffsetKind, Options, ReadTxn, StateVector, Text, Transact, Update,
    block::ClientID, updates::decoder::Decode,
};

use crate::entries;

/// Texts of every document here.
pub(crate) const TEXTS: [&str; 2] = ["/body", "/title"];

/// SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len() as u64) as usize)
    }

    pub(crate) fn pick_mut<'a, T>(&mut self, from: &'a mut [T]) -> Option<&'a mut T> {
        from.get_mut(self.below(from.len() as u64) as usize)
    }
}

/// What a replica holds, and an update that it is about to receive.
pub(crate) struct Case {
    pub(crate) held: Vec<u8>,
    pub(crate) known: Known,
    pub(crate) update: Vec<u8>,
}

pub(crate) fn document(client: u64) -> Doc {
    let mut options = Options::with_guid_and_client_id("fuzz".into(), ClientID::new(client));
    options.offset_kind = OffsetKind::Utf16;
    let doc = Doc::with_options(options);
    doc.get_or_insert_map(ENTRIES_ROOT);
    for path in TEXTS {
        doc.get_or_insert_text(text_name(path));
    }
    doc
}

pub(crate) fn text_name(path: &str) -> String {
    TextRoot { path: path.parse().expect("a path"), epoch: 0, begun: None }.to_string()
}

pub(crate) fn apply(doc: &Doc, update: &[u8]) {
    let update = Update::decode_v1(update).expect("a valid update");
    doc.transact_mut().apply_update(update).expect("a valid update");
}

pub(crate) fn encoding(doc: &Doc) -> Vec<u8> {
    doc.transact().encode_diff_v1(&StateVector::default())
}

pub(crate) fn cases(random: &mut Random) -> Vec<Case> {
    (0..40).flat_map(|size| conversation(random, 3 + size)).collect()
}

fn conversation(random: &mut Random, edits: u64) -> Vec<Case> {
    let deltas = Arc::new(Mutex::new(Vec::new()));
    // One id each of one byte, two bytes and the usual eight.
    let clients =
        [3, 200 + random.below(100), 1000 + random.below(Incarnation::FIRST_FOUNDER - 1000)];
    let docs = clients.map(document);
    let _subscriptions: Vec<_> = docs
        .iter()
        .map(|doc| {
            let deltas = deltas.clone();
            doc.observe_update_v1("delta", move |_, event| {
                if let Ok(mut deltas) = deltas.lock() {
                    deltas.push(event.update.clone());
                }
            })
        })
        .collect();
    let mut cases = Vec::new();
    for _ in 0..edits {
        let by = random.below(3) as usize;
        let held = encoding(&docs[by]);
        match random.below(8) {
            0..3 => entries::write(&docs[by], clients[by], random),
            3..6 => splice(&docs[by], random),
            6 => delete(&docs[by], random),
            _ => {
                let from = random.below(3) as usize;
                let update =
                    docs[from].transact().encode_diff_v1(&docs[by].transact().state_vector());
                cases.push(case(&held, update.clone()));
                apply(&docs[by], &update);
                continue;
            }
        }
        let delta = deltas.lock().ok().and_then(|deltas| deltas.last().cloned());
        cases.extend(delta.map(|delta| case(&held, delta)));
    }
    cases.extend(docs.iter().map(|doc| case(&[0, 0], encoding(doc))));
    cases
}

fn case(held: &[u8], update: Vec<u8>) -> Case {
    let mut known = Known::new();
    known.absorb(&scan::read(held).expect("valid")).expect("whole");
    Case { held: held.to_vec(), known, update }
}

fn splice(doc: &Doc, random: &mut Random) {
    let text = doc.get_or_insert_text(text_name(TEXTS[random.below(2) as usize]));
    let mut txn = doc.transact_mut();
    let at = index(&text.get_string(&txn), random);
    text.insert(&mut txn, at, ["a", "hello", "é", "😀", "x😀y"][random.below(5) as usize]);
}

fn delete(doc: &Doc, random: &mut Random) {
    let map = doc.get_or_insert_map(ENTRIES_ROOT);
    let text = doc.get_or_insert_text(text_name(TEXTS[0]));
    let mut txn = doc.transact_mut();
    if random.below(3) == 0 {
        let keys: Vec<String> = map.keys(&txn).map(str::to_owned).collect();
        for key in keys {
            map.remove(&mut txn, &key);
        }
        return;
    }
    let content = text.get_string(&txn);
    let (one, other) = (index(&content, random), index(&content, random));
    text.remove_range(&mut txn, one.min(other), one.abs_diff(other));
}

/// An index at which no character is cut.
fn index(text: &str, random: &mut Random) -> u32 {
    let characters = random.below(text.chars().count() as u64 + 1) as usize;
    text.chars().take(characters).map(char::len_utf16).sum::<usize>() as u32
}
