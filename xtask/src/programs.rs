//! Tasks that build one of the workspace's own programs and run it.

use std::{
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    args::Args,
    failure::Failure,
    kotlin, machine,
    shell::{cargo, run},
    swift,
};

/// Every decoder of bytes from outside: the package and its example that mutates valid input.
const DECODERS: &[(&str, &str)] = &[("dunlin-model", "fuzz_scan"), ("dunlin-proto", "fuzz_frames")];

/// Mutants a decoder, and schedules, that a run by hand gets unless told.
const MUTANTS: u64 = 500_000;
const SCHEDULES: u64 = 300;

/// The tests of documents that hold for whatever happens, and how many cases of each a run by hand
/// gets unless told.
const PROPERTIES: &[&str] = &["convergence", "loads", "text_index"];
const CASES: u64 = 3_000;

/// The rows of the table of targets that are measured from Kotlin and Swift, and beside loro.
const FOREIGN_ROWS: &[&str] = &["18", "31"];
const LORO_ROW: &str = "30";

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

/// Runs the property tests of documents, as CI does with far fewer cases.
pub(crate) fn properties(args: &mut Args) -> Result<(), Failure> {
    let cases = args.option("--cases")?.unwrap_or(CASES);
    let seed = args.option("--seed")?.unwrap_or_else(fresh_seed);
    args.finish()?;
    println!("{cases} cases of each property, seed {seed}");
    let tests = PROPERTIES.iter().flat_map(|test| ["--test", test]);
    run(cargo(&["test", "--release", "--locked", "--package", "dunlin-model"])
        .arg("--lib")
        .args(tests)
        .env("PROPTEST_CASES", cases.to_string())
        .env("PROPTEST_RNG_SEED", seed.to_string()))
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
    let words = args.rest();
    let mut measure =
        cargo(&["run", "--quiet", "--release", "--locked", "--package", "dunlin-bench", "--"]);
    // Without them the benchmark says what it leaves out.
    if FOREIGN_ROWS.iter().any(|row| wants(&words, row)) {
        if machine::can_build_kotlin() {
            measure.env("DUNLIN_BENCH_CLASS_PATH", kotlin::build_benchmark()?);
        }
        if swift::is_here() {
            measure.env("DUNLIN_BENCH_SWIFT", swift::build_benchmark()?);
        }
    }
    if wants(&words, LORO_ROW) {
        measure.env("DUNLIN_BENCH_LORO", build_loro()?);
    }
    run(measure.args(words))
}

/// Builds the one program outside the workspace; returns where it is.
fn build_loro() -> Result<PathBuf, Failure> {
    let target = Path::new("target/loro");
    let build = ["build", "--quiet", "--release", "--locked"];
    run(cargo(&build)
        .args(["--manifest-path", "bench/loro/Cargo.toml", "--target-dir"])
        .arg(target))?;
    Ok(target.join("release").join("dunlin-bench-loro"))
}

/// Whether a row is among those asked for.
fn wants(words: &[String], wanted: &str) -> bool {
    let rows = words.iter().skip_while(|word| *word != "--rows").nth(1);
    rows.is_none_or(|rows| rows.split(',').any(|row| row == wanted))
}

/// A seed nobody chose; what runs with it prints it.
fn fresh_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() ^ u64::from(since.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::FOREIGN_ROWS;

    #[test]
    fn other_languages_are_built_for_their_rows_and_for_the_whole_table() {
        let wants = |words: &str| {
            let words = words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            FOREIGN_ROWS.iter().any(|row| super::wants(&words, row))
        };
        assert!(wants("") && wants("--json") && wants("--json --rows 1,18"));
        assert!(wants("--rows 31"));
        assert!(!wants("--rows 1,8 --json"));
    }
}
