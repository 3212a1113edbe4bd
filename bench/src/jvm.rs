//! A JVM that measures calls from Kotlin, one run when asked.

use std::{
    env,
    ffi::OsString,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use crate::{Result, measure::Sample};

/// Where `cargo xtask bench` says what the Kotlin program needs to run.
const CLASS_PATH: &str = "DUNLIN_BENCH_CLASS_PATH";
const MAIN: &str = "dev.dunlin.bench.MainKt";

/// The program `android/bench`, warmed up. It ends with this handle.
pub(crate) struct Jvm {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Jvm {
    /// Starts it with a directory of its own; none where nobody built it.
    pub(crate) fn start(dir: &Path) -> Result<Option<Self>> {
        let Some(class_path) = env::var_os(CLASS_PATH) else { return Ok(None) };
        let mut child = command(&class_path)?.arg(dir).spawn()?;
        let asks = child.stdin.take().ok_or("no stdin")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let mut jvm = Self { child, asks, answers };
        match jvm.line()?.as_str() {
            "ready" => Ok(Some(jvm)),
            other => Err(format!("the JVM began with {other:?}").into()),
        }
    }

    /// Has it measure a call; the median in microseconds.
    pub(crate) fn measure(&mut self, call: &str) -> Result<f64> {
        writeln!(self.asks, "{call}")?;
        let times: Vec<f64> = serde_json::from_str(&self.line()?)?;
        Ok(Sample::new(times).median())
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err("the JVM ended".into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

impl Drop for Jvm {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The libraries lie beside this program.
fn command(class_path: &OsString) -> Result<Command> {
    let program = env::current_exe()?;
    let libraries = program.parent().ok_or("this program is in no folder")?;
    let mut command = Command::new("java");
    command
        .arg("-Djna.nosys=true")
        .arg(format!("-Djna.library.path={}", libraries.display()))
        .args([OsString::from("-cp"), class_path.clone(), MAIN.into()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    Ok(command)
}
