//! What honest replicas send passes the scan, however lossy its delivery.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use yrs::{
    Any, Doc, GetString, Map, MapRef, ReadTxn, Text, TextRef, Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

use super::build::*;
use crate::{
    Dot, Incarnation, RegisterPath, StateVector, Value,
    entry::{Body, ENTRIES_ROOT, Entry, EntryKey, Marker, TextRoot, Tree},
    scan::{Known, Refusal, read},
};

const PATHS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    /// Writes an entry at a path, over the writer's own one if there is one.
    Write {
        by: usize,
        path: usize,
        number: u32,
    },
    /// Removes all entries.
    Clear {
        by: usize,
    },
    Insert {
        by: usize,
        text: usize,
        at: usize,
        run: String,
    },
    Delete {
        by: usize,
        text: usize,
        at: usize,
        len: usize,
    },
    /// Replaces the replica by a reload of its encoding, under a fresh client id.
    Restart {
        by: usize,
    },
    /// Hands on what some replica produced or applied, as it came.
    Deliver {
        to: usize,
        which: usize,
    },
    /// Hands on a diff against what the other states, perhaps of long ago.
    Diff {
        from: usize,
        to: usize,
        stale: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let by = || 0..3usize;
    prop_oneof![
        3 => (by(), 0..PATHS, 0..2u32).prop_map(|(by, path, number)| Step::Write { by, path, number }),
        1 => by().prop_map(|by| Step::Clear { by }),
        4 => (by(), 0..2usize, any::<usize>(), "[a-cé😀]{1,4}")
            .prop_map(|(by, text, at, run)| Step::Insert { by, text, at, run }),
        2 => (by(), 0..2usize, any::<usize>(), 1..4usize)
            .prop_map(|(by, text, at, len)| Step::Delete { by, text, at, len }),
        1 => by().prop_map(|by| Step::Restart { by }),
        5 => (by(), any::<usize>()).prop_map(|(to, which)| Step::Deliver { to, which }),
        2 => (by(), by(), any::<bool>()).prop_map(|(from, to, stale)| Step::Diff { from, to, stale }),
    ]
}

struct Replica {
    client: u64,
    doc: Doc,
    entries: MapRef,
    texts: Vec<TextRef>,
    known: Known,
    /// Of all replicas.
    deltas: Arc<Mutex<Vec<Vec<u8>>>>,
    /// What this replica once stated to hold.
    stale: yrs::StateVector,
}

impl Replica {
    fn new(client: u64, deltas: Arc<Mutex<Vec<Vec<u8>>>>) -> Self {
        let doc = document(client);
        let entries = doc.get_or_insert_map(ENTRIES_ROOT);
        let texts = ["/body", "/title"].map(|path| {
            doc.get_or_insert_text(
                TextRoot { path: path.parse().unwrap(), epoch: 0, begun: None }.to_string(),
            )
        });
        let sink = deltas.clone();
        doc.observe_update_v1("delta", move |_, event| {
            sink.lock().unwrap().push(event.update.clone());
        })
        .unwrap();
        Self {
            client,
            doc,
            entries,
            texts: texts.into(),
            known: Known::new(),
            deltas,
            stale: yrs::StateVector::default(),
        }
    }

    fn delta(&self, which: usize) -> Option<Vec<u8>> {
        let deltas = self.deltas.lock().unwrap();
        deltas.get(which.checked_rem(deltas.len())?).cloned()
    }

    /// Takes note of an edit of one's own.
    fn absorb_own(&mut self, deltas_before: usize) {
        let deltas = self.deltas.lock().unwrap()[deltas_before..].to_vec();
        for delta in deltas {
            self.known.absorb(&read(&delta).unwrap()).unwrap();
        }
    }

    fn edit(&mut self, edit: impl FnOnce(&mut Self)) {
        let before = self.deltas.lock().unwrap().len();
        edit(self);
        self.absorb_own(before);
        self.assert_agrees();
    }

    fn write(&mut self, path: usize, number: u32) {
        let key = EntryKey {
            path: RegisterPath::root().key(["a", "b", "c"][path]),
            marker: Marker::Register,
            incarnation: Incarnation::from_client(self.client).unwrap(),
            number,
        };
        let covers = self.last_entry().into_iter().collect();
        let mut txn = self.doc.transact_mut();
        let clock = txn.state_vector().get(&yrs::block::ClientID::new(self.client));
        let body = Body::Value(Arc::new(Tree::Scalar(Value::Int(i64::from(clock)))));
        let entry = Entry { body, clock, time_ms: 0, epoch: 0, over: false, covers };
        self.entries.insert(&mut txn, key.to_string(), Any::Buffer(entry.encode().into()));
    }

    fn last_entry(&self) -> Option<Dot> {
        let txn = self.doc.transact();
        let dots = self.entries.iter(&txn).filter_map(|(key, value)| {
            let yrs::Out::Any(Any::Buffer(payload)) = value else { return None };
            let incarnation = key.parse::<EntryKey>().ok()?.incarnation;
            Some(Dot { incarnation, clock: Entry::decode(&payload).ok()?.clock })
        });
        dots.max()
    }

