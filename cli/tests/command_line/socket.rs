//! Commands that reach a node another process runs.

use std::{
    fs,
    io::Read,
    os::unix::{fs::PermissionsExt, net::UnixListener},
};

use serde_json::json;

use crate::node::Node;

#[test]
fn commands_go_through_the_node_that_runs_and_print_the_same() {
    let node = Node::with_barn();
    node.ok(&["put", "barn", "tasks", "a", r#"{"n":1}"#]);
    let commands: &[&[&str]] = &[
        &["get", "barn", "tasks", "a", "--version", "--conflicts"],
        &["query", "barn", "SELECT id, doc FROM tasks"],
        &["space", "list"],
        &["space", "members", "barn"],
    ];
    let refused: &[&str] = &["get", "barn", "tasks", "z"];
    let ask = |json: &[&str]| -> Vec<_> {
        let all = commands.iter().chain([&refused]);
        all.map(|command| node.fed(&[json, command].concat(), b"")).collect()
    };
    let (alone, alone_json) = (ask(&[]), ask(&["--json"]));
    let (mut run, _) = node.run(&[]);
    assert_eq!((ask(&[]), ask(&["--json"])), (alone, alone_json));

    node.ok_fed(&["put", "barn", "tasks", "b", "-"], br#"{"n":2}"#);
    let many = node.ok_fed(&["put", "barn", "tasks", "--many"], br#"{"id":"c","value":{}}"#);
    assert_eq!(many[0]["id"], "c");
    run.signal("TERM");
    assert_eq!(run.wait(), Some(0));
    assert_eq!(node.one(&["get", "barn", "tasks", "b"]), json!({"n":2}));
}

#[test]
fn the_socket_is_private_and_gone_afterwards() {
    let node = Node::with_barn();
    let socket = node.dir().join("socket");
    let (mut run, _) = node.run(&[]);
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(node.dir()).unwrap().permissions().mode() & 0o777, 0o700);
    run.signal("INT");
    assert_eq!(run.wait(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn a_directory_with_a_path_far_over_100_bytes_works() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("x".repeat(120)).join("y".repeat(120));
    fs::create_dir_all(dir.parent().unwrap()).unwrap();
    assert!(UnixListener::bind(dir.join("socket")).is_err());
    let node = Node::at(&dir);
    node.ok(&["init", "--name", "deep"]);
    node.ok(&["space", "create", "barn"]);
    let (_run, _) = node.run(&[]);
    node.ok(&["put", "barn", "tasks", "a", r#"{"n":1}"#]);
    assert_eq!(node.one(&["get", "barn", "tasks", "a"]), json!({"n":1}));
    assert!(!node.one(&["status"])["listen"].as_array().unwrap().is_empty());
}

#[test]
fn watching_serves_others_and_its_end_frees_the_directory() {
    let node = Node::with_barn();
    let mut watch = node.start(&["watch", "barn", "--consumer", "c"]);
    node.ok(&["put", "barn", "tasks", "a", "{}"]);
    assert_eq!(watch.next()["id"], "a");
    let (mut run, address) = node.run(&[]);
    assert_eq!(node.one(&["status"])["listen"][0], address);
    let refusal = node.refused(&["run", "--no-mdns", "--listen", "127.0.0.1:0"]);
    assert_eq!(refusal.code, "AlreadyOpen");
    // The one that syncs is a guest: when its host ends, it says so.
    watch.signal("TERM");
    assert_eq!(watch.wait(), Some(0));
    assert_eq!(run.wait(), Some(1));
    assert!(run.stderr().contains("Closed"));
    assert_eq!(node.one(&["get", "barn", "tasks", "a"]), json!({}));
}

#[test]
fn a_client_that_goes_away_ends_its_command() {
    let node = Node::with_barn();
    let mut watch = node.start(&["watch", "barn", "--consumer", "host"]);
    node.ok(&["put", "barn", "tasks", "a", "{}"]);
    watch.next();
    let (mut run, _) = node.run(&[]);
    run.signal("KILL");
    assert_eq!(run.wait(), None);
    node.until(&["status"], |status| status[0]["listen"] == json!([]));
    let (_again, _) = node.run(&[]);
}

#[test]
fn a_socket_that_a_killed_process_left_is_no_obstacle() {
    let node = Node::with_barn();
    let (mut run, _) = node.run(&[]);
    run.signal("KILL");
    assert_eq!(run.wait(), None);
    assert!(node.dir().join("socket").exists());
    assert_eq!(node.ok(&["space", "list"]).len(), 1);
    let (mut run, _) = node.run(&[]);
    run.close_stdin();
    run.signal("TERM");
    assert_eq!(run.wait(), Some(0));
}

#[test]
fn run_until_eof_ends_with_its_input() {
    let node = Node::with_barn();
    let (mut run, _) = node.run(&["--until-eof"]);
    run.close_stdin();
    assert_eq!(run.wait(), Some(0));
    assert!(!node.dir().join("socket").exists());
}

#[test]
fn output_that_nobody_reads_ends_a_command_quietly() {
    let node = Node::with_barn();
    let mut input = String::new();
    for index in 0..2_000 {
        input += &format!("{}\n", json!({"id": format!("r{index}"), "value": {"n": index}}));
    }
    node.ok_fed(&["put", "barn", "readings", "--many"], input.as_bytes());
    let query = ["query", "barn", "SELECT id, doc FROM readings"];
    let reads_one_byte = |node: &Node| {
        let mut child = node.command(&query).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0]).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    };
    reads_one_byte(&node);
    let (_run, _) = node.run(&[]);
    reads_one_byte(&node);
}
