//! What the guides show of manifests and commands is what the programs here are built by.

use std::fs;

use super::{KOTLIN, SWIFT};
use crate::{failure::Failure, metadata};

/// How the guides build and run a program, which is how the programs here are.
pub(super) const MAVEN: &[&str] = &["compile", "exec:exec"];
pub(super) const SWIFTPM: &[&str] = &["swift", "run"];

/// A section of a guide.
struct Section {
    guide: &'static str,
    title: &'static str,
    /// The file that its first block in this language shows whole.
    file: String,
    language: &'static str,
    /// Lines of its blocks for a shell.
    commands: Vec<String>,
}

/// Fails where a guide shows something else than a program has.
pub(super) fn check() -> Result<(), Failure> {
    let version = metadata::package()?.version;
    for section in sections() {
        section.compare(&read(section.guide)?, &read(&section.file)?)?;
    }
    let pom = read(&pom())?;
    match dependency(&pom, "dunlin-jvm") {
        Some(theirs) if theirs == version => Ok(()),
        theirs => Err(Failure::found(format!(
            "{} depends on dunlin-jvm {theirs:?}, which is {version}",
            self::pom()
        ))),
    }
}

fn sections() -> [Section; 2] {
    [
        Section {
            guide: "docs/android.md",
            title: "In an app on the JVM",
            file: pom(),
            language: "xml",
            commands: vec!["cargo xtask jars".into(), format!("mvn {}", MAVEN.join(" "))],
        },
        Section {
            guide: "docs/ios.md",
            title: "In a package on Linux",
            file: format!("{SWIFT}/Package.swift"),
            language: "swift",
            commands: vec![SWIFTPM.join(" ")],
        },
    ]
}

fn pom() -> String {
    format!("{KOTLIN}/pom.xml")
}

impl Section {
    fn compare(&self, guide: &str, file: &str) -> Result<(), Failure> {
        let wrong = |what: String| {
            Failure::found(format!("{}: the section {:?} {what}", self.guide, self.title))
        };
        let blocks = blocks(guide, self.title);
        let shown = blocks.iter().find(|(language, _)| language == self.language);
        if shown.is_none_or(|(_, text)| text != file) {
            return Err(wrong(format!("does not show {} as it is", self.file)));
        }
        let shell = blocks.iter().filter(|(language, _)| language == "sh");
        let lines: Vec<&str> = shell.flat_map(|(_, text)| text.lines()).map(command).collect();
        match self.commands.iter().find(|command| !lines.contains(&command.as_str())) {
            Some(missing) => Err(wrong(format!("does not have the command {missing:?}"))),
            None => Ok(()),
        }
    }
}

/// The fenced blocks of a section and of those below it, with their languages.
fn blocks(guide: &str, title: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let (mut level, mut is_fenced) = (None, false);
    for line in guide.lines() {
        if let Some(language) = line.strip_prefix("```") {
            is_fenced = !is_fenced;
            if is_fenced && level.is_some() {
                blocks.push((language.to_owned(), String::new()));
            }
        } else if is_fenced {
            if let (Some(_), Some((_, text))) = (level, blocks.last_mut()) {
                text.push_str(line);
                text.push('\n');
            }
        } else if let Some((own, name)) = heading(line) {
            if level.is_none() && name == title {
                level = Some(own);
            } else if level.is_some_and(|level| own <= level) {
                break;
            }
        }
    }
    blocks
}

/// The level and the words of a heading.
fn heading(line: &str) -> Option<(usize, &str)> {
    let name = line.trim_start_matches('#');
    let level = line.len() - name.len();
    Some((level, name.strip_prefix(' ')?)).filter(|_| level > 0)
}

/// A line of a shell without the comment behind it.
fn command(line: &str) -> &str {
    line.split(" #").next().unwrap_or(line).trim_end()
}

/// The version of a dependency of a POM.
fn dependency<'a>(pom: &'a str, artifact: &str) -> Option<&'a str> {
    let (_, rest) = pom.split_once(&format!("<artifactId>{artifact}</artifactId>"))?;
    let (_, rest) = rest.split_once("<version>")?;
    Some(rest.split_once("</version>")?.0)
}

fn read(path: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::found(format!("cannot read {path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUIDE: &str = "# Guide\n```sh\nnot here\n```\n## Use it\n```sh\n# first\nmake it   # slow\n```\n\
        ### More\n```xml\n<a/>\n```\n## Else\n```sh\nnor here\n```\n";

    fn section(file: &str, command: &str) -> Result<(), Failure> {
        let section = Section {
            guide: "guide",
            title: "Use it",
            file: "a.xml".into(),
            language: "xml",
            commands: vec![command.into()],
        };
        section.compare(GUIDE, file)
    }

    #[test]
    fn a_section_that_shows_file_and_commands_passes() {
        section("<a/>\n", "make it").unwrap();
    }

    #[test]
    fn another_file_and_a_command_from_elsewhere_are_told() {
        assert!(section("<b/>\n", "make it").unwrap_err().to_string().contains("a.xml"));
        for command in ["not here", "nor here", "make"] {
            assert!(section("<a/>\n", command).unwrap_err().to_string().contains(command));
        }
    }

    #[test]
    fn the_version_of_a_dependency_is_its_own() {
        let pom = "<version>1</version><artifactId>a</artifactId> <version>2</version>";
        assert_eq!(dependency(pom, "a"), Some("2"));
        assert_eq!(dependency(pom, "b"), None);
    }
}
