//! Texts by index do what texts by yrs' own positions do.

use proptest::{prelude::*, test_runner::Config};

use super::super::index::FIRST_INDEXED_EDIT;
use crate::{Change, Document, Edit, EditError, Incarnation, Path, Value, Version};

const PATHS: [&str; 2] = ["/a", "/o/b"];
const WORDS: [&str; 7] = ["", "x", "yz", "\u{1F600}", "é", "漢\u{1F600}字", "the quick brown fox"];

/// Picks numbers, each time the same ones for a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % bound
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// One device, once with an index and once without.
struct Device {
    indexed: Document,
    walking: Document,
    seq: i64,
    versions: Vec<Version>,
}

fn writer(client: u64) -> Incarnation {
    Incarnation::from_client(client).unwrap()
}

fn content(document: &Document, path: &str) -> Option<String> {
    document.text(&path.parse().unwrap()).ok().map(|(_, content)| content)
}

impl Device {
    fn new(client: u64) -> Self {
        let document = || Document::new(writer(client));
        Self { indexed: document(), walking: document(), seq: 0, versions: Vec::new() }
    }

    /// Makes what changes next walk in one of the two, and look things up in the other.
    fn prepare(&mut self) {
        if self.indexed.index.is_none() {
            self.indexed.make_index();
        }
        self.walking.index = None;
        self.walking.positional_edits = 0;
    }

    fn note(&mut self) {
        self.seq += 1;
        self.indexed.committed(self.seq);
        self.walking.committed(self.seq);
        self.versions.push(self.indexed.version());
    }

    fn edit(&mut self, dice: &mut Dice, fresh: u64) {
        self.prepare();
        let edits: Vec<Edit> = (0..1 + dice.below(4)).map(|_| self.some_edit(dice)).collect();
        let base = (dice.below(3) == 0 && !self.versions.is_empty()).then(|| {
            let old = dice.below(self.versions.len().min(4));
            self.versions[self.versions.len() - 1 - old].clone()
        });
        let before = self.indexed.digest();
        let is_typing = edits.iter().all(|edit| self.is_typing(edit));
        let made = self.indexed.edit(&edits, base.as_ref(), self.seq);
        let walked = self.walking.edit(&edits, base.as_ref(), self.seq);
        match (made, walked) {
            (Ok(made), Ok(walked)) => {
                assert_eq!(made.paths, walked.paths, "{edits:?}");
                // Of a text that is replaced, yrs names what was there, and we all that ever was.
                if is_typing {
                    assert_eq!(made.update, walked.update, "{edits:?}");
                }
                self.note();
            }
            (Err(refused), Err(walked)) => {
                if !matches!(walked, EditError::StaleVersion { .. }) {
                    assert_eq!(refused.to_string(), walked.to_string(), "{edits:?}");
                }
                assert!(!self.indexed.is_poisoned());
                assert_eq!(self.indexed.digest(), before);
                if self.walking.is_poisoned() || dice.below(2) == 0 {
                    self.restart(fresh);
                }
            }
            // A text that a value has replaced: only the index knows what that did to positions.
            (Ok(_), Err(EditError::StaleVersion { .. })) => self.restart(fresh),
            (made, walked) => panic!("{edits:?}: {made:?}, {walked:?}"),
        }
        self.compare(dice, &format!("{edits:?} at {base:?}"));
    }

    /// Whether an edit only types into a text that is there.
    fn is_typing(&self, edit: &Edit) -> bool {
        matches!(edit, Edit::Splice { path, .. } if self.walking.anchor(path, 0).is_ok())
    }

    fn some_edit(&self, dice: &mut Dice) -> Edit {
        let path: Path = dice.of(&PATHS).parse().unwrap();
        match dice.below(12) {
            0 => Edit::Set { path, value: Value::Text(dice.of(&WORDS).to_owned()) },
            1 => Edit::Set { path, value: Value::Int(1) },
            2 => Edit::Remove { path },
            3 => Edit::Set { path: "/n".parse().unwrap(), value: Value::Int(dice.below(9) as i64) },
            _ => {
                let content = content(&self.walking, &path.to_string()).unwrap_or_default();
                let length = content.encode_utf16().count();
                // Seldom out of range, and now and then inside a pair.
                let beyond = dice.below(12) / 11;
                let at = dice.below(length + 1 + beyond);
                let delete = dice.below((length.max(at) - at).min(5) + 1) as u32;
                let insert = dice.of(&WORDS).to_owned();
                Edit::Splice { path, at: at as u32, delete, insert }
            }
        }
    }

    fn pull(&mut self, other: &Self, dice: &mut Dice) {
        self.prepare();
        let news = other.indexed.diff(&self.indexed.state_vector());
        let applied = self.indexed.apply(&news).unwrap();
        assert_eq!(applied, self.walking.apply(&news).unwrap());
        self.note();
        self.compare(dice, "an update");
    }

