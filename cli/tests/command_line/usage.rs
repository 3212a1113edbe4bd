//! What is not understood, and what a stranger reads.

use std::process::Command;

use crate::node::Node;

fn dunlin(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dunlin"))
        .args(arguments)
        .env_remove("DUNLIN_DIR")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn what_is_not_understood_ends_with_2_and_changes_nothing() {
    let node = Node::bare();
    let dir = node.dir().to_str().unwrap();
    for arguments in [
        &["--dir", dir][..],
        &["--dir", dir, "frobnicate"],
        &["--dir", dir, "init", "--kind", "ghost"],
        &["--dir", dir, "put", "barn", "tasks"],
        &["--dir", dir, "put", "barn", "tasks", "a", "{}", "--new"],
        &["--dir", dir, "put", "barn", "tasks", "a", "{}", "--many"],
        &["--dir", dir, "invite", "barn", "--role", "king"],
        &["--dir", dir, "invite", "barn", "--uses", "0"],
        &["--dir", dir, "invite", "barn", "--expires", "soon"],
        &["--dir", dir, "watch", "barn", "--ack"],
        &["--dir", dir, "ack", "barn", "backup", "x"],
        &["--dir", dir, "run", "--listen", "nowhere"],
        &["init"],
    ] {
        let (code, stdout, stderr) = dunlin(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
        assert_eq!(stdout, "", "{arguments:?}");
        assert!(!stderr.is_empty(), "{arguments:?}");
    }
    assert!(!node.dir().exists());
}

#[test]
fn with_json_a_misunderstanding_is_an_object_too() {
    let (code, _, stderr) = dunlin(&["--json", "init"]);
    assert_eq!(code, Some(2));
    let problem: serde_json::Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!(problem["code"], "InvalidInput");
    assert!(problem["reason"].as_str().unwrap().contains("--dir"), "{problem}");
}

#[test]
fn help_explains_every_command_and_shows_examples() {
    let (code, help, _) = dunlin(&["--help"]);
    assert_eq!(code, Some(0));
    let commands = [
        "init", "space", "invite", "join", "put", "edit", "get", "delete", "query", "watch", "ack",
        "run", "status", "peers", "presence", "demo",
    ];
    for command in commands {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is missing:\n{help}");
        let (code, explained, _) = dunlin(&[command, "--help"]);
        assert_eq!(code, Some(0));
        assert!(explained.contains("Usage: dunlin"), "{command}: {explained}");
    }
    for promised in ["Example", "Exit code", "DUNLIN_DIR", "dunlin invite garden"] {
        assert!(help.contains(promised), "{promised} is missing:\n{help}");
    }
}

#[test]
fn the_directory_may_come_from_the_environment() {
    let node = Node::bare();
    let status = Command::new(env!("CARGO_BIN_EXE_dunlin"))
        .args(["init", "--name", "ann"])
        .env("DUNLIN_DIR", node.dir())
        .output()
        .unwrap();
    assert!(status.status.success());
    assert_eq!(node.one(&["status"])["name"], "ann");
}
