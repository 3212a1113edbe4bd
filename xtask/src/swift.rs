//! `cargo xtask swift`: the library, the bindings generated from it, and the Swift package with its
//! tests on top.
//!
//! The bindings are in the repository, since whoever depends on the package builds what is there.
//! So they are generated anew and compared. So is a record of the public API.

mod api;
mod benchmark;
mod toolchain;

use std::{
    fs,
    path::{Path, PathBuf},
};

use self::toolchain::{Swift, find};
pub(crate) use self::{
    benchmark::build as build_benchmark,
    toolchain::{is_here, setup},
};
use crate::{
    args::Args,
    bindings,
    failure::Failure,
    metadata, natives,
    shell::{cargo, run, run_watching},
    sources::sources,
};

/// What the generator makes, and where the package has it.
const GENERATED: [(&str, &str); 2] = [
    ("DunlinBindings.swift", "ios/Sources/DunlinBindings/DunlinBindings.swift"),
    ("dunlinFFI.h", "ios/Sources/dunlinFFI/dunlinFFI.h"),
];

/// An app's own sources, which Xcode builds: here they are parsed.
const SAMPLE: &str = "ios/Sample";

/// Runs the check, or with `--write` puts the bindings into the package, and its API on record.
pub(crate) fn task(args: &mut Args) -> Result<(), Failure> {
    let is_writing = args.flag("--write");
    args.finish()?;
    if is_writing {
        let generated = generate()?;
        for (name, place) in GENERATED {
            fs::copy(generated.join(name), place)
                .map_err(|error| failed("write", place, &error))?;
        }
        setup()?;
        let target = metadata::target_directory()?;
        return check_api(&find()?, &target, true);
    }
    setup()?;
    check().map(drop)
}

/// Builds and tests everything; the number of tests that ran.
pub(crate) fn check() -> Result<u64, Failure> {
    let swift = find()?;
    compare(&generate()?)?;
    let target = metadata::target_directory()?;
    let library = target.join("debug");
    let scratch = target.join("swift");
    let mut tests = 0;
    let mut command = swift.command(&[&target], &[("DUNLIN_LIBRARY_DIR", &library)]);
    command.args(["swift", "test", "--scratch-path"]).arg(&scratch);
    run_watching(&mut command, |line| tests += passed(line))?;
    check_api(&swift, &target, false)?;
    parse_sample(&swift)?;
    match tests {
        0 => Err(Failure::found("no test of the Swift package ran")),
        tests => {
            println!("{tests} tests of the Swift package passed");
            Ok(tests)
        }
    }
}

/// Builds and runs a package other than ours that depends on it.
pub(crate) fn run_package(package: &Path, words: &[&str], target: &Path) -> Result<(), Failure> {
    let library = target.join("debug");
    run(&mut cargo(&["build", "--package", "dunlin-ffi", "--locked"]))?;
    let mut command = find()?.command(&[target], &[("DUNLIN_LIBRARY_DIR", &library)]);
    command.args(words).arg("--package-path").arg(package);
    run(command.arg("--scratch-path").arg(target.join("apps/swift")))
}

/// The record is what the Swift that this project brings along makes of the sources on Linux: another
/// compiler words things differently, and on a Mac there is more to see.
fn check_api(swift: &Swift, target: &Path, is_writing: bool) -> Result<(), Failure> {
    match swift {
        Swift::In(_) => api::check(swift, &target.join("debug"), &target.join("swift"), is_writing),
        Swift::OnPath => {
            println!("the public API is not compared: that takes the Swift of `cargo xtask setup`");
            Ok(())
        }
    }
}

/// Generates into a folder of its own, from a library that is built before.
fn generate() -> Result<PathBuf, Failure> {
    let target = metadata::target_directory()?;
    let library = target.join("debug").join(natives::file_name());
    let folder = target.join("bindings/swift");
    run(&mut cargo(&["build", "--package", "dunlin-ffi", "--locked"]))?;
    bindings::generate("swift", &library, &folder)?;
    Ok(folder)
}

fn compare(generated: &Path) -> Result<(), Failure> {
    for (name, place) in GENERATED {
        let fresh = generated.join(name);
        let read = |path: &Path| {
            fs::read(path).map_err(|error| failed("read", &path.to_string_lossy(), &error))
        };
        if read(&fresh)? != read(Path::new(place))? {
            return Err(Failure::found(format!(
                "{place} is not what the library's surface makes: `cargo xtask swift --write`"
            )));
        }
    }
    Ok(())
}

fn parse_sample(swift: &Swift) -> Result<(), Failure> {
    let files = sources(Path::new(SAMPLE), "swift")?;
    run(swift.command(&[], &[]).args(["swiftc", "-parse"]).args(&files))?;
    println!("{} files of {SAMPLE} were parsed", files.len());
    Ok(())
}

/// The tests that a line such as `✔ Test run with 12 tests passed after 0.1 seconds.` tells of.
fn passed(line: &str) -> u64 {
    let count = || {
        let (_, rest) = line.split_once("Test run with ")?;
        let (count, rest) = rest.split_once(' ')?;
        rest.contains(" passed after ").then(|| count.parse().ok())?
    };
    count().unwrap_or(0)
}

fn failed(what: &str, path: &str, error: &std::io::Error) -> Failure {
    Failure::found(format!("cannot {what} {path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::passed;

    #[test]
    fn only_a_run_that_passed_counts() {
        let line = |said| format!("\u{2714} Test run with 12 tests {said} after 1.5 seconds.");
        assert_eq!(passed(&line("passed")), 12);
        assert_eq!(passed("\u{2714} Test run with 1 test passed after 0.001 seconds."), 1);
        assert_eq!(
            passed("\u{2714} Test run with 12 tests in 3 suites passed after 2 seconds."),
            12
        );
        assert_eq!(passed(&line("failed")), 0);
        assert_eq!(passed("\u{25c7} Test run started."), 0);
    }
}
