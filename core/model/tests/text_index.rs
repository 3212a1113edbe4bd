//! The index of texts against yrs' own positions: one replica twice, once driven by composed
//! updates and once by yrs' calls, with the same writer and the same foreign updates.

#![allow(clippy::unwrap_used, reason = "a test")]

mod twins;

use std::collections::VecDeque;

use dunlin_model::{
    Dot, Incarnation,
    compose::Composer,
    scan,
    text_index::{Hole, SpliceError, TextChange, TextIndex},
};
use proptest::prelude::*;
use twins::{Dice, ROOTS, Replica, units};
use yrs::StateVector;

/// What a schedule came across: a test that never sees the thing it is about says nothing.
#[derive(Debug, Default)]
struct Seen {
    edits: usize,
    refused: usize,
    followed: usize,
    gaps: usize,
    restarts: usize,
    states: usize,
    /// States that two joined tombstones tell apart.
    states_apart: usize,
}

struct Device {
    replica: Replica,
    inbox: VecDeque<(StateVector, Vec<u8>)>,
    /// An earlier state.
    older: Vec<u8>,
}

impl Device {
    fn open(dice: &mut Dice, state: &[u8], twin: &[u8]) -> Self {
        let replica = Replica::open(1 + dice.below(1 << 52) as u64, state, twin);
        Self { replica, inbox: VecDeque::new(), older: state.to_vec() }
    }

    /// An index that has followed equals one that is built at once, and one that was built of two
    /// states which overlap.
    fn compare(&mut self, seen: &mut Seen) {
        let (state, twin) = self.replica.states();
        seen.states += 1;
        if state != twin {
            seen.states_apart += 1;
            // Loading joins what one of them has joined before.
            let reloaded = |state: &[u8]| Replica::open(1, state, state).states().0;
            assert_eq!(reloaded(&state), reloaded(&twin));
        }
        let older = std::mem::replace(&mut self.older, state.clone());
        for states in [vec![&state], vec![&older, &state], vec![&twin]] {
            let index = twins::index_of(&states);
            for root in ROOTS {
                assert_eq!(units(&index, root), units(&self.replica.index, root));
            }
        }
    }
}

fn converge(seed: u64, steps: usize) -> Seen {
    let (mut dice, mut seen) = (Dice::new(seed), Seen::default());
    let mut devices: Vec<Device> =
        (0..3).map(|_| Device::open(&mut dice, &[0, 0], &[0, 0])).collect();
    for step in 0..steps {
        let (me, other) = (dice.below(3), dice.below(3));
        match dice.below(1000) {
            0..600 => {
                let before = devices[me].replica.state_vector();
                let edited = devices[me].replica.edit(&mut dice);
                seen.edits += edited.edits;
                seen.refused += edited.refused;
                for (place, device) in devices.iter_mut().enumerate() {
                    if place != me {
                        device.inbox.push_back((before.clone(), edited.update.clone()));
                    }
                }
            }
            600..700 => {
                let update = devices[other].replica.diff(&devices[me].replica.state_vector());
                devices[me].replica.follow(&update);
                seen.followed += 1;
            }
            // A delta, out of order unless it leaves a gap.
            700..995 if !devices[me].inbox.is_empty() => {
                let next = dice.below(devices[me].inbox.len());
                let (needs, update) = devices[me].inbox.remove(next).unwrap();
                let known = devices[me].replica.state_vector();
                if needs.iter().all(|(client, clock)| known.get(client) >= *clock) {
                    devices[me].replica.follow(&update);
                    seen.followed += 1;
                } else {
                    seen.gaps += 1;
                }
            }
            995.. => {
                let (state, twin) = devices[me].replica.states();
                let inbox = std::mem::take(&mut devices[me].inbox);
                devices[me] = Device { inbox, ..Device::open(&mut dice, &state, &twin) };
                seen.restarts += 1;
            }
            _ => {}
        }
        if step % 40 == 0 {
            devices[me].compare(&mut seen);
        }
    }
    for (me, other) in [(0, 1), (0, 2), (1, 0), (2, 0)] {
        let update = devices[other].replica.diff(&devices[me].replica.state_vector());
        devices[me].replica.follow(&update);
    }
    devices.iter_mut().for_each(|device| device.compare(&mut seen));
    for device in &devices[1..] {
        for root in ROOTS {
            assert_eq!(device.replica.content(root), devices[0].replica.content(root));
            assert_eq!(units(&device.replica.index, root), units(&devices[0].replica.index, root));
        }
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        // Fewer than usual (or than `PROPTEST_CASES` asks for), since each is long.
        cases: ProptestConfig::default().cases.div_ceil(10),
        ..ProptestConfig::default()
    })]

    #[test]
    fn composed_deltas_and_states_are_those_of_yrs(seed in any::<u64>()) {
        converge(seed, 400);
    }
}

#[test]
fn schedules_come_across_everything() {
    let seen = converge(1, 1_500);
    assert!(seen.edits > 1_000 && seen.followed > 300 && seen.states > 30, "{seen:?}");
    assert!(seen.refused > 5 && seen.gaps > 20 && seen.restarts > 1, "{seen:?}");
}

const ROOT: &str = "t0/a";

fn writer(client: u64) -> Incarnation {
    Incarnation::from_client(client).unwrap()
}

