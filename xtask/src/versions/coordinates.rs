//! What each build of the Kotlin library publishes, under which name, and what it says about it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{element, read};
use crate::{failure::Failure, metadata};

const PARENT: &str = "android/pom.xml";
const GRADLE: &str = "android/build.gradle.kts";
const SETTINGS: &str = "android/settings.gradle.kts";

/// What keeps Maven from publishing a module.
const KEPT: [&str; 2] = ["maven.install.skip", "maven.deploy.skip"];

/// Fails if both builds publish a name, if one compiles what the other publishes, or if they do not
/// say what a repository asks for as Cargo.toml does.
pub(super) fn check(poms: &[PathBuf]) -> Result<(), Failure> {
    let mut maven = BTreeSet::new();
    for pom in poms {
        maven.extend(published_by_maven(&read(pom)?));
    }
    let mut gradle = BTreeSet::new();
    let mut wrong = Vec::new();
    for module in included(&read(Path::new(SETTINGS))?) {
        let script = read(Path::new(&format!("android/{module}/build.gradle.kts")))?;
        gradle.extend(published_by_gradle(module.as_str(), &script));
        wrong.extend(foreign_sources(&module, &script));
    }
    wrong.extend(maven.intersection(&gradle).map(|name| format!("{name} comes from both builds")));
    wrong
        .extend(unsaid(&[(PARENT, read(Path::new(PARENT))?), (GRADLE, read(Path::new(GRADLE))?)])?);
    if !wrong.is_empty() {
        return Err(Failure::found(wrong.join("\n")));
    }
    let list = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
    println!("Maven publishes {}; Gradle publishes {}", list(maven), list(gradle));
    Ok(())
}

/// A module's name, unless it is kept from being published; half of that publishes something.
fn published_by_maven(pom: &str) -> Option<String> {
    let is_kept = |what| pom.lines().any(|line| element(line, what) == Some("true"));
    if KEPT.into_iter().all(is_kept) {
        return None;
    }
    // The first is the parent's, where there is a parent.
    let own = pom.split_once("</parent>").map_or(pom, |(_, own)| own);
    own.lines().find_map(|line| element(line, "artifactId")).map(str::to_owned)
}

/// The modules of a build of Gradle's.
fn included(settings: &str) -> Vec<String> {
    let lines = settings.lines().filter_map(|line| line.trim().strip_prefix("include("));
    let names = lines.flat_map(|line| line.trim_end_matches(')').split(','));
    names.map(|name| name.trim().trim_matches('"').trim_start_matches(':').to_owned()).collect()
}

/// Libraries are published, and apps are not.
fn published_by_gradle(module: &str, script: &str) -> Option<String> {
    script.contains("plugins.android.library").then(|| format!("dunlin-{module}"))
}

/// Sources of another module would stand in two artifacts.
fn foreign_sources(module: &str, script: &str) -> Option<String> {
    let is_foreign = |line: &str| line.contains(".srcDir(\"..") || line.contains("srcDirs(\"..");
    script.lines().any(is_foreign).then(|| format!("Gradle's {module} compiles another's sources"))
}

/// Licences and address that a build does not give as the workspace does.
fn unsaid(builds: &[(&str, String)]) -> Result<Vec<String>, Failure> {
    let package = metadata::package()?;
    let license = package.license.unwrap_or_default();
    let words = license.split(" OR ").chain([package.repository.as_str()]);
    let words: Vec<&str> = words.collect();
    let missing = builds.iter().flat_map(|(build, text)| {
        let missing = words.iter().filter(|word| !text.contains(**word));
        missing.map(move |word| format!("{build} does not name {word}"))
    });
    Ok(missing.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_published_under_its_own_name_unless_it_is_kept() {
        let pom =
            "<parent>\n<artifactId>parent</artifactId>\n</parent>\n<artifactId>a</artifactId>";
        assert_eq!(published_by_maven(pom).as_deref(), Some("a"));
        let half = format!("{pom}\n<maven.deploy.skip>true</maven.deploy.skip>");
        assert_eq!(published_by_maven(&half).as_deref(), Some("a"));
        let kept = format!("{half}\n<maven.install.skip>true</maven.install.skip>");
        assert_eq!(published_by_maven(&kept), None);
    }

    #[test]
    fn gradle_publishes_libraries_under_the_names_of_their_modules() {
        assert_eq!(included("include(\":android\", \":sample\")\n"), ["android", "sample"]);
        let library = "alias(libs.plugins.android.library)";
        assert_eq!(published_by_gradle("android", library).as_deref(), Some("dunlin-android"));
        assert_eq!(published_by_gradle("sample", "alias(libs.plugins.android.application)"), None);
    }

    #[test]
    fn the_sources_of_another_module_are_told_and_a_modules_own_are_not() {
        assert!(foreign_sources("a", "kotlin.srcDir(\"../dunlin/src\")").is_some());
        assert!(foreign_sources("a", "kotlin.srcDir(\"src/screens/kotlin\")").is_none());
    }

    #[test]
    fn what_a_build_does_not_say_is_told() {
        let wrong = unsaid(&[("build", "MIT".to_owned())]).unwrap();
        let (license, address) = (&wrong[0], &wrong[1]);
        assert!(license.contains("Apache-2.0") && address.contains("https://"), "{wrong:?}");
    }
}
