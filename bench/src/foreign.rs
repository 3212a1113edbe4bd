//! A program in another language that measures its own calls, one run when asked.

use std::{
    env,
    ffi::OsString,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use crate::{Result, measure::Sample};

/// Where `cargo xtask bench` says what the Kotlin program needs to run, and how the Swift one is
/// started: a JSON array of words.
const CLASS_PATH: &str = "DUNLIN_BENCH_CLASS_PATH";
const SWIFT: &str = "DUNLIN_BENCH_SWIFT";
const MAIN: &str = "dev.dunlin.bench.MainKt";

/// The languages that rows are measured in.
pub(crate) const LANGUAGES: &[Language] = &[Language::Kotlin, Language::Swift];

/// A language other than Rust.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Language {
    /// The program `android/bench`.
    Kotlin,
    /// The program `ios/bench`.
    Swift,
}

impl Language {
    /// Its name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Kotlin => "Kotlin",
            Self::Swift => "Swift",
        }
    }
}

/// A program that is warmed up. It ends with this handle.
pub(crate) struct Foreign {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Foreign {
    /// Starts one with a directory of its own; none where nobody built it.
    pub(crate) fn start(language: Language, dir: &Path) -> Result<Option<Self>> {
        let command = match language {
            Language::Kotlin => env::var_os(CLASS_PATH).map(|path| java(&path)).transpose()?,
            Language::Swift => env::var(SWIFT).ok().map(|words| swift(&words)).transpose()?,
        };
        let Some(mut command) = command else { return Ok(None) };
        let mut child = command.arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let asks = child.stdin.take().ok_or("no stdin")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let mut program = Self { child, asks, answers };
        match program.line()?.as_str() {
            "ready" => Ok(Some(program)),
            other => Err(format!("the program in {language:?} began with {other:?}").into()),
        }
    }

    /// Has it measure a call; the median.
    pub(crate) fn measure(&mut self, call: &str) -> Result<f64> {
        writeln!(self.asks, "{call}")?;
        let figures: Vec<f64> = serde_json::from_str(&self.line()?)?;
        Ok(Sample::new(figures).median())
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err("the program ended".into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder of this program, where the libraries lie too. Programs in other languages see it, and
/// not every other one.
pub(crate) fn folder() -> Result<PathBuf> {
    let program = env::current_exe()?;
    Ok(program.parent().ok_or("this program is in no folder")?.to_owned())
}

fn java(class_path: &OsString) -> Result<Command> {
    let mut command = Command::new("java");
    command
        .arg("-Djna.nosys=true")
        .arg(format!("-Djna.library.path={}", folder()?.display()))
        .args([OsString::from("-cp"), class_path.clone(), MAIN.into()]);
    Ok(command)
}

fn swift(words: &str) -> Result<Command> {
    let words: Vec<String> = serde_json::from_str(words)?;
    let (program, arguments) = words.split_first().ok_or("no words start the Swift program")?;
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(command)
}
