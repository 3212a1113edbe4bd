//! The index of texts against yrs' own positions: one replica twice, once driven by composed
//! updates and once by yrs' calls, with the same writer and the same foreign updates.

#![allow(clippy::unwrap_used, reason = "a test")]

mod twins;

use std::collections::VecDeque;

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
