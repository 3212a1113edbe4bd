//! Whole nodes in simulation: they converge, one seed is one run, and a bug is noticed.

use std::{
    cell::Cell,
    collections::BTreeSet,
    io::{self, Write},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use dunlin::{Config, Sabotage};
use dunlin_tests::simulation::{Coverage, FAULTS, Failure, Options, Report, run, run_with};

const SCHEDULES: u64 = 300;
/// Seeds on which longer runs have failed.
const FOUND: [u64; 2] = [20_263_134, 20_264_063];

fn options(seed: u64) -> Options {
    Options { seed, prints: false }
}

/// The same schedules in every run; `cargo xtask simulate` draws others.
#[test]
fn three_hundred_schedules_end_in_agreement_with_every_acknowledged_write() {
    let seeds: Vec<u64> = (1..=SCHEDULES).chain(FOUND).collect();
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Result<Report, Failure>>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) else {
                        return;
                    };
                    let result = run(&options(*seed));
                    results.lock().unwrap().push(result);
                }
            });
        }
    });
    let (mut total, mut failed, mut sizes) = (Coverage::default(), Vec::new(), BTreeSet::new());
    for result in results.into_inner().unwrap() {
        match result {
            Ok(report) => {
                let shortcomings = report.shortcomings();
                if !shortcomings.is_empty() {
                    failed.push(format!("seed {}: {}", report.seed, shortcomings.join("; ")));
                }
                sizes.insert(report.devices.len());
                total.merge(&report.coverage);
            }
            Err(failure) => failed.push(failure.to_string()),
        }
    }
    // The test runner swallows what a test that passes prints, but not this.
    write!(io::stderr(), "{total}").unwrap();
    assert!(failed.is_empty(), "{} schedules failed:\n{}", failed.len(), failed.join("\n\n"));
    assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    assert_eq!(total.missing(&FAULTS), [""; 0]);
}

#[test]
fn one_seed_is_one_run_packet_by_packet() {
    let mut traces = BTreeSet::new();
    for seed in [7, 8, 9] {
        let (first, second) = (run(&options(seed)).unwrap(), run(&options(seed)).unwrap());
        assert_eq!(first.trace, second.trace, "seed {seed}");
        traces.insert(first.trace);
    }
    assert_eq!(traces.len(), 3);
}

/// Runs some schedules with a bug in the first run of the first device, or in all runs of all
/// devices; returns what the simulation says of those that it finds, in its first line.
fn sabotaged(bugs: impl IntoIterator<Item = Sabotage>, everywhere: bool) -> Vec<String> {
    let mut found = Vec::new();
    for (seed, bug) in (1..).zip(bugs) {
        let is_hit = Cell::new(false);
        let config = |config: Config| match everywhere || !is_hit.replace(true) {
            true => Config { sabotage: Some(bug), ..config },
            false => config,
        };
        let failure = run_with(&options(seed), &config).err();
        found.extend(failure.map(|failure| failure.what.lines().next().unwrap_or("").to_owned()));
    }
    found
}

/// Whether each failure says one of these.
fn all_say(found: &[String], what: &[&str]) -> bool {
    found.iter().all(|line| what.iter().any(|what| line.contains(what)))
}

#[test]
fn a_delta_that_is_dropped_turns_the_simulation_red_and_is_named() {
    // A deletion where anything goes would vanish without a trace.
    let found = sabotaged((4..12).map(Sabotage::DropDelta), false);
    assert!(found.len() >= 7, "{found:#?}");
    // A document whose creation was lost is missing from its own device, which may want to edit it.
    let lost = ["was acknowledged and is lost", "was not deleted and is gone", "code: NotFound"];
    assert!(all_say(&found, &lost), "{found:#?}");
    assert!(!all_say(&found, &lost[2..]), "{found:#?}");
}

#[test]
fn a_delete_that_is_ignored_turns_the_simulation_red_by_digests_that_differ() {
    // A schedule may hold no deletion that reaches a device alone.
    let found = sabotaged([Sabotage::IgnoreDelete; 4], true);
    assert!(found.len() >= 2, "{found:#?}");
    assert!(all_say(&found, &["digests differ", "diverged [DocId"]), "{found:#?}");
}
