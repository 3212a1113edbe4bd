//! `cargo xtask test`: every check and test in order, until the first that fails.

use std::{env, fs, process};

use crate::{
    apps,
    args::Args,
    checks, deps,
    failure::Failure,
    kotlin, machine, parity, programs, purity,
    report::Report,
    shell::{cargo, run_watching},
    swift, versions,
};

/// Mutants a decoder here; `cargo xtask fuzz` is the long run.
const MUTANTS: u64 = 20_000;

/// Where a test that cannot run on this machine appends one line that says why.
const SKIP_LOG: &str = "DUNLIN_SKIP_LOG";

/// Runs everything.
pub(crate) fn run(args: &mut Args) -> Result<(), Failure> {
    args.finish()?;
    let mut report = Report::default();
    let mut counts = Counts::default();
    let result = steps(&mut report, &mut counts);
    report.print();
    if result.is_ok() {
        println!("{}", counts.line());
    }
    result
}

fn steps(report: &mut Report, counts: &mut Counts) -> Result<(), Failure> {
    let skipped = report.step("setup", machine::setup)?;
    report.skip(skipped);
    report.step("fmt", checks::fmt)?;
    report.step("deps", deps::check)?;
    report.step("versions", versions::check)?;
    report.step("parity", parity::check)?;
    report.step("clippy", checks::clippy)?;
    report.step("purity", purity::check)?;
    report.step("doc", checks::doc)?;
    report.step("fuzz", || programs::mutate("dev", MUTANTS, 1))?;
    report.step("doc tests", || run_doc_tests(counts))?;
    let skipped = report.step("tests", || run_tests(counts))?;
    report.skip(skipped);
    // What is missing was reported by the setup, which lets CI not come this far without it.
    if machine::can_build_kotlin() {
        counts.passed += report.step("kotlin", kotlin::check)?;
    }
    if swift::is_here() {
        counts.passed += report.step("swift", swift::check)?;
    }
    report.step("apps", apps::check)?;
    Ok(())
}

fn run_doc_tests(counts: &mut Counts) -> Result<(), Failure> {
    run_watching(&mut cargo(&["test", "--workspace", "--locked", "--doc"]), |line| {
        counts.add(line);
    })
}

fn run_tests(counts: &mut Counts) -> Result<Vec<String>, Failure> {
    let log = env::temp_dir().join(format!("dunlin-skipped-{}", process::id()));
    let mut command = cargo(&["test", "--workspace", "--locked"]);
    command.args(["--lib", "--bins", "--tests", "--examples"]).env(SKIP_LOG, &log);
    let result = run_watching(&mut command, |line| counts.add(line));
    let skipped = fs::read_to_string(&log).unwrap_or_default();
    // Usually there is none: nothing was skipped.
    let _ = fs::remove_file(&log);
    result?;
    Ok(skipped.lines().map(str::to_owned).collect())
}

/// Sums of what the test runners said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Counts {
    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; …`; ignores others.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let words: Vec<&str> =
            result.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(count) = pair[0].parse::<u64>() else { continue };
            match pair[1] {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }

    fn line(&self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn the_lines_of_all_test_programs_are_summed() {
        let mut counts = Counts::default();
        counts.add("running 3 tests");
        counts.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; finished in 0.01s");
        counts.add("test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured");
        assert_eq!(counts, Counts { passed: 10, failed: 2, ignored: 1 });
        assert_eq!(counts.line(), "10 passed, 2 failed, 1 skipped");
    }
}
