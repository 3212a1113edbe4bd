//! The `dunlin` program as a person runs it.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::OnceLock,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value as Json;

/// How often a node is asked while a test waits for it.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// The program, built if need be; `DUNLIN_BIN` names another one.
///
/// # Panics
/// When it does not build.
pub fn dunlin() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("DUNLIN_BIN") {
        Some(program) => program.into(),
        None => build(),
    })
}

fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--locked", "--package", "dunlin-cli", "--bin", "dunlin"])
        .args(["--message-format", "json"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stderr(Stdio::inherit())
        .output();
    let built = built.expect("cargo runs");
    assert!(built.status.success(), "the program does not build");
    let messages = String::from_utf8_lossy(&built.stdout);
    let mut executables = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    executables.next_back().expect("cargo names the program")
}

/// A node's directory, as the program sees it.
#[derive(Clone, Debug)]
pub struct Dir(PathBuf);

impl Dir {
    /// Makes a node.
    ///
    /// # Panics
    /// When the program refuses.
    pub fn init(path: PathBuf, name: &str) -> Self {
        let dir = Self(path);
        dir.json(&["init", "--name", name]);
        dir
    }

    /// The program on this directory, printing JSON.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(dunlin());
        self.complete(&mut command, arguments);
        command
    }

    /// Adds to a command that runs the program what makes it work on this directory.
    pub fn complete(&self, command: &mut Command, arguments: &[&str]) {
        command.arg("--dir").arg(&self.0).arg("--json").args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    }

    /// Runs the program to its end; gives the objects that it printed.
    ///
    /// # Panics
    /// When it refuses, or prints something else.
    pub fn json(&self, arguments: &[&str]) -> Vec<Json> {
        let Output { status, stdout, .. } = self.command(arguments).output().expect("it runs");
        let text = String::from_utf8(stdout).expect("it prints UTF-8");
        assert!(status.success(), "dunlin {arguments:?}: {status}: {text}");
        text.lines().map(|line| serde_json::from_str(line).expect("it prints JSON")).collect()
    }

    /// What `status` says of the first space.
    ///
    /// # Panics
    /// When there is none.
    pub fn space(&self) -> Json {
        self.json(&["status"])[0]["spaces"][0].clone()
    }
}

/// Waits until all nodes say that they are in sync, with the same documents.
///
/// # Panics
/// When that takes longer than the deadline.
pub fn await_agreement(dirs: &[&Dir], within: Duration) -> Json {
    let deadline = Instant::now() + within;
    loop {
        let spaces: Vec<Json> = dirs.iter().map(|dir| dir.space()).collect();
        let first = &spaces[0];
        if spaces.iter().all(|space| space["in_sync"] == true && space["digest"] == first["digest"])
        {
            return first.clone();
        }
        assert!(Instant::now() < deadline, "no agreement within {within:?}: {spaces:#?}");
        sleep(ASK_EVERY);
    }
}

/// A program that runs until it is killed, at the latest when this is dropped.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Starts a program.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(mut command: Command) -> Self {
        Self(command.spawn().expect("it starts"))
    }

    /// The process.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// What it prints, line by line.
    ///
    /// # Panics
    /// When somebody reads that already.
    pub fn lines(&mut self) -> std::io::Lines<BufReader<ChildStdout>> {
        BufReader::new(self.0.stdout.take().expect("nobody else reads")).lines()
    }

    /// Ends it as power failure ends a process: SIGKILL.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
