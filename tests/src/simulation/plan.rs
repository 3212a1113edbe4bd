//! What a schedule has in store: devices, who may meet whom, weather, and when what goes wrong.

use std::time::Duration;

use dunlin_net::memory::Conditions;

use super::random::Random;

#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) devices: usize,
    pub(super) shape: &'static str,
    /// Pairs that can reach each other; the first one dials, or both do.
    pub(super) edges: Vec<(usize, usize, bool)>,
    pub(super) quotas: Vec<usize>,
    pub(super) conditions: Conditions,
    /// Sorted by when.
    pub(super) faults: Vec<(usize, Fault)>,
}

/// Something that happens once so many writes have been made.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// The devices fall into two groups.
    Divide {
        group: Vec<usize>,
        for_ms: usize,
    },
    Heal,
    /// A device ends, perhaps with a write under way, or sleeps, and begins again some writes later.
    Shutdown {
        device: usize,
    },
    Suspend {
        device: usize,
    },
    Crash {
        device: usize,
        under_way: bool,
    },
    Start {
        device: usize,
    },
    LinkDown {
        device: usize,
    },
    LinkUp {
        device: usize,
    },
    ClockJump {
        device: usize,
    },
    /// A device is given the ticket.
    Join {
        device: usize,
    },
    /// Nobody writes for a while.
    Pause {
        for_ms: usize,
    },
}

impl Plan {
    pub(super) fn draw(random: &mut Random) -> Self {
        let devices = random.between(2..=6);
        let (shape, edges) = edges(devices, random);
        let quotas: Vec<usize> = (0..devices).map(|_| random.between(50..=58)).collect();
        let total = quotas.iter().sum();
        Self {
            devices,
            shape,
            edges,
            conditions: conditions(random),
            faults: faults(devices, total, random),
            quotas,
        }
    }
}

fn edges(devices: usize, random: &mut Random) -> (&'static str, Vec<(usize, usize, bool)>) {
    let (shape, pairs): (_, Vec<(usize, usize)>) = match random.below(4) {
        0 => ("line", (1..devices).map(|to| (to - 1, to)).collect()),
        1 if devices > 3 => {
            ("ring-or-tree", (0..devices).map(|a| (a, (a + 1) % devices)).collect())
        }
        1 | 2 => ("ring-or-tree", (1..devices).map(|to| (random.below(to), to)).collect()),
        _ => {
            let pairs = (0..devices).flat_map(|a| (a + 1..devices).map(move |b| (a, b)));
            ("everybody-with-everybody", pairs.collect())
        }
    };
    let edges = pairs.into_iter().map(|(a, b)| {
        let (from, to) = if random.chance(0.5) { (a, b) } else { (b, a) };
        (from, to, random.chance(0.4))
    });
    (shape, edges.collect())
}

fn conditions(random: &mut Random) -> Conditions {
    Conditions {
        loss: match random.below(4) {
            0 => 0.0,
            _ => random.fraction() * 0.3,
        },
        duplicate: random.fraction() * 0.1,
        delay: Duration::from_millis(random.between(1..=60) as u64),
        jitter: Duration::from_millis(random.between(0..=120) as u64),
        rate: random.chance(0.1).then(|| random.between(50_000..=1_000_000) as u64),
    }
}

/// At least one partition and one restart; the rest as it comes.
fn faults(devices: usize, total: usize, random: &mut Random) -> Vec<(usize, Fault)> {
    let mut faults = Vec::new();
    let share = |from: f64, to: f64, random: &mut Random| {
        (total as f64 * (from + random.fraction() * (to - from))) as usize
    };
    for device in 1..devices {
        // The second one is there before the first restart, so that somebody can edit meanwhile.
        let latest = if device == 1 { 0.1 } else { 0.25 };
        let at = if random.chance(0.25) { share(0.02, latest, random) } else { 0 };
        faults.push((at, Fault::Join { device }));
    }
    for round in 0..random.between(1..=2) {
        let half = 0.5 * round as f64;
        let at = share(half + 0.05, half + 0.2, random);
        let mut order: Vec<usize> = (0..devices).collect();
        random.shuffle(&mut order);
        let group = order[..random.between(1..=devices - 1)].to_vec();
        // Connections bear half a minute of silence.
        let for_ms = if random.chance(0.5) { random.between(0..=80_000) } else { 0 };
        faults.push((at, Fault::Divide { group, for_ms }));
        faults.push((at + 10 + share(0.05, 0.25, random), Fault::Heal));
    }
    for round in 0..random.between(1..=3) {
        let device = random.below(devices);
        let at = share(0.1, 0.75, random);
        let fault = match random.below(3) {
            // The first one always ends.
            0 if round > 0 && at % 2 == 0 => Fault::Suspend { device },
            0 => Fault::Shutdown { device },
            kind => Fault::Crash { device, under_way: kind == 1 },
        };
        faults.push((at, fault));
        faults.push((at + random.between(4..=total / 6), Fault::Start { device }));
    }
    if random.chance(0.4) {
        let (device, at) = (random.below(devices), share(0.1, 0.7, random));
        faults.push((at, Fault::LinkDown { device }));
        faults.push((at + random.between(5..=total / 5), Fault::LinkUp { device }));
    }
    if random.chance(0.3) {
        let device = random.below(devices);
        faults.push((share(0.2, 0.8, random), Fault::ClockJump { device }));
    }
    if random.chance(0.3) {
        let for_ms = random.between(10_000..=200_000);
        faults.push((share(0.2, 0.9, random), Fault::Pause { for_ms }));
    }
    faults.sort_by_key(|(at, _)| *at);
    faults
}
