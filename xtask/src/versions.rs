//! One version of everything in the two builds of the Kotlin library: Maven's, which CI runs, and
//! Gradle's, which makes the AARs; and no name that both publish.

mod coordinates;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{failure::Failure, metadata};

const FOLDER: &str = "android";
const CATALOGUE: &str = "android/gradle/libs.versions.toml";

/// What Gradle has no use for: what the classes from Maven bring along, the test runners, a jar of the
/// framework, what draws the tests of screens, and what dumps the public API.
const MAVEN_ALONE: &[&str] = &[
    "serialization",
    "junit",
    "surefire",
    "android-all",
    "skiko",
    "api.validator",
    "api.diff",
    "asm",
];

/// The key of the library's own version in the catalogue.
const OURS: &str = "dunlin";

/// Fails where the two differ, or differ from the crates' own version.
pub(crate) fn check() -> Result<(), Failure> {
    let ours = metadata::package()?.version;
    let catalogue = catalogue_versions(&read(Path::new(CATALOGUE))?);
    let mut wrong = Vec::new();
    for path in poms()? {
        let pom = read(&path)?;
        let found = differences(&pom, &catalogue, &ours);
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", path.display())));
    }
    if catalogue.get(OURS) != Some(&ours) {
        wrong.push(format!("{CATALOGUE}: {OURS} must be {ours}"));
    }
    if !wrong.is_empty() {
        return Err(Failure::found(wrong.join("\n")));
    }
    println!("the builds of the Kotlin library agree on {} versions", catalogue.len());
    coordinates::check(&poms()?)
}

/// What a pom says otherwise than the catalogue.
fn differences(pom: &str, catalogue: &BTreeMap<String, String>, ours: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    match pom.lines().find_map(|line| element(line, "version")) {
        Some(own) if own == ours => {}
        own => wrong.push(format!("its version is {own:?}, and the crates' is {ours}")),
    }
    for (name, version) in pom.lines().filter_map(property) {
        match catalogue.get(name) {
            _ if MAVEN_ALONE.contains(&name) => {}
            Some(other) if other == version => {}
            Some(other) => wrong.push(format!("{name} is {version}, in the catalogue {other}")),
            None => wrong.push(format!("{name} is not in the catalogue")),
        }
    }
    wrong
}

/// `<NAME.version>VERSION</NAME.version>`, as name and version.
fn property(line: &str) -> Option<(&str, &str)> {
    let (tag, _) = line.trim().strip_prefix('<')?.split_once('>')?;
    let name = tag.strip_suffix(".version")?;
    Some((name, element(line, tag)?))
}

pub(super) fn element<'a>(line: &'a str, tag: &str) -> Option<&'a str> {
    let rest = line.trim().strip_prefix('<')?.strip_prefix(tag)?.strip_prefix('>')?;
    rest.strip_suffix('>')?.strip_suffix(tag)?.strip_suffix("</")
}

/// The table `[versions]` of a version catalogue.
fn catalogue_versions(text: &str) -> BTreeMap<String, String> {
    let table = text.lines().skip_while(|line| line.trim() != "[versions]").skip(1);
    table
        .take_while(|line| !line.trim_start().starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, version)| (name.trim(), version.trim().trim_matches('"')))
        .filter(|(name, _)| !name.starts_with('#'))
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect()
}

/// The parent's pom, and each module's.
fn poms() -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error| Failure::found(format!("cannot read {FOLDER}: {error}"));
    let mut poms = vec![PathBuf::from(FOLDER).join("pom.xml")];
    for entry in fs::read_dir(FOLDER).map_err(unreadable)? {
        let pom = entry.map_err(unreadable)?.path().join("pom.xml");
        if pom.exists() {
            poms.push(pom);
        }
    }
    poms.sort();
    Ok(poms)
}

pub(super) fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::found(format!("cannot read {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOGUE: &str = "[versions]\n# why\ndunlin = \"0.1.0\"\njna = \"5.18.1\"\n\n\
        [libraries]\nkotlin = { module = \"a:b\" }\n";

    fn differences(pom: &str) -> Vec<String> {
        super::differences(pom, &catalogue_versions(CATALOGUE), "0.1.0")
    }

    #[test]
    fn only_the_table_of_versions_is_read() {
        let versions = catalogue_versions(CATALOGUE);
        assert_eq!(versions.len(), 2);
        assert_eq!(versions["jna"], "5.18.1");
    }

    #[test]
    fn equal_versions_and_what_maven_has_alone_pass() {
        let pom = "  <version>0.1.0</version>\n  <jna.version>5.18.1</jna.version>\n\
            <surefire.version>3.5.4</surefire.version>\n<version>${jna.version}</version>";
        assert_eq!(differences(pom), Vec::<String>::new());
    }

    #[test]
    fn every_difference_is_told() {
        let pom = "<version>0.2.0</version>\n<jna.version>5.17.0</jna.version>\n\
            <coil.version>3.0.0</coil.version>";
        let wrong = differences(pom).join("\n");
        for what in ["0.2.0", "jna is 5.17.0, in the catalogue 5.18.1", "coil is not"] {
            assert!(wrong.contains(what), "{what} is not in {wrong}");
        }
        assert_eq!(differences("").len(), 1, "a pom without a version");
    }
}
