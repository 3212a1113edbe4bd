//! `cargo xtask kotlin`: the library, the bindings generated from it, and the Kotlin library with
//! its tests on top.

use std::{env, ffi::OsString, fs, iter, path::Path, process::Command};

use crate::{
    bindings,
    failure::Failure,
    machine, metadata, natives,
    shell::{cargo, program, run},
};

/// Where Maven leaves one report for each test class.
const REPORTS: &[&str] = &[
    "android/dunlin/target/surefire-reports",
    "android/android/target/surefire-reports",
    "android/compose/target/surefire-reports",
    "android/sample/target/surefire-reports",
];

/// Builds and tests everything; the number of tests that ran.
pub(crate) fn check() -> Result<u64, Failure> {
    machine::setup_kotlin()?;
    let target = metadata::target_directory()?;
    build(&target, "dev")?;
    for folder in REPORTS {
        discard(Path::new(folder))?;
    }
    run(maven(&target, "dev").arg("verify"))?;
    let tests = REPORTS.iter().try_fold(0, |sum, folder| Ok(sum + count(Path::new(folder))?))?;
    println!("{tests} tests of the Kotlin library passed");
    Ok(tests)
}

/// Builds the program that measures calls from Kotlin, over libraries built in release; its class
/// path.
pub(crate) fn build_benchmark() -> Result<OsString, Failure> {
    let target = metadata::target_directory()?;
    build(&target, "release")?;
    run(maven(&target, "release")
        .args(["--projects", "bench", "--also-make"])
        .args(["-DskipTests", "package"]))?;
    let written = Path::new("android/bench/target/class-path");
    let needs = fs::read_to_string(written).map_err(|error| unreadable(written, &error))?;
    let classes = Path::new("android/bench/target/classes").to_owned();
    env::join_paths(iter::once(classes).chain(env::split_paths(&needs)))
        .map_err(|error| Failure::found(format!("no class path: {error}")))
}

/// Builds the libraries and generates what Kotlin calls them by.
fn build(target: &Path, profile: &str) -> Result<(), Failure> {
    build_library(target, profile)?;
    let floor = bindings::build_floor(target, profile)?;
    generate(&floor, &target.join("bindings/floor"))
}

/// Builds the library and generates what Kotlin calls it by.
pub(crate) fn build_library(target: &Path, profile: &str) -> Result<(), Failure> {
    run(&mut cargo(&["build", "--locked", "--profile", profile, "--package", "dunlin-ffi"]))?;
    let library = bindings::folder(target, profile).join(natives::file_name());
    natives::place(&library, &natives::folder(target, profile))?;
    generate_bindings(&library, target)
}

/// Generates what the Kotlin library calls the native one by, out of that with its symbols.
pub(crate) fn generate_bindings(library: &Path, target: &Path) -> Result<(), Failure> {
    generate(library, &target.join("bindings/kotlin"))
}

/// Maven over the Kotlin library, with the native libraries of a profile.
pub(crate) fn maven(target: &Path, profile: &str) -> Command {
    let mut maven = program("mvn");
    maven
        .args(["--quiet", "--batch-mode", "--file", "android/pom.xml"])
        .arg(format!("-Ddunlin.target={}", target.display()))
        .arg(format!("-Ddunlin.natives={}", natives::folder(target, profile).display()));
    maven
}

/// Generates into an empty folder: what a renamed package left behind would be compiled too.
fn generate(library: &Path, folder: &Path) -> Result<(), Failure> {
    discard(folder)?;
    bindings::generate("kotlin", library, folder)
}

fn discard(folder: &Path) -> Result<(), Failure> {
    match folder.exists() {
        true => fs::remove_dir_all(folder).map_err(|error| unreadable(folder, &error)),
        false => Ok(()),
    }
}

/// The tests in a module's reports; Maven has failed already if one of them failed.
fn count(folder: &Path) -> Result<u64, Failure> {
    let mut tests = 0;
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            let report = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            tests += report.matches("<testcase ").count() as u64;
        }
    }
    match tests {
        0 => Err(Failure::found(format!("no test ran that reports to {}", folder.display()))),
        tests => Ok(tests),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::found(format!("cannot read or remove {}: {error}", path.display()))
}
