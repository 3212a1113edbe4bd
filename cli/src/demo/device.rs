//! One of the two devices: its directory, and the processes that act on it.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use dunlin::{Code, Error};
use serde_json::Value as Json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::failure::{Failure, Problem};

/// Time for a process to start, and to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A device of the demo.
pub(super) struct Device {
    program: PathBuf,
    dir: PathBuf,
    running: Option<Running>,
}

/// A `dunlin run` that is up. Dropping it kills the process.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    listen: Vec<String>,
}

impl Device {
    pub(super) fn new(name: &str, program: PathBuf, root: &Path) -> Self {
        Self { program, dir: root.join(name), running: None }
    }

    /// Runs one command and returns the JSON objects that it prints.
    pub(super) async fn command(&self, arguments: &[&str]) -> Result<Vec<Json>, Failure> {
        self.command_fed(arguments, Vec::new()).await
    }

    /// Runs one command with something to read on standard input.
    pub(super) async fn command_fed(
        &self,
        arguments: &[&str],
        fed: Vec<u8>,
    ) -> Result<Vec<Json>, Failure> {
        let mut child = self.process(arguments).stderr(Stdio::piped()).spawn().map_err(broken)?;
        let stdin = child.stdin.take();
        let feeding = tokio::spawn(async move {
            if let Some(mut stdin) = stdin {
                // A process that refuses early closes its end.
                let _ = stdin.write_all(&fed).await;
            }
        });
        let output = child.wait_with_output().await.map_err(broken)?;
        feeding.abort();
        if !output.status.success() {
            return Err(refusal(&output.stderr));
        }
        let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(serde_json::from_slice).collect::<Result<_, _>>().map_err(|_| unexpected())
    }

    /// As [`command`](Self::command), for one that prints exactly one object.
    pub(super) async fn ask(&self, arguments: &[&str]) -> Result<Json, Failure> {
        self.command(arguments).await?.pop().ok_or_else(unexpected)
    }

    /// Starts `dunlin run`, and waits until it listens.
    pub(super) async fn start(&mut self, options: &[&str]) -> Result<(), Failure> {
        let arguments = [&["run", "--until-eof"], options].concat();
        let mut child =
            self.process(&arguments).stderr(Stdio::inherit()).spawn().map_err(broken)?;
        let stdout = child.stdout.take().ok_or_else(unexpected)?;
        let mut lines = BufReader::new(stdout).lines();
        let first = timeout(PATIENCE, lines.next_line()).await.ok().and_then(Result::ok).flatten();
        let first: Json =
            serde_json::from_str(&first.ok_or_else(unexpected)?).map_err(|_| unexpected())?;
        let listen = first["listen"].as_array().into_iter().flatten();
        let listen = listen.filter_map(Json::as_str).map(str::to_owned).collect();
        self.running = Some(Running { child, lines, listen });
        Ok(())
    }

    /// Whether `dunlin run` is up.
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Where the running process listens.
    pub(super) fn listen(&self) -> &[String] {
        self.running.as_ref().map_or(&[], |running| &running.listen)
    }

    /// The next thing that `dunlin run` reports; none once it has ended.
    pub(super) async fn report(&mut self) -> Option<Json> {
        let running = self.running.as_mut()?;
        let line = running.lines.next_line().await.ok()??;
        serde_json::from_str(&line).ok()
    }

    /// Ends `dunlin run` in good order, if it is up.
    pub(super) async fn stop(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        drop(running.child.stdin.take());
        // What it still prints must not keep it.
        let drain = async { while let Ok(Some(_)) = running.lines.next_line().await {} };
        let _ = timeout(PATIENCE, drain).await;
        if timeout(PATIENCE, running.child.wait()).await.is_err() {
            let _ = running.child.kill().await;
        }
    }

    fn process(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("--dir")
            .arg(&self.dir)
            .arg("--json")
            .args(arguments)
            .env_remove("DUNLIN_DIR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

/// What a process said on standard error when it refused.
fn refusal(stderr: &[u8]) -> Failure {
    let last = stderr.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
    let problem = last.and_then(|line| serde_json::from_slice::<Problem>(line).ok());
    problem.map_or_else(unexpected, |problem| {
        Failure::Refused(Error::new(Code::Internal, problem.reason, problem.remedy))
    })
}

fn broken(error: std::io::Error) -> Failure {
    internal(format!("a process of the demo cannot be run: {error}"))
}

fn unexpected() -> Failure {
    internal("a process of the demo ended without an answer".to_owned())
}

pub(super) fn internal(reason: String) -> Failure {
    let remedy = "try again with DUNLIN_LOG=debug, and report what it says";
    Failure::Refused(Error::new(Code::Internal, reason, remedy))
}
