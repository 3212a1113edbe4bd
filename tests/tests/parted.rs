//! Two nodes on a LAN of network namespaces: they find each other by multicast DNS, are parted,
//! edit, and converge when the cable is back.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use dunlin_tests::{
    netns::Lan,
    program::{Dir, Running, await_agreement, dunlin},
};
use serde_json::json;

/// Discovery, a handshake, and after the cable is back: the timeout of the dead connection.
const WITHIN: Duration = Duration::from_secs(120);

#[test]
fn two_nodes_find_each_other_by_mdns_are_parted_and_converge_when_the_link_is_back() {
    let Some(lan) = Lan::new(2) else { return };
    let root = tempfile::tempdir().unwrap();
    let dirs = ["barn", "field"].map(|name| Dir::init(root.path().join(name), name));
    let [barn, field] = &dirs;
    barn.json(&["space", "create", "farm"]);
    // Nobody listens yet, so the ticket names no address.
    let ticket = barn.json(&["invite", "farm"])[0]["ticket"].as_str().unwrap().to_owned();
    field.json(&["join", &ticket]);
    barn.json(&["put", "farm", "tasks", "a", r#"{"title":"wader","n":{"$counter":1}}"#]);

    let run = |(host, dir): (u8, &Dir)| {
        let mut command = lan.command(host, dunlin());
        dir.complete(&mut command, &["run"]);
        command.stdout(std::process::Stdio::null());
        Running::start(command)
    };
    let _running: Vec<Running> = (0..).zip(&dirs).map(run).collect();
    await_agreement(&[barn, field], WITHIN);
    assert_eq!(field.json(&["get", "farm", "tasks", "a"])[0], json!({"title": "wader", "n": 1}));

    lan.set_link(1, false);
    let (set, add) = (|title: &str| json!({"title": title}).to_string(), 5);
    let increment = json!([{"op":"increment","path":"/n","by":add}]).to_string();
    barn.json(&["put", "farm", "tasks", "a", &set("dunlin")]);
    barn.json(&["edit", "farm", "tasks", "a", &increment]);
    field.json(&["put", "farm", "tasks", "a", &set("knot")]);
    field.json(&["edit", "farm", "tasks", "a", &increment]);
    field.json(&["put", "farm", "tasks", "b", &set("only in the field")]);
    let apart = [barn, field].map(|dir| dir.space()["digest"].clone());
    assert_ne!(apart[0], apart[1]);

    lan.set_link(1, true);
    let agreed = await_agreement(&[barn, field], WITHIN);
    assert_eq!(agreed["documents"], 2);
    let shown = dirs.each_ref().map(|dir| dir.json(&["get", "farm", "tasks", "a"])[0].clone());
    assert_eq!(shown[0], shown[1]);
    assert_eq!(shown[0]["n"], 11, "both sums count");
    let conflicts = dirs.each_ref().map(|dir| {
        let mut read = dir.json(&["get", "farm", "tasks", "a", "--conflicts"]);
        // What one device wrote the other knows by the book.
        for side in ["shown", "lost"] {
            let known = read[0]["conflicts"][0][side]["known"].take();
            assert!(known == "own" || known == "book", "{known}");
        }
        read
    });
    assert_eq!(conflicts[0], conflicts[1]);
    let told = format!("{:?}", conflicts[0]);
    assert!(told.contains("knot") && told.contains("dunlin"), "the loser is kept: {told}");
    assert_eq!(barn.json(&["get", "farm", "tasks", "b"])[0], json!({"title": "only in the field"}));
}
