//! Running programs the way a clean shell at the workspace's root would.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use crate::failure::Failure;

/// Variables that `cargo run` sets for this process; passed on, they would make build scripts that
/// watch them (ring's) run again on every task.
const OF_THIS_PROCESS: &[&str] =
    &["CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR", "LD_LIBRARY_PATH"];

/// Whether this is CI: there a missing capability fails the run instead of being reported.
pub(crate) fn is_ci() -> bool {
    env::var("CI").is_ok_and(|value| value == "true")
}

/// The cargo that runs this task.
pub(crate) fn cargo(words: &[&str]) -> Command {
    let mut command = program(&env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(words);
    command
}

/// A program with an environment free of this process's own cargo variables, without input.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.stdin(Stdio::null());
    for (key, _) in env::vars_os() {
        let key = key.to_string_lossy();
        let ours = key.starts_with("CARGO_PKG_")
            || key.starts_with("CARGO_MANIFEST_")
            || OF_THIS_PROCESS.contains(&key.as_ref());
        if ours {
            command.env_remove(key.as_ref());
        }
    }
    command
}

/// Runs to the end, output shown as it comes.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| cannot_start(command, &error))?;
    if status.success() { Ok(()) } else { Err(failed(command)) }
}

/// Runs to the end, each line of standard output shown as it comes and handed over.
pub(crate) fn run_watching(
    command: &mut Command,
    mut line: impl FnMut(&str),
) -> Result<(), Failure> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| cannot_start(command, &error))?;
    if let Some(stdout) = child.stdout.take() {
        for text in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let text = String::from_utf8_lossy(&text);
            println!("{text}");
            line(&text);
        }
    }
    let status = child.wait().map_err(|error| cannot_start(command, &error))?;
    if status.success() { Ok(()) } else { Err(failed(command)) }
}

/// Runs in silence; standard output and whether it succeeded.
pub(crate) fn ask(command: &mut Command) -> Result<(bool, String), Failure> {
    let output = command.output().map_err(|error| cannot_start(command, &error))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok((output.status.success(), text))
}

/// Whether the program can be started at all and says that all is well.
pub(crate) fn works(name: &str, words: &[&str]) -> bool {
    ask(program(name).args(words)).is_ok_and(|(success, _)| success)
}

fn failed(command: &Command) -> Failure {
    Failure::found(format!("failed: {}", words(command)))
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Failure {
    Failure::found(format!("cannot run {}: {error}", words(command)))
}

fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
