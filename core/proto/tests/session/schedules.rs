//! Any schedule of frames, answers, edits, cuts and restarts ends in equal replicas.

use dunlin_proto::trust::Role;
use proptest::prelude::*;

use crate::world::{Dice, World, doc};

/// Runs one schedule; returns how often each kind of thing happened.
fn run(seed: u64, nodes: usize) -> [usize; 6] {
    let mut world = World::new(&vec![Role::Writer; nodes - 1]);
    let mut dice = Dice::new(seed);
    let mut counts = [0; 6];
    for _ in 0..dice.roll(60) {
        let (node, name) = (dice.roll(nodes), dice.roll(30));
        world.append(node, &doc(name), &[dice.roll(256) as u8]);
    }
    let mut pairs: Vec<_> = (1..nodes).map(|node| (node - 1, node)).collect();
    if nodes > 2 && dice.roll(2) == 0 {
        pairs.push((nodes - 1, 0));
    }
    for (from, to) in &pairs {
        world.connect(*from, *to);
    }
    for _ in 0..1_500 {
        let (link, side) = (dice.roll(world.links.len()), dice.roll(2));
        match dice.roll(40) {
            0..=9 => counts[0] += usize::from(world.poll(link, side)),
            10..=19 => counts[1] += usize::from(world.answer(link, side, dice.roll(1000))),
            20..=29 => counts[2] += usize::from(world.deliver(link, side)),
            30..=35 => {
                let node = dice.roll(nodes);
                let bytes = vec![dice.roll(256) as u8; dice.roll(40)];
                world.append(node, &doc(dice.roll(40)), &bytes);
                counts[3] += 1;
            }
            36..=37 => world.delete(dice.roll(nodes), &doc(dice.roll(40))),
            38 => {
                world.links[link][side].window = dice.roll(4);
                counts[4] += 1;
            }
            _ if dice.roll(8) == 0 => {
                // The connection breaks; one end comes back as a new process.
                let (from, to) = pairs[link];
                world.nodes[from].writer += 100;
                let fresh = world.connect(to, from);
                world.links.swap(link, fresh);
                world.links.pop();
                pairs[link] = (to, from);
                counts[5] += 1;
            }
            _ => {}
        }
        world.now += 10;
    }
    for end in world.links.iter_mut().flatten() {
        end.window = usize::MAX;
    }
    world.settle();
    for end in world.links.iter().flatten() {
        assert_eq!((&end.misbehaved, end.closed), (&None, None), "seed {seed}");
    }
    world.assert_converged();
    for link in 0..world.links.len() {
        assert!(world.is_in_sync(link), "seed {seed}");
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn two_sessions_converge_under_any_schedule(seed: u64) {
        run(seed, 2);
    }

    #[test]
    fn a_line_or_ring_of_three_converges_under_any_schedule(seed: u64) {
        run(seed, 3);
    }
}

#[test]
fn the_schedules_cover_what_they_are_meant_to() {
    let mut totals = [0; 6];
    for seed in 0..40 {
        for (total, count) in totals.iter_mut().zip(run(seed, 2 + seed as usize % 3)) {
            *total += count;
        }
    }
    let names = ["polls", "answers", "deliveries", "edits", "slow windows", "restarts"];
    for (name, total) in names.iter().zip(totals) {
        println!("{name}: {total}");
        assert!(total >= 40, "{name}: {total}");
    }
}