fn dot(client: u64, clock: u32) -> Dot {
    Dot { incarnation: writer(client), clock }
}

/// An update of texts: who writes, behind and before what, and what.
type Typed<'a> = (u64, Option<Dot>, Option<Dot>, &'a str);

fn update(from: u32, typed: &[Typed<'_>]) -> Vec<u8> {
    let mut transaction = Composer::default();
    for (client, left, right, content) in typed {
        transaction.begin(writer(*client), from);
        transaction.text(writer(*client), ROOT, *left, *right, content);
    }
    transaction.finish()
}

fn index_of(states: &[Vec<u8>]) -> Result<TextIndex, Hole> {
    let mut index = TextIndex::new(writer(1));
    for state in states {
        index.apply(&scan::read(state).unwrap())?;
    }
    Ok(index)
}

#[test]
fn an_index_knows_the_end_of_a_text_and_the_inside_of_its_characters() {
    let mut index = index_of(&[update(0, &[(2, None, None, "a\u{1F600}b")])]).unwrap();
    let mut transaction = Composer::default();
    let mut splice = |at, delete| index.splice(&mut transaction, ROOT, at, delete, "x");
    for (at, delete) in [(5, 0), (4, 1), (0, 5), (1, u32::MAX)] {
        assert_eq!(splice(at, delete), Err(SpliceError::OutOfRange { length: 4 }));
    }
    for (at, delete) in [(2, 0), (2, 1), (1, 1)] {
        assert_eq!(splice(at, delete), Err(SpliceError::InsideSurrogatePair { index: 2 }));
    }
    assert!(transaction.is_empty());
    assert_eq!(index.splice(&mut transaction, ROOT, 1, 2, ""), Ok(()));
    assert_eq!(index.len(ROOT), 2);
    assert_eq!(
        index.splice(&mut transaction, "t0/new", 1, 0, "x"),
        Err(SpliceError::OutOfRange { length: 0 })
    );
}

#[test]
fn a_pair_that_a_peer_tears_apart_is_two_characters() {
    let torn = (3, Some(dot(2, 0)), Some(dot(2, 1)), "-");
    let mut index =
        index_of(&[update(0, &[(2, None, None, "\u{1F600}")]), update(0, &[torn])]).unwrap();
    let mut transaction = Composer::default();
    assert_eq!(index.splice(&mut transaction, ROOT, 2, 0, "x"), Ok(()));
    assert_eq!(index.len(ROOT), 4);
}

#[test]
fn places_follow_what_others_type_and_delete() {
    let mut index = index_of(&[update(0, &[(2, None, None, "hello")])]).unwrap();
    assert_eq!((index.dot_at(ROOT, 3), index.dot_at(ROOT, 5)), (Some(dot(2, 3)), None));
    let mut transaction = Composer::default();
    transaction.text(writer(3), ROOT, None, Some(dot(2, 0)), "say ");
    transaction.delete(dot(2, 1), 3);
    let changes = index.apply(&scan::read(&transaction.finish()).unwrap());
    let change = |at, delete, insert| TextChange { root: ROOT.into(), at, delete, insert };
    assert_eq!(changes, Ok(vec![change(0, 0, 4), change(5, 3, 0)]));
    assert_eq!(index.position(dot(2, 4)), Some((ROOT, 5)));
    // Of what is deleted, where it was.
    assert_eq!(index.position(dot(2, 3)), Some((ROOT, 5)));
    assert_eq!((index.position(dot(2, 5)), index.position(dot(9, 0))), (None, None));
}

#[test]
fn what_is_missing_and_what_goes_in_circles_is_a_hole() {
    let behind = |client, of| (client, Some(dot(of, 0)), None, "a");
    assert_eq!(index_of(&[update(0, &[behind(2, 3)])]).unwrap_err(), Hole);
    assert_eq!(index_of(&[update(4, &[(2, None, None, "a")])]).unwrap_err(), Hole);
    assert_eq!(index_of(&[update(0, &[behind(2, 2)])]).unwrap_err(), Hole);
    let circle = [behind(2, 3), behind(3, 4), behind(4, 2)];
    assert_eq!(index_of(&[update(0, &circle)]).unwrap_err(), Hole);
}

#[test]
fn writers_may_wait_for_each_other_any_number_of_times() {
    let mut turns: Vec<Typed<'_>> = vec![(2, None, None, "a")];
    for turn in 1..500 {
        let before = dot(2 + (turn + 1) % 2, (turn as u32 - 1) / 2);
        turns.push((2 + turn % 2, Some(before), None, "a"));
    }
    assert_eq!(index_of(&[update(0, &turns)]).unwrap().len(ROOT), 500);
}

#[test]
fn typing_makes_one_run_and_a_thousand_places_a_thousand() {
    let mut index = TextIndex::new(writer(1));
    let mut transaction = Composer::default();
    for at in 0..2_000 {
        index.splice(&mut transaction, ROOT, at, 0, "x").unwrap();
    }
    assert_eq!(index.run_count(), 1);
    for place in 0..1_000 {
        index.splice(&mut transaction, ROOT, place * 3 + 1, 0, "y").unwrap();
    }
    assert_eq!((index.len(ROOT), index.run_count()), (3_000, 2_001));
    let built = index_of(&[transaction.finish()]).unwrap();
    assert_eq!(units(&built, ROOT), units(&index, ROOT));
}
