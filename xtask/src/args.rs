//! Arguments of a task: flags, and options with a value.

use std::str::FromStr;

use crate::failure::Failure;

/// The words after the task's name that nobody has taken yet.
pub(crate) struct Args(Vec<String>);

impl Args {
    /// Takes the words as given.
    pub(crate) fn new(words: impl Iterator<Item = String>) -> Self {
        Self(words.collect())
    }

    /// Takes a flag; whether it was there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() < before
    }

    /// Takes an option's value, if the option was given.
    pub(crate) fn option<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, Failure> {
        let Some(at) = self.0.iter().position(|word| word == name) else { return Ok(None) };
        let Some(value) = self.0.get(at + 1).cloned() else {
            return Err(Failure::Usage(format!("{name} needs a value")));
        };
        self.0.drain(at..=at + 1);
        match value.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(Failure::Usage(format!("{name} cannot be {value:?}"))),
        }
    }

    /// Takes everything that is left, for a program that reads its own arguments.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        std::mem::take(&mut self.0)
    }

    /// Fails if a word is left that no flag or option wanted.
    pub(crate) fn finish(&self) -> Result<(), Failure> {
        match self.0.first() {
            None => Ok(()),
            Some(word) => Err(Failure::Usage(format!("nobody expects {word:?} here"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &str) -> Args {
        Args::new(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_and_flags_are_taken_wherever_they_stand() {
        let mut args = args("--json --seed 7 --rows 1,2");
        assert_eq!(args.option::<u64>("--seed").unwrap(), Some(7));
        assert!(args.flag("--json"));
        assert_eq!(args.option::<String>("--rows").unwrap().as_deref(), Some("1,2"));
        assert_eq!(args.option::<u64>("--count").unwrap(), None);
        args.finish().unwrap();
    }

    #[test]
    fn leftovers_bad_values_and_missing_values_are_usage_errors() {
        assert!(matches!(args("--sed 7").finish(), Err(Failure::Usage(_))));
        assert!(matches!(args("--seed x").option::<u64>("--seed"), Err(Failure::Usage(_))));
        assert!(matches!(args("--seed").option::<u64>("--seed"), Err(Failure::Usage(_))));
    }
}
