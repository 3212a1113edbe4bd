//! Mutates valid frames, statements, tickets and reconciliation messages and feeds them to their
//! decoders: `fuzz_frames COUNT SEED` for COUNT mutants a decoder.
//!
//! A panic ends the run and names the mutant that caused it. What a mutant may cost is bounded too:
//! time, effects and bytes that a session puts out, and the peak of the process's memory.

#![allow(clippy::disallowed_methods, reason = "a tool that watches the clock from a thread")]

// The stand-ins of the tests, with the licence of tests.
#[path = "../../tests/session/replica.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod replica;
mod targets;
#[path = "../../tests/session/world.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod world;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use targets::{Corpus, Target};
use world::Dice;

/// Peak memory of the whole process past which the run fails, in kilobytes.
const MAX_PEAK_KB: u64 = 64 << 10;

/// Longer than this on one small mutant is a hang.
const PATIENCE: Duration = Duration::from_secs(10);

/// The mutant that is being fed: since when, and what a report says of it.
type Current = Arc<Mutex<Option<(Instant, String)>>>;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let (Some(Ok(count)), Some(Ok(seed)), None) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("usage: fuzz_frames COUNT SEED");
        std::process::exit(2);
    };
    let corpus = Corpus::collect();
    let current = Current::default();
    watch(current.clone());
    for target in Target::ALL {
        let mut accepted = 0;
        for index in 0..count {
            let mutant_seed = seed ^ index.wrapping_mul(0x2545_f491_4f6c_dd1d);
            let mut dice = Dice::new(mutant_seed);
            let name = format!("{}: mutant {index} of seed {seed}", target.name());
            *lock(&current) = Some((Instant::now(), name.clone()));
            let run = AssertUnwindSafe(|| target.run(&corpus, &mut dice));
            match catch_unwind(run) {
                Ok(is_accepted) => accepted += u64::from(is_accepted),
                Err(_) => {
                    eprintln!("{name} failed");
                    std::process::exit(1);
                }
            }
        }
        *lock(&current) = None;
        let share = 100 * accepted / count.max(1);
        println!("{}: {count} mutants, {share} % accepted", target.name());
    }
    if let Some(peak) = peak_memory_kb() {
        println!("peak memory: {} MB", peak >> 10);
        if peak > MAX_PEAK_KB {
            eprintln!("peak memory is over {} MB", MAX_PEAK_KB >> 10);
            std::process::exit(1);
        }
    }
}

/// Ends the process if one mutant takes too long.
fn watch(current: Current) {
    thread::spawn(move || {
        loop {
            thread::sleep(PATIENCE / 10);
            if let Some((since, name)) = &*lock(&current)
                && since.elapsed() > PATIENCE
            {
                eprintln!("{name} hangs");
                std::process::exit(1);
            }
        }
    });
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The peak resident size, where the system tells it.
fn peak_memory_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
