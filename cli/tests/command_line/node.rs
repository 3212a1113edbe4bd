//! A node's directory, and processes that act on it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value as Json;
use tempfile::TempDir;

/// Time for something to happen that happens at once as a rule.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A directory, gone when dropped.
pub(crate) struct Node {
    dir: PathBuf,
    _root: Option<TempDir>,
}

/// What a refused command says.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) reason: String,
    pub(crate) remedy: String,
}

impl Node {
    /// A directory without a node.
    pub(crate) fn bare() -> Self {
        let root = tempfile::tempdir().unwrap();
        Self { dir: root.path().join("node"), _root: Some(root) }
    }

    /// A fresh node.
    pub(crate) fn new(name: &str) -> Self {
        let node = Self::bare();
        node.ok(&["init", "--name", name]);
        node
    }

    /// A directory that somebody else removes.
    pub(crate) fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), _root: None }
    }

    /// A fresh node with a space called `barn`.
    pub(crate) fn with_barn() -> Self {
        let node = Self::new("ann");
        node.ok(&["space", "create", "barn"]);
        node
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dunlin"));
        command
            .arg("--dir")
            .arg(&self.dir)
            .args(arguments)
            .env_remove("DUNLIN_DIR")
            .env_remove("DUNLIN_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command with something on its standard input.
    pub(crate) fn fed(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = self.command(arguments).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let feeding = thread::spawn(move || {
            // A command that refuses early closes its end.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().unwrap();
        feeding.join().unwrap();
        output
    }

    /// Runs a command that must succeed, and returns what it prints with `--json`.
    pub(crate) fn ok(&self, arguments: &[&str]) -> Vec<Json> {
        self.ok_fed(arguments, b"")
    }

    pub(crate) fn ok_fed(&self, arguments: &[&str], input: &[u8]) -> Vec<Json> {
        let output = self.fed(&[&["--json"], arguments].concat(), input);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        assert_eq!(stderr, "", "{arguments:?}");
        lines(&output.stdout)
    }

    /// As [`ok`](Self::ok), for a command that prints one object.
    pub(crate) fn one(&self, arguments: &[&str]) -> Json {
        let mut printed = self.ok(arguments);
        assert_eq!(printed.len(), 1, "{arguments:?}");
        printed.remove(0)
    }

    pub(crate) fn ticket(&self, arguments: &[&str]) -> String {
        let invite = [&["invite", "barn"], arguments].concat();
        self.one(&invite)["ticket"].as_str().unwrap().to_owned()
    }

    /// Runs a command that must be refused: exit code 1, one object on standard error, nothing on
    /// standard output.
    pub(crate) fn refused(&self, arguments: &[&str]) -> Refusal {
        self.refused_fed(arguments, b"")
    }

    pub(crate) fn refused_fed(&self, arguments: &[&str], input: &[u8]) -> Refusal {
        let output = self.fed(&[&["--json"], arguments].concat(), input);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
        let mut problems = lines(stderr.as_bytes());
        assert_eq!(problems.len(), 1, "{arguments:?}: {stderr}");
        let problem = problems.remove(0);
        let text = |field: &str| problem[field].as_str().unwrap_or_default().to_owned();
        assert!(problem["retryable"].is_boolean(), "{problem}");
        Refusal { code: text("code"), reason: text("reason"), remedy: text("remedy") }
    }

    /// Starts a command that stays up.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::new(self.command(&[&["--json"], arguments].concat()))
    }

    /// Starts `dunlin run` on loopback; returns it with its address once it listens.
    pub(crate) fn run(&self, arguments: &[&str]) -> (Running, String) {
        let local = ["run", "--listen", "127.0.0.1:0", "--no-mdns"];
        let mut running = self.start(&[&local[..], arguments].concat());
        let up = running.next();
        (running, up["listen"][0].as_str().unwrap().to_owned())
    }

    /// What must not change when a command is refused.
    pub(crate) fn state(&self) -> Json {
        self.one(&["status"])["spaces"].clone()
    }

    /// Asks until an answer fits.
    pub(crate) fn until(&self, arguments: &[&str], fits: impl Fn(&[Json]) -> bool) -> Vec<Json> {
        let begun = Instant::now();
        loop {
            let output = self.fed(&[&["--json"], arguments].concat(), b"");
            let printed = lines(&output.stdout);
            if output.status.success() && fits(&printed) {
                return printed;
            }
            assert!(begun.elapsed() < DEADLINE, "{arguments:?} still says {printed:?}");
        }
    }
}

/// A process that stays up; killed when dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<Json>,
}

impl Running {
    pub(crate) fn new(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// The next line, within the deadline.
    pub(crate) fn next(&mut self) -> Json {
        match self.lines.recv_timeout(DEADLINE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("nothing printed for {DEADLINE:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("it ended: {}", self.stderr()),
        }
    }

    /// Writes to standard input.
    pub(crate) fn feed(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    pub(crate) fn close_stdin(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Sends a signal by name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").arg("-c").arg(kill).status().unwrap().success());
    }

    /// Waits for the end; the exit code, none after a signal.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let begun = Instant::now();
        // Standard output closes with the process.
        while !matches!(self.lines.recv_timeout(DEADLINE), Err(RecvTimeoutError::Disconnected)) {
            assert!(begun.elapsed() < DEADLINE, "it does not end");
        }
        self.child.wait().unwrap().code()
    }

    pub(crate) fn stderr(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut text).unwrap();
        }
        text
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(text: &[u8]) -> Vec<Json> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}
