//! A command that is shown as it is run.

use std::{fmt, path::Path, process};

use crate::shell::{cargo, program};

/// A program, its words, and what its environment says beyond ours.
pub(super) struct Command {
    variable: Option<(&'static str, &'static str)>,
    words: Vec<String>,
}

impl Command {
    /// A program with its words, by spaces; none of them holds one.
    pub(super) fn new(words: &str) -> Self {
        Self { variable: None, words: words.split_whitespace().map(str::to_owned).collect() }
    }

    /// Sets a variable for this command.
    pub(super) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.variable = Some((name, value));
        self
    }

    /// Adds a word.
    pub(super) fn word(mut self, word: &str) -> Self {
        self.words.push(word.to_owned());
        self
    }

    /// Adds a path, spaces and all.
    pub(super) fn path(self, path: &Path) -> Self {
        self.word(&path.display().to_string())
    }

    /// Ready to run.
    pub(super) fn to_process(&self) -> process::Command {
        let (name, words) =
            self.words.split_first().map_or(("", &[][..]), |(name, words)| (name, words));
        let mut process = if name == "cargo" { cargo(&[]) } else { program(name) };
        process.args(words).envs(self.variable);
        process
    }
}

/// A line for a shell.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, value)) = self.variable {
            write!(f, "{name}={value} ")?;
        }
        let words: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        f.write_str(&words.join(" "))
    }
}

/// The word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./=:+,@%".contains(letter);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_split_or_expand_is_quoted() {
        let command = Command::new("strip -S").with("A", "1").path(Path::new("it's a/$HOME/lib.a"));
        assert_eq!(command.to_string(), r"A=1 strip -S 'it'\''s a/$HOME/lib.a'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn the_process_has_the_words_and_the_variable() {
        let process =
            Command::new("lipo -create").with("A", "1").path(Path::new("a b")).to_process();
        assert_eq!(process.get_program(), "lipo");
        assert_eq!(process.get_args().collect::<Vec<_>>(), ["-create", "a b"]);
        assert!(process.get_envs().any(|(name, value)| name == "A" && value == Some("1".as_ref())));
    }
}
