//! Two terminals, two devices, static addresses.

use serde_json::{Value as Json, json};

use crate::node::Node;

/// Waits until both nodes hold the same and know it.
fn converge(ann: &Node, ben: &Node) -> Json {
    let in_sync = |status: &[Json]| status[0]["spaces"][0]["in_sync"] == true;
    loop {
        let left = ann.until(&["status"], in_sync).remove(0);
        let right = ben.until(&["status"], in_sync).remove(0);
        if left["spaces"][0]["digest"] == right["spaces"][0]["digest"] {
            return left;
        }
    }
}

#[test]
fn two_devices_pair_part_edit_offline_and_converge() {
    let (ann, ben) = (Node::with_barn(), Node::new("ben"));
    let plan = r#"{"title":"plan","n":{"$counter":0},"steps":["a","b","c"],"body":{"$text":"x"}}"#;
    ann.ok(&["put", "barn", "plans", "p", plan]);
    ben.ok(&["join", &ann.ticket(&[]), "--as", "hof"]);
    assert_eq!(ben.refused(&["get", "hof", "plans", "p"]).code, "NotFound");

    let (mut ann_runs, address) = ann.run(&[]);
    let (mut ben_runs, _) = ben.run(&["--peer", &address]);
    let status = converge(&ann, &ben);
    let peer = &status["peers"][0];
    assert_eq!((&peer["state"], &peer["in_sync"]), (&json!("connected"), &json!(true)));
    assert_eq!(peer["device"], ben.one(&["status"])["device"]);
    assert_eq!(ann.ok(&["peers"])[0]["name"], "ben");
    let names: Vec<Json> =
        ann.ok(&["space", "members", "barn"]).iter().map(|member| member["name"].clone()).collect();
    assert!(names.contains(&json!("ann")) && names.contains(&json!("ben")), "{names:?}");
    assert_eq!(ben.one(&["get", "hof", "plans", "p"])["steps"], json!(["a", "b", "c"]));

    // While both are up, a change arrives by itself, and says whose it is.
    let mut watch = ben.start(&["watch", "hof"]);
    let mut live = ben.start(&["query", "hof", "SELECT id FROM plans", "--watch"]);
    assert_eq!(live.next(), json!({"snapshot":[{"id":"p"}],"more":false}));
    ann.ok(&["put", "barn", "plans", "q", "{}"]);
    assert_eq!(live.next()["inserted"][0]["row"]["id"], "q");
    // The feed without a consumer begins when it is asked for, perhaps after that change.
    ann.ok(&["put", "barn", "plans", "q", r#"{"n":1}"#]);
    let told = watch.next();
    assert_eq!((&told["origin"], &told["id"]), (&json!("remote"), &json!("q")));
    assert_eq!(told["device"], status["device"]);

    for runs in [&mut ann_runs, &mut ben_runs] {
        runs.signal("TERM");
        assert_eq!(runs.wait(), Some(0));
    }
    let met = ann.one(&["peers"]);
    assert_eq!((&met["name"], &met["state"]), (&json!("ben"), &json!("disconnected")));
    for (node, space, title, by, from, to, text) in
        [(&ann, "barn", "by ann", "3", 2, 0, "left "), (&ben, "hof", "by ben", "4", 0, 2, "right ")]
    {
        node.ok(&["put", space, "plans", "p", &json!({"title": title}).to_string()]);
        let edits = json!([
            {"op":"increment","path":"/n","by": by.parse::<i64>().unwrap()},
            {"op":"move","path":"/steps","from":from,"to":to},
            {"op":"splice","path":"/body","at":0,"insert":text},
        ]);
        node.ok(&["edit", space, "plans", "p", &edits.to_string()]);
    }
    let (_ann_runs, address) = ann.run(&[]);
    let (_ben_runs, _) = ben.run(&["--peer", &address]);
    converge(&ann, &ben);

    let read = |node: &Node, space: &str| node.one(&["get", space, "plans", "p", "--conflicts"]);
    let seen = read(&ann, "barn");
    let mut there = read(&ben, "hof");
    let known = |seen: &Json| {
        let conflict = &seen["conflicts"][0];
        [&conflict["shown"], &conflict["lost"]]
            .map(|side| (side["name"].clone(), side["known"].clone()))
    };
    assert_eq!(known(&seen), [("ben", "book"), ("ann", "own")].map(|(a, b)| (json!(a), json!(b))));
    assert_eq!(known(&there), [("ben", "own"), ("ann", "book")].map(|(a, b)| (json!(a), json!(b))));
    for side in ["shown", "lost"] {
        there["conflicts"][0][side]["known"] = seen["conflicts"][0][side]["known"].clone();
    }
    assert_eq!(seen, there);
    let value = &seen["value"];
    assert_eq!((&value["n"], &value["steps"]), (&json!(7), &json!(["c", "b", "a"])));
    let body = value["body"].as_str().unwrap();
    assert!(body.contains("left ") && body.contains("right ") && body.ends_with('x'), "{body}");
    assert_eq!(value["title"], "by ben", "the later one is read");
    let lost = &seen["conflicts"][0];
    assert_eq!((&lost["path"], &lost["lost"]["value"]), (&json!("/title"), &json!("by ann")));
    assert_eq!((&lost["shown"]["value"], &lost["n"]), (&json!("by ben"), &json!(1)));
    let rows = ben.ok(&["query", "hof", "SELECT id FROM plans WHERE has_conflicts"]);
    assert_eq!(rows, [json!({"id":"p"})]);

    let listed = ben.one(&["conflicts", "hof"]);
    let conflicts = read(&ben, "hof")["conflicts"].clone();
    assert_eq!((&listed["id"], &listed["conflicts"]), (&json!("p"), &conflicts));
    assert_eq!(ben.ok(&["conflicts", "hof", "plans"]), [listed]);

    let refusal = ben.refused(&["settle", "hof", "plans", "p", "/title", "--take", "2"]);
    assert_eq!(refusal.code, "NotFound", "{}", refusal.reason);
    let settle = ["settle", "hof", "plans", "p", "/title", "--take", "1", "--base"];
    let refusal = ben.refused(&[&settle[..], &["an older one"]].concat());
    assert_eq!(refusal.code, "StaleVersion", "{}", refusal.reason);
    ben.ok(&settle[..7]);
    converge(&ann, &ben);
    let seen = read(&ann, "barn");
    assert_eq!((&seen["conflicts"], &seen["value"]["title"]), (&json!([]), &json!("by ann")));
    assert!(ann.ok(&["conflicts", "barn"]).is_empty());
}

#[test]
fn a_reader_receives_and_is_refused_its_own_writes() {
    let (ann, ben) = (Node::with_barn(), Node::new("ben"));
    ann.ok(&["put", "barn", "tasks", "a", r#"{"n":1}"#]);
    let joined = ben.one(&["join", &ann.ticket(&["--role", "reader"])]);
    assert_eq!(joined["role"], "reader");
    let (_ann_runs, address) = ann.run(&[]);
    let (_ben_runs, _) = ben.run(&["--peer", &address]);
    converge(&ann, &ben);
    assert_eq!(ben.one(&["get", "barn", "tasks", "a"]), json!({"n":1}));
    let before = ben.state();
    for command in [
        &["put", "barn", "tasks", "a", r#"{"n":2}"#][..],
        &["put", "barn", "tasks", "--new", "{}"],
        &["delete", "barn", "tasks", "a"],
        &["edit", "barn", "tasks", "a", r#"[{"op":"set","path":"/n","value":3}]"#],
    ] {
        let refusal = ben.refused(command);
        assert_eq!(refusal.code, "Denied", "{command:?}: {}", refusal.reason);
        assert!(refusal.remedy.contains("invitation"), "{}", refusal.remedy);
    }
    let refusal = ben.refused(&["invite", "barn"]);
    assert_eq!(refusal.code, "Denied");
    assert_eq!(ben.state(), before);
}

#[test]
fn an_agent_says_what_it_is_about_and_takes_it_back() {
    let (ann, ben) = (Node::with_barn(), Node::new("ben"));
    ben.ok(&["join", &ann.ticket(&["--role", "reader"])]);
    let refusal = ben.refused(&["presence", "barn", "--set", "1"]);
    assert_eq!(refusal.code, "Network", "nobody would hear it: {}", refusal.reason);
    let (_ann_runs, address) = ann.run(&[]);
    let (_ben_runs, _) = ben.run(&["--peer", &address]);
    let mut watch = ann.start(&["presence", "barn", "--watch"]);
    assert_eq!(watch.next(), json!({"presence": []}));

    let working = json!({"agent": "prunes", "id": "p"});
    assert!(
        ben.ok(&["presence", "barn", "--set", &working.to_string(), "--for", "10m"]).is_empty()
    );
    let heard = watch.next()["presence"][0].clone();
    assert_eq!((&heard["name"], &heard["kind"]), (&json!("ben"), &json!("human")));
    assert_eq!((&heard["device"], &heard["state"]), (&ben.one(&["status"])["device"], &working));
    assert_eq!(ann.ok(&["presence", "barn"]), [heard]);
    assert!(ben.ok(&["presence", "barn"]).is_empty(), "nobody hears of oneself");
    ben.ok(&["presence", "barn", "--clear"]);
    assert_eq!(watch.next(), json!({"presence": []}));

    assert_eq!(ben.refused(&["presence", "barn", "--set", "no json"]).code, "InvalidInput");
    let too_long = ben.refused(&["presence", "barn", "--set", "1", "--for", "2h"]);
    assert_eq!(too_long.code, "InvalidInput");
}
