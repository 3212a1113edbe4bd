//! A replica twice: driven by composed updates, and by yrs' own calls.
#![allow(unreachable_pub, clippy::unwrap_used, reason = "a test")]

use std::{collections::BTreeMap, sync::Arc};

use dunlin_model::{
    Dot, Incarnation, Value,
    compose::{Composer, Previous},
    entry::{Body, Entry, EntryKey, Marker, Tree},
    scan,
    text_index::{SpliceError, TextIndex},
};
use yrs::{
    Any, Doc, GetString, Map, MapRef, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef,
    Transact, TransactionMut, Update, block::ClientID, updates::decoder::Decode,
};

pub const ROOTS: [&str; 2] = ["t0/a", "t0/b"];

const WORDS: [&str; 8] = [
    "",
    "a",
    "bc",
    "\u{1F600}",
    "é",
    "漢字",
    "x\u{1F468}\u{200D}\u{1F469}y",
    "the quick brown fox",
];

/// Numbers that follow from a seed (xorshift).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % bound.max(1) as u64) as usize
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// A document as Dunlin opens it.
struct Side {
    doc: Doc,
    entries: MapRef,
    texts: [TextRef; 2],
}

impl Side {
    fn open(client: u64, state: &[u8]) -> Self {
        let mut options = Options::with_guid_and_client_id("".into(), ClientID::new(client));
        (options.offset_kind, options.cleanup_formatting) = (OffsetKind::Utf16, false);
        let doc = Doc::with_options(options);
        let side = Self {
            entries: doc.get_or_insert_map("f"),
            texts: ROOTS.map(|root| doc.get_or_insert_text(root)),
            doc,
        };
        apply(&mut side.doc.transact_mut(), state);
        side
    }

    fn state(&self) -> Vec<u8> {
        self.doc.transact().encode_diff_v1(&StateVector::default())
    }

    fn content(&self, text: usize) -> Vec<u16> {
        self.texts[text].get_string(&self.doc.transact()).encode_utf16().collect()
    }
}

fn apply(txn: &mut TransactionMut<'_>, update: &[u8]) {
    txn.apply_update(Update::decode_v1(update).unwrap()).unwrap();
    assert!(!txn.has_missing_updates());
}

pub fn index_of(states: &[&Vec<u8>]) -> TextIndex {
    let mut index = TextIndex::new(Incarnation::from_client(1).unwrap());
    for state in states {
        index.apply(&scan::read(state).unwrap()).unwrap();
    }
    index
}

/// Every operation of a text in order, and whether it is visible.
pub fn units(index: &TextIndex, root: &str) -> Vec<(Dot, bool)> {
    let runs = index.runs(root).flat_map(|(dot, len, is_live)| {
        (0..len).map(move |unit| (Dot { clock: dot.clock + unit, ..dot }, is_live))
    });
    runs.collect()
}

pub struct Edited {
    pub update: Vec<u8>,
    pub edits: usize,
    pub refused: usize,
}

pub struct Replica {
    composed: Side,
    twin: Side,
    pub index: TextIndex,
    writer: Incarnation,
    /// This writer's last entry under each of its keys.
    entries: BTreeMap<String, Previous>,
}

impl Replica {
    pub fn open(client: u64, state: &[u8], twin: &[u8]) -> Self {
        let writer = Incarnation::from_client(client).unwrap();
        let index = TextIndex::of_state(&scan::read(state).unwrap(), writer).unwrap();
        let (composed, twin) = (Side::open(client, state), Side::open(client, twin));
        Self { composed, twin, index, writer, entries: BTreeMap::new() }
    }

    pub fn states(&self) -> (Vec<u8>, Vec<u8>) {
        (self.composed.state(), self.twin.state())
    }

    pub fn state_vector(&self) -> StateVector {
        self.composed.doc.transact().state_vector()
    }

    pub fn diff(&self, known: &StateVector) -> Vec<u8> {
        self.composed.doc.transact().encode_diff_v1(known)
    }

    pub fn content(&self, root: &str) -> Vec<u16> {
        self.composed.content(ROOTS.iter().position(|other| *other == root).unwrap())
    }

    /// Takes in a foreign update. The changes that the index reports must lead from the old texts
    /// to the new ones.
    pub fn follow(&mut self, update: &[u8]) {
        let mut texts = [0, 1].map(|text| self.composed.content(text));
        for side in [&self.composed, &self.twin] {
            apply(&mut side.doc.transact_mut(), update);
        }
        for change in self.index.apply(&scan::read(update).unwrap()).unwrap() {
            let text = ROOTS.iter().position(|root| **root == *change.root).unwrap();
            let range = change.at as usize..(change.at + change.delete) as usize;
            texts[text].splice(range, vec![0xFFFF; change.insert as usize]);
        }
        for (text, followed) in texts.iter().enumerate() {
            let now = self.composed.content(text);
            let same = |(old, new): (&u16, &u16)| *old == 0xFFFF || old == new;
            assert!(followed.len() == now.len() && followed.iter().zip(&now).all(same));
            assert_eq!(self.index.len(ROOTS[text]) as usize, now.len());
        }
        self.check_places(update.len());
    }