    fn restart(&mut self, client: u64) {
        let state = self.indexed.snapshot();
        let load = || Document::load(0, Some(&state), &[], writer(client), self.seq).unwrap();
        (self.indexed, self.walking) = (load(), load());
        self.versions.clear();
    }

    fn compare(&self, dice: &mut Dice, after: &str) {
        assert_eq!(self.indexed.value(), self.walking.value(), "{after} of {}", self.seq);
        assert_eq!(self.indexed.digest(), self.walking.digest(), "{after} of {}", self.seq);
        for path in PATHS {
            let content = content(&self.indexed, path).unwrap_or_default();
            let at = dice.below(content.encode_utf16().count() + 1) as u32;
            let path = path.parse().unwrap();
            let Ok(anchor) = self.indexed.anchor(&path, at) else { continue };
            assert_eq!(self.walking.anchor(&path, at).as_ref(), Ok(&anchor));
            let read = anchor.to_string().parse().unwrap();
            assert_eq!(self.indexed.resolve(&read), Ok(at));
            assert_eq!(self.walking.resolve(&anchor), Ok(at));
        }
    }
}

proptest! {
    #![proptest_config(Config::default())]
    #[test]
    fn an_index_changes_no_edit(seed: u64) {
        let mut dice = Dice(seed);
        let mut devices = [1, 2, 3].map(Device::new);
        let mut anchors = Vec::new();
        for step in 0..30 {
            let (device, other) = (dice.below(3), dice.below(3));
            if device == other || dice.below(3) > 0 {
                devices[device].edit(&mut dice, 10 + step);
            } else {
                let [device, other] = devices.get_disjoint_mut([device, other]).unwrap();
                device.pull(other, &mut dice);
            }
            let path = dice.of(&PATHS).parse().unwrap();
            anchors.extend(devices[device].indexed.anchor(&path, dice.below(4) as u32));
            for anchor in &anchors {
                let Device { indexed, walking, .. } = &mut devices[other];
                walking.index = None;
                prop_assert_eq!(indexed.resolve(anchor), walking.resolve(anchor));
            }
        }
    }
}

fn typed(document: &mut Document, at: u32, insert: &str) -> Change {
    let path = PATHS[0].parse().unwrap();
    document
        .edit(&[Edit::Splice { path, at, delete: 0, insert: insert.to_owned() }], None, 0)
        .unwrap()
}

#[test]
fn the_first_edits_walk_and_many_edits_make_an_index() {
    let mut document = Document::new(writer(1));
    for at in 1..FIRST_INDEXED_EDIT {
        typed(&mut document, at - 1, "x");
        assert!(document.index.is_none());
    }
    typed(&mut document, 0, "y");
    assert!(document.index.is_some());

    let mut document = Document::new(writer(1));
    let path: Path = PATHS[0].parse().unwrap();
    let splice = Edit::Splice { path, at: 0, delete: 0, insert: "x".to_owned() };
    document.edit(&vec![splice; FIRST_INDEXED_EDIT as usize], None, 0).unwrap();
    assert!(document.index.is_some());
    assert_eq!(content(&document, PATHS[0]).unwrap().len() as u32, FIRST_INDEXED_EDIT);
}

#[test]
fn what_was_read_before_others_typed_is_a_base_in_a_small_document_alone() {
    for (bytes, is_stale) in [(1_000, false), (100_000, true)] {
        let mut peer = Document::new(writer(1));
        typed(&mut peer, 0, &"x".repeat(bytes));
        let mut document = Document::load(0, Some(&peer.snapshot()), &[], writer(2), 1).unwrap();
        let base = document.version();
        document.apply(&typed(&mut peer, 0, "abc").update).unwrap();
        document.committed(2);
        let path = PATHS[0].parse().unwrap();
        let edits = [Edit::Splice { path, at: 1, delete: 0, insert: "y".to_owned() }];
        let edited = document.edit(&edits, Some(&base), 0);
        match is_stale {
            true => assert!(matches!(edited, Err(EditError::StaleVersion { .. }))),
            false => assert!(content(&document, PATHS[0]).unwrap().starts_with("abcxyx")),
        }
    }
}

#[test]
fn a_batch_that_fails_after_typing_by_index_is_taken_back() {
    let mut document = Document::new(writer(1));
    for _ in 0..FIRST_INDEXED_EDIT {
        typed(&mut document, 0, "x");
    }
    let path: Path = PATHS[0].parse().unwrap();
    let splice = Edit::Splice { path: path.clone(), at: 0, delete: 3, insert: "y".to_owned() };
    let before = (document.digest(), document.version());
    let edits = [splice.clone(), Edit::Increment { path, by: 1 }];
    assert!(matches!(document.edit(&edits, None, 0), Err(EditError::WrongKind { .. })));
    assert!(!document.is_poisoned());
    assert_eq!((document.digest(), document.version()), before);
    document.edit(&[splice], None, 0).unwrap();
    assert!(document.index.is_some());
    assert_eq!(content(&document, PATHS[0]).unwrap().len() as u32, FIRST_INDEXED_EDIT - 2);
}
