//! `cargo xtask apps`: programs outside of the workspace, written as the guides say, built against
//! what is published and run.

mod guides;
mod repository;

use std::path::Path;

use crate::{
    failure::Failure,
    jars, kotlin, machine, metadata,
    shell::{program, run},
    swift,
};

/// Each program's folder, which has nothing of the workspace's but what an app depends on.
const KOTLIN: &str = "tests/apps/kotlin";
const SWIFT: &str = "tests/apps/swift";

/// Builds and runs the programs that this machine can.
pub(crate) fn check() -> Result<(), Failure> {
    guides::check()?;
    let target = metadata::target_directory()?;
    if machine::can_build_kotlin() {
        run_kotlin(&target)?;
    }
    if swift::is_here() {
        swift::run_package(Path::new(SWIFT), guides::SWIFTPM, &target)?;
    }
    Ok(())
}

/// The library as the tests have it, not the one that apps ship: that takes minutes more to build.
fn run_kotlin(target: &Path) -> Result<(), Failure> {
    let profile = "dev";
    kotlin::build_library(target, profile)?;
    let repository = repository::make(&target.join("apps/repository"))?;
    jars::install(target, profile, Some(&repository))?;
    let mut command = program("mvn");
    command.args(["--quiet", "--batch-mode", "--file", KOTLIN]);
    command.arg(format!("-Dmaven.repo.local={}", repository.display()));
    // A daemon would outlive the task.
    command.arg("-Dkotlin.compiler.daemon=false").args(guides::MAVEN);
    run(&mut command)
}
