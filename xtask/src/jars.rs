//! `cargo xtask jars`: what apps on the JVM depend on, in the Maven repository of whoever runs it.

use std::path::Path;

use crate::{args::Args, failure::Failure, kotlin, machine, metadata, natives, shell::run};

/// What Maven publishes. Its other modules are the sources of Gradle's AARs, or nobody's dependency.
const MODULES: &str = "ffi,dunlin,jvm";

/// Builds and installs them, and says what an app writes.
pub(crate) fn task(args: &mut Args) -> Result<(), Failure> {
    args.finish()?;
    machine::setup_jvm()?;
    let target = metadata::target_directory()?;
    kotlin::generate_bindings(&natives::build(&target)?, &target)?;
    install(&target, "ship", None)?;
    let version = metadata::package()?.version;
    println!(
        "\nInstalled. An app on the JVM has in its pom.xml:\n\n    <dependency>\n      \
         <groupId>dev.dunlin</groupId>\n      <artifactId>dunlin-jvm</artifactId>\n      \
         <version>{version}</version>\n    </dependency>\n\ndocs/android.md has the whole file."
    );
    Ok(())
}

/// Installs the jars around the native libraries of a profile, in the person's own repository or in
/// another.
pub(crate) fn install(
    target: &Path,
    profile: &str,
    repository: Option<&Path>,
) -> Result<(), Failure> {
    let mut maven = kotlin::maven(target, profile);
    if let Some(repository) = repository {
        maven.arg(format!("-Dmaven.repo.local={}", repository.display()));
    }
    let words = ["--projects", MODULES, "--also-make", "-Dmaven.test.skip=true", "install"];
    run(maven.args(words))
}