    /// One transaction of splices and entries. What is composed must be what yrs emits for it.
    pub fn edit(&mut self, dice: &mut Dice) -> Edited {
        let (composed, twin) = (self.composed.doc.clone(), self.twin.doc.clone());
        let mut ours = composed.transact_mut();
        let mut theirs = twin.transact_mut();
        let mut transaction = Composer::default();
        transaction.begin(self.writer, ReadTxn::store(&ours).get_local_state());
        let (edits, mut refused) = (1 + dice.below(5), 0);
        for _ in 0..edits {
            match dice.below(10) {
                0 | 1 => self.write(dice, &mut transaction, &mut theirs),
                2 => self.remove(dice, &mut transaction, &mut theirs),
                _ => refused += self.splice(dice, &mut transaction, &mut theirs),
            }
        }
        let is_empty = transaction.is_empty();
        let update = transaction.finish();
        assert_eq!(is_empty, update == [0, 0]);
        apply(&mut ours, &update);
        ours.commit();
        theirs.commit();
        assert_eq!(update, theirs.encode_update_v1());
        assert_eq!(update, ours.encode_update_v1());
        drop((ours, theirs));
        let scanned = scan::read(&update).unwrap();
        assert_eq!(self.index.apply(&scanned), Ok(Vec::new()));
        for (text, root) in ROOTS.iter().enumerate() {
            let content = self.composed.content(text);
            assert_eq!(content, self.twin.content(text));
            assert_eq!(self.index.len(root) as usize, content.len());
        }
        Edited { update, edits, refused }
    }

    fn write(&mut self, dice: &mut Dice, ours: &mut Composer, theirs: &mut TransactionMut<'_>) {
        let key = EntryKey {
            path: dice.of(&["/a", "/b", "/c"]).parse().unwrap(),
            marker: Marker::Register,
            incarnation: self.writer,
            number: dice.below(2) as u32,
        };
        let entry = Entry {
            body: Body::Value(Arc::new(Tree::Scalar(Value::Int(dice.below(300) as i64)))),
            clock: ours.clock(self.writer),
            time_ms: 7,
            epoch: 0,
            over: false,
            covers: vec![],
        };
        let (key, payload) = (key.to_string(), entry.encode());
        self.twin.entries.insert(theirs, key.clone(), Any::Buffer(payload.as_slice().into()));
        let dot = ours.entry(self.writer, &key, payload, self.entries.get(&key).copied());
        self.entries.insert(key, Previous { dot, is_live: true });
    }

    fn remove(&mut self, dice: &mut Dice, ours: &mut Composer, theirs: &mut TransactionMut<'_>) {
        let live = self.entries.iter_mut().filter(|(_, previous)| previous.is_live);
        let mut live: Vec<_> = live.collect();
        if live.is_empty() {
            return;
        }
        let (key, previous) = live.swap_remove(dice.below(live.len()));
        ours.delete(previous.dot, 1);
        self.twin.entries.remove(theirs, key);
        previous.is_live = false;
    }

    /// Splices at a random place; 1 if that was refused, which must be right.
    fn splice(
        &mut self,
        dice: &mut Dice,
        ours: &mut Composer,
        theirs: &mut TransactionMut<'_>,
    ) -> usize {
        let text = dice.below(8) / 7;
        let (root, len) = (ROOTS[text], self.index.len(ROOTS[text]));
        let within = dice.below(len as usize + 1) as u32;
        let at = dice.of(&[0, len, len.min(7), len.min(8), within, within]);
        let most = if len > 250 { 60 } else { dice.of(&[0, 1, 2, 9]) };
        let delete = dice.below(most.min((len - at) as usize) + 1) as u32;
        let insert = dice.of(&WORDS);
        let content: Vec<u16> = self.twin.texts[text].get_string(theirs).encode_utf16().collect();
        let low =
            |at: u32| content.get(at as usize).filter(|unit| (0xDC00..0xE000).contains(*unit));
        let cut = [at, at + delete].into_iter().find(|end| low(*end).is_some());
        match self.index.splice(ours, root, at, delete, insert) {
            Ok(()) => {
                assert_eq!(cut, None);
                if delete > 0 {
                    self.twin.texts[text].remove_range(theirs, at, delete);
                }
                self.twin.texts[text].insert(theirs, at, insert);
                0
            }
            Err(refusal) => {
                let index = cut.unwrap();
                assert_eq!(refusal, SpliceError::InsideSurrogatePair { index });
                1
            }
        }
    }

    /// Positions and operations say the same of each other.
    fn check_places(&self, at: usize) {
        for root in ROOTS {
            let at = at as u32 % (self.index.len(root) + 1);
            match self.index.dot_at(root, at) {
                Some(dot) => assert_eq!(self.index.position(dot), Some((root, at))),
                None => assert_eq!(at, self.index.len(root)),
            }
        }
    }
}
