//! Mutates valid updates and feeds what passes the scan to yrs.
//!
//! `cargo run -p dunlin-model --example fuzz_scan -- COUNT SEED` prints what became of the mutants;
//! exit code 1 when one that passed made yrs panic, fail, hang, leave something pending or disagree
//! with the scan, when a document made of it panicked, failed to load again or to be edited, when
//! too few reached yrs, or when the whole took more memory than such small documents account for.

#![allow(clippy::disallowed_methods, reason = "a tool that watches the clock from a thread")]

mod corpus;
mod entries;
mod fuzz;
mod mutate;
mod through_document;
mod wire;

use std::{
    process::ExitCode,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// Longer than this on one small mutant is a hang.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most memory that a run may ever have held, in KiB; what small mutants ask for and do not bring
/// would go far beyond.
const MOST_MEMORY: u64 = 64 << 10;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let (Some(Ok(count)), Some(Ok(seed)), None) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("usage: fuzz_scan COUNT SEED");
        return ExitCode::from(2);
    };
    let current = Arc::new(Mutex::new((Instant::now(), Vec::new())));
    watch(current.clone());
    let report = fuzz::run(count, seed, |mutant| {
        if let Ok(mut current) = current.lock() {
            *current = (Instant::now(), mutant.to_vec());
        }
    });
    println!("{report}");
    let peak = peak_memory();
    match peak {
        Some(kib) => println!("memory     {:>9} KiB at most", kib),
        None => println!("memory     not known on this system"),
    }
    let is_bounded = peak.is_none_or(|kib| kib <= MOST_MEMORY);
    if report.is_clean() && is_bounded { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The most memory that this process ever held, in KiB, where Linux's procfs tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Ends the process if one mutant takes too long.
fn watch(current: Arc<Mutex<(Instant, Vec<u8>)>>) {
    thread::spawn(move || {
        loop {
            thread::sleep(PATIENCE / 10);
            let Ok(current) = current.lock() else { continue };
            if current.0.elapsed() > PATIENCE {
                println!("hang on {}", fuzz::hex(&current.1));
                std::process::exit(1);
            }
        }
    });
}