    fn clear(&mut self) {
        let mut txn = self.doc.transact_mut();
        let keys: Vec<String> = self.entries.keys(&txn).map(str::to_owned).collect();
        for key in keys {
            self.entries.remove(&mut txn, &key);
        }
    }

    fn insert(&mut self, text: usize, at: usize, run: &str) {
        let mut txn = self.doc.transact_mut();
        let boundaries = boundaries(&self.texts[text].get_string(&txn));
        self.texts[text].insert(&mut txn, boundaries[at % boundaries.len()], run);
    }

    fn delete(&mut self, text: usize, at: usize, len: usize) {
        let mut txn = self.doc.transact_mut();
        let boundaries = boundaries(&self.texts[text].get_string(&txn));
        let at = at % boundaries.len();
        let (start, end) = (boundaries[at], boundaries[(at + len).min(boundaries.len() - 1)]);
        self.texts[text].remove_range(&mut txn, start, end - start);
    }

    fn encoding(&self) -> Vec<u8> {
        self.diff(&yrs::StateVector::default())
    }

    fn diff(&self, vector: &yrs::StateVector) -> Vec<u8> {
        self.doc.transact().encode_diff_v1(vector)
    }

    /// Applies what the scan allows; whether it did.
    fn apply(&mut self, update: &[u8]) -> bool {
        let scanned = read(update).expect("an honest update is well formed");
        match self.known.check(&scanned) {
            Ok(()) => {}
            Err(Refusal::Gap(_)) => return false,
            Err(refusal) => panic!("an honest update is {refusal:?}"),
        }
        self.doc.transact_mut().apply_update(Update::decode_v1(update).unwrap()).unwrap();
        self.known.absorb(&scanned).unwrap();
        self.assert_agrees();
        true
    }

    fn assert_agrees(&self) {
        let txn = self.doc.transact();
        assert!(!txn.has_missing_updates());
        let vector: StateVector = (txn.state_vector().iter())
            .map(|(client, clock)| (Incarnation::from_client(client.get()).unwrap(), *clock))
            .collect();
        assert_eq!(self.known.state_vector(), vector);
    }

    fn contents(&self) -> (Vec<String>, Vec<(String, String)>) {
        let txn = self.doc.transact();
        let texts = self.texts.iter().map(|text| text.get_string(&txn)).collect();
        let mut entries: Vec<_> = (self.entries.iter(&txn))
            .map(|(key, value)| (key.to_owned(), format!("{value:?}")))
            .collect();
        entries.sort();
        (texts, entries)
    }
}

/// The indices, in UTF-16 units, at which no character is cut.
fn boundaries(text: &str) -> Vec<u32> {
    let mut index = 0;
    let ends = text.chars().map(|character| {
        index += character.len_utf16() as u32;
        index
    });
    [0].into_iter().chain(ends).collect()
}

fn run(steps: &[Step]) {
    let deltas = Arc::new(Mutex::new(Vec::new()));
    // Ids that sort differently from when their writers start, and of honest size.
    let mut next_client = (0..).map(|run: u64| {
        run.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17) % Incarnation::FIRST_FOUNDER
    });
    let mut replicas: Vec<Replica> =
        (0..3).map(|_| Replica::new(next_client.next().unwrap(), deltas.clone())).collect();
    for step in steps {
        match step.clone() {
            Step::Write { by, path, number } => replicas[by].edit(|it| it.write(path, number)),
            Step::Clear { by } => replicas[by].edit(Replica::clear),
            Step::Insert { by, text, at, run } => replicas[by].edit(|it| it.insert(text, at, &run)),
            Step::Delete { by, text, at, len } => replicas[by].edit(|it| it.delete(text, at, len)),
            Step::Restart { by } => {
                let encoding = replicas[by].encoding();
                replicas[by] = Replica::new(next_client.next().unwrap(), deltas.clone());
                assert!(replicas[by].apply(&encoding), "a snapshot has no gap");
            }
            Step::Deliver { to, which } => {
                if let Some(delta) = replicas[to].delta(which) {
                    replicas[to].apply(&delta);
                }
            }
            Step::Diff { from, to, stale } => {
                let vector = replicas[to].doc.transact().state_vector();
                let stated = if stale { replicas[to].stale.clone() } else { vector.clone() };
                replicas[to].stale = vector;
                let diff = replicas[from].diff(&stated);
                assert!(replicas[to].apply(&diff), "a diff against what is held has no gap");
            }
        }
    }
    // A chain there and back makes all equal.
    for (from, to) in [(0, 1), (1, 2), (2, 1), (1, 0)] {
        let diff = replicas[from].diff(&replicas[to].doc.transact().state_vector());
        assert!(replicas[to].apply(&diff));
    }
    for replica in &replicas {
        assert_eq!(replica.contents(), replicas[0].contents());
        let mut rebuilt = Known::new();
        rebuilt.absorb(&read(&replica.encoding()).unwrap()).unwrap();
        // Names of roots are numbered in the order of their arrival: compare what they mean.
        assert_eq!(rebuilt.layout(), replica.known.layout());
        let reencoded = Update::decode_v1(&replica.encoding()).unwrap().encode_v1();
        assert!(read(&reencoded).is_ok());
    }
}

proptest! {
    #[test]
    fn what_honest_replicas_send_passes_and_leaves_nothing_pending(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        run(&steps);
    }
}
