//! Mutates valid updates and feeds what passes the scan to yrs.
//!
//! `cargo run -p dunlin-model --example fuzz_scan -- COUNT SEED` prints what became of the mutants;
//! exit code 1 when one that passed made yrs panic, fail, hang, leave something pending or disagree
//! with the scan.

#![allow(clippy::disallowed_methods, reason = "a tool that watches the clock from a thread")]

mod corpus;
mod fuzz;
mod wire;

use std::{
    process::ExitCode,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// Longer than this on one small mutant is a hang.
const PATIENCE: Duration = Duration::from_secs(10);

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
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
