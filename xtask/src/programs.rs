//! Tasks that build one of the workspace's own programs and run it.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{
    args::Args,
    failure::Failure,
    shell::{cargo, run},
};

/// Every decoder of bytes from outside: the package and its example that mutates valid input.
const DECODERS: &[(&str, &str)] = &[("dunlin-model", "fuzz_scan"), ("dunlin-proto", "fuzz_frames")];

/// Mutants a decoder, and schedules, that a run by hand gets unless told.
const MUTANTS: u64 = 500_000;
const SCHEDULES: u64 = 300;

/// Mutates with overflow checks on, then off: yrs behaves differently without them.
pub(crate) fn fuzz(args: &mut Args) -> Result<(), Failure> {
    let count = args.option("--count")?.unwrap_or(MUTANTS);
    let seed = args.option("--seed")?.unwrap_or_else(fresh_seed);
    args.finish()?;
    mutate("dev", count, seed)?;
    mutate("unchecked", count, seed)
}

/// Mutates valid input of each decoder, built in the given profile.
pub(crate) fn mutate(profile: &str, count: u64, seed: u64) -> Result<(), Failure> {
    for (package, example) in DECODERS {
        println!("{example}: {count} mutants, seed {seed}, profile {profile}");
        let command = &["run", "--locked", "--profile", profile, "--package", package];
        run(cargo(command)
            .args(["--example", example, "--"])
            .args([count.to_string(), seed.to_string()]))?;
    }
    Ok(())
}

/// Runs seeded schedules on the simulated network.
pub(crate) fn simulate(args: &mut Args) -> Result<(), Failure> {
    let seed = args.option("--seed")?.unwrap_or_else(fresh_seed);
    let minutes = args.option::<u64>("--minutes")?;
    let schedules = args.option::<u64>("--schedules")?;
    args.finish()?;
    match (minutes, schedules) {
        (Some(_), Some(_)) => {
            Err(Failure::Usage("give --minutes or --schedules, not both".to_owned()))
        }
        (Some(minutes), None) => run_schedules("--minutes", minutes, seed),
        (None, schedules) => run_schedules("--schedules", schedules.unwrap_or(SCHEDULES), seed),
    }
}

fn run_schedules(option: &str, amount: u64, seed: u64) -> Result<(), Failure> {
    run(cargo(&["run", "--locked", "--package", "dunlin-tests", "--example", "simulate", "--"])
        .args([option, &amount.to_string(), "--seed", &seed.to_string()]))
}

/// Measures; the benchmark reads its own arguments.
pub(crate) fn bench(args: &mut Args) -> Result<(), Failure> {
    let build = ["build", "--release", "--locked", "--package", "dunlin-cli", "--package"];
    run(cargo(&build).arg("dunlin-bench"))?;
    run(cargo(&["run", "--quiet", "--release", "--locked", "--package", "dunlin-bench", "--"])
        .args(args.rest()))
}

/// A seed nobody chose; what runs with it prints it.
fn fresh_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() ^ u64::from(since.subsec_nanos())
}
