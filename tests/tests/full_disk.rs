//! A disk that is full: a tmpfs of a few megabytes.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use dunlin::{Code, Config, DeviceKind, DocKey, Node, Value};
use dunlin_tests::{netns::skip, program::Dir};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// A file system of this size, unmounted when it is dropped.
struct Disk(TempDir);

impl Disk {
    /// None where this process may not mount; with `CI=true` that is a failure.
    fn of(size: &str) -> Option<Self> {
        let dir = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(dir.path())
            .output();
        let problem = match mounted {
            Ok(output) if output.status.success() => return Some(Self(dir)),
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        skip("a test on a full disk", &problem);
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(self.path()).status();
        assert!(std::thread::panicking() || unmounted.is_ok_and(|status| status.success()));
    }
}

fn key(number: usize) -> DocKey {
    format!("doc-{number:05}").parse().unwrap()
}

fn value(number: usize) -> Value {
    Value::from_json(&json!({"n": number, "text": "x".repeat(20_000)})).unwrap()
}

#[tokio::test]
async fn on_a_full_disk_what_was_acknowledged_is_intact_reads_go_on_and_writing_recovers() {
    let Some(disk) = Disk::of("8m") else { return };
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![7; 3 << 20]).unwrap();
    let dir = disk.path().join("node");
    // Flushed commits, as in production.
    let node = Node::create(&dir, "tiny", DeviceKind::Sensor, Config::default()).await.unwrap();
    let space = node.create_space("farm").await.unwrap();
    let tasks = space.collection("tasks").unwrap();

    let mut acknowledged = 0;
    let error = loop {
        assert!(acknowledged < 2_000, "the disk does not fill up");
        match tasks.put(&key(acknowledged), value(acknowledged)).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert!(acknowledged > 10, "{error:?}");
    assert_eq!(error.code(), Code::StorageFull, "{error:?}");
    assert!(error.is_retryable() && !error.remedy().is_empty());
    // Full is full, again and again, and nothing of it shows.
    for _ in 0..5 {
        let again = tasks.put(&key(acknowledged), value(acknowledged)).await.unwrap_err();
        assert_eq!(again.code(), Code::StorageFull, "{again:?}");
    }
    let missing = tasks.get(&key(acknowledged)).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    for number in 0..acknowledged {
        assert_eq!(tasks.get(&key(number)).await.unwrap().value, value(number));
    }
    let count = space.query("SELECT count(*) FROM tasks", &[]).await.unwrap();
    assert_eq!(count.rows, [[json!(acknowledged)]]);

    fs::remove_file(&ballast).unwrap();
    tasks.put(&key(acknowledged), value(acknowledged)).await.unwrap();
    drop((tasks, space));
    node.shutdown().await.unwrap();
    drop(node);

    let node = Node::open(&dir, Config::default()).await.unwrap();
    let tasks = node.space("farm").unwrap().collection("tasks").unwrap();
    for number in 0..=acknowledged {
        assert_eq!(tasks.get(&key(number)).await.unwrap().value, value(number));
    }
    node.shutdown().await.unwrap();
}

#[test]
fn the_command_line_says_that_the_disk_is_full_and_keeps_every_id_that_it_printed() {
    let Some(disk) = Disk::of("8m") else { return };
    let ballast = disk.path().join("ballast");
    fs::write(&ballast, vec![7; 3 << 20]).unwrap();
    let dir = Dir::init(disk.path().join("node"), "tiny");
    dir.json(&["space", "create", "farm"]);
    let mut command = dir.command(&["put", "farm", "tasks", "--many"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feeding = thread::spawn(move || {
        for number in 0..2_000 {
            let line = json!({"id": key(number).as_str(), "value": value(number).to_json()});
            // It ends before all of it is read.
            if writeln!(stdin, "{line}").is_err() {
                return;
            }
        }
    });
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let refusal: Json = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(refusal["code"], "StorageFull", "{refusal}");
    assert!(refusal["remedy"].as_str().unwrap().contains("free"), "{refusal}");
    let printed: Vec<Json> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(printed.len() > 10, "{refusal}");

    fs::remove_file(&ballast).unwrap();
    let rows = dir.json(&["query", "farm", "SELECT id FROM tasks ORDER BY id"]);
    for answer in &printed {
        assert!(rows.iter().any(|row| row["id"] == answer["id"]), "{answer} is lost");
    }
}
