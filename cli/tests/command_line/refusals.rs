//! Bad input: exit code 1, an error that names the thing and the remedy, and nothing changes.

use std::{
    fs::{self, File},
    net::UdpSocket,
};

use serde_json::{Value as Json, json};

use crate::node::{Node, Refusal};

/// A node with a document that has one of everything.
fn furnished() -> Node {
    let node = Node::with_barn();
    let document =
        r#"{"s":"string","n":1,"c":{"$counter":1},"l":["a"],"t":{"$text":"a😀b"},"o":{"k":1}}"#;
    node.ok(&["put", "barn", "tasks", "a", document]);
    node
}

/// Asserts the code, that the reason names something, and that there is a remedy.
#[track_caller]
fn assert_says(refusal: &Refusal, code: &str, names: &str) {
    assert_eq!(refusal.code, code, "{refusal:?}");
    assert!(refusal.reason.contains(names), "{names:?} is not named: {refusal:?}");
    assert!(refusal.remedy.len() > 5, "{refusal:?}");
}

#[test]
fn values_that_no_document_can_hold() {
    let node = furnished();
    let before = node.state();
    let deep = format!("{}1{}", r#"{"a":"#.repeat(40), "}".repeat(40));
    let very_deep = format!("\n{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let big = json!({"big": "x".repeat(1 << 21)}).to_string();
    let huge =
        json!({"items": (0..6).map(|_| "x".repeat(1_000_000)).collect::<Vec<_>>()}).to_string();
    let long_key = json!({"k".repeat(1_020): 1}).to_string();
    let endless_key = json!({"k".repeat(100_000): {"$text": "x"}}).to_string();
    let (over, under) = ("k".repeat(500), "l".repeat(500));
    let far_below = json!({"o": [{over: {under: {"$counter": 1}}}]}).to_string();
    for (value, code, names) in [
        (r#"{"a":"#, "InvalidInput", "line 1 column 6"),
        ("", "InvalidInput", "not JSON"),
        ("{'a':1}", "InvalidInput", "not JSON"),
        (r#"{"a":NaN}"#, "InvalidInput", "not JSON"),
        (r#"{"a":Infinity}"#, "InvalidInput", "not JSON"),
        (r#"{"a":1e999}"#, "InvalidInput", "/a is the number 1e999, too large"),
        (r#"{"a":[0,1e-999]}"#, "InvalidInput", "/a/1 is the number 1e-999, too close to zero"),
        (r#"{"a":9223372036854775809}"#, "InvalidInput", "9223372036854775809"),
        (r#"{"a":18446744073709551615}"#, "InvalidInput", "18446744073709551615"),
        (
            r#"{"a":[18446744073709551617]}"#,
            "InvalidInput",
            "/a/0 is the whole number 18446744073709551617",
        ),
        (r#"{"a":-9223372036854775809}"#, "InvalidInput", "-9223372036854775809"),
        ("[1]", "InvalidInput", "object"),
        ("5", "InvalidInput", "object"),
        ("\"x\"", "InvalidInput", "object"),
        ("null", "InvalidInput", "object"),
        (r#"{"a":{"b":1,"b":2}}"#, "InvalidInput", "/a/b stands twice"),
        (r#"{"a":["\ud800"]}"#, "InvalidInput", "/a/0 holds \\ud800"),
        (r#"{"a":{"$money":1,"$text":1}, x}"#, "InvalidInput", "line 1 column 30"),
        (r#"{"a":{"$text":1}}"#, "InvalidInput", "$text"),
        (r#"{"a":{"$counter":1.5}}"#, "InvalidInput", "$counter"),
        (&deep, "InvalidInput", "nested deeper than 32"),
        (&very_deep, "InvalidInput", "nested deeper than 32 (line 2 column 34)"),
        (&big, "LimitExceeded", "tasks/a"),
        (&long_key, "LimitExceeded", "path"),
        (&far_below, "LimitExceeded", "path"),
        (&endless_key, "LimitExceeded", "path"),
        (&huge, "LimitExceeded", "tasks/a"),
    ] {
        let refusal = node.refused_fed(&["put", "barn", "tasks", "a", "-"], value.as_bytes());
        assert_says(&refusal, code, names);
        assert!(refusal.reason.len() < 500, "{} bytes of reason", refusal.reason.len());
        let refusal = node.refused_fed(&["put", "barn", "tasks", "--new", "-"], value.as_bytes());
        assert_eq!(refusal.code, code, "{refusal:?}");
    }
    let refusal = node.refused_fed(&["put", "barn", "tasks", "a", "-"], b"{\"a\":\"\xff\"}");
    assert_says(&refusal, "InvalidInput", "UTF-8");
    assert_eq!(node.state(), before);
}

#[test]
fn a_document_that_would_outgrow_what_can_travel() {
    let node = furnished();
    let part = "x".repeat(500_000);
    let mut kept = 0;
    let refusal = loop {
        let patch = json!({format!("part{kept}"): part}).to_string();
        let before = node.state();
        let output = node.fed(&["--json", "put", "barn", "tasks", "a", "-"], patch.as_bytes());
        if !output.status.success() {
            assert_eq!(node.state(), before);
            break serde_json::from_slice::<Json>(&output.stderr).unwrap();
        }
        kept += 1;
        assert!(kept < 10, "there is no bound");
    };
    assert_eq!(refusal["code"], "LimitExceeded", "{refusal}");
    assert!(kept >= 2, "a document holds more than one of these");
    assert!(refusal["reason"].as_str().unwrap().contains("tasks/a"), "{refusal}");
    assert_eq!(node.one(&["get", "barn", "tasks", "a"])["s"], "string");
}

#[test]
fn edits_that_do_not_fit() {
    let node = furnished();
    let before = node.state();
    let long_path = "/a".repeat(40);
    for (edit, code, names) in [
        (json!({"op":"splice","path":"/t","at":5,"insert":"x"}), "InvalidInput", "5"),
        (json!({"op":"splice","path":"/t","at":0,"delete":9}), "InvalidInput", "/t"),
        (json!({"op":"splice","path":"/t","at":2,"insert":"x"}), "InvalidInput", "/t"),
        (json!({"op":"splice","path":"/t","at":1,"delete":1}), "InvalidInput", "/t"),
        (json!({"op":"splice","path":"/s","at":0,"insert":"x"}), "WrongKind", "/s"),
        (json!({"op":"splice","path":"/c","at":0,"insert":"x"}), "WrongKind", "/c"),
        (json!({"op":"increment","path":"/s"}), "WrongKind", "/s"),
        (json!({"op":"increment","path":"/l"}), "WrongKind", "/l"),
        (json!({"op":"insert","path":"/o","at":0,"value":1}), "WrongKind", "/o"),
        (json!({"op":"insert","path":"/l","at":9,"value":1}), "InvalidInput", "/l"),
        (json!({"op":"delete-item","path":"/l","at":1}), "InvalidInput", "/l"),
        (json!({"op":"set","path":"a","value":1}), "InvalidInput", "edit 0"),
        (json!({"op":"set","path":"/a"}), "InvalidInput", "value"),
        (json!({"op":"paint","path":"/a"}), "InvalidInput", "paint"),
        (json!({"op":"set","path":"/a","value":1,"vaule":2}), "InvalidInput", "vaule"),
        (json!({"op":"set","path":long_path,"value":1}), "InvalidInput", "32"),
        (json!({"op":"set","path":"/a","value":{"$set":1}}), "InvalidInput", "$set"),
    ] {
        let harmless = json!({"op":"set","path":"/before","value":true});
        let edits = json!([harmless, edit]).to_string().replace("edit 0", "edit 1");
        let refusal = node.refused(&["edit", "barn", "tasks", "a", &edits]);
        assert_says(&refusal, code, &names.replace("edit 0", "edit 1"));
    }
    let refusal = node.refused(&["edit", "barn", "tasks", "a", "{}"]);
    assert_says(&refusal, "InvalidInput", "array");
    let refusal = node.refused(&["edit", "barn", "tasks", "a", "[{"]);
    assert_says(&refusal, "InvalidInput", "not JSON");
    assert_eq!(node.state(), before);
    node.one(&["put", "barn", "tasks", "gone", "{}"]);
    node.one(&["delete", "barn", "tasks", "gone"]);
    let edits = r#"[{"op":"set","path":"/a","value":1}]"#;
    assert_says(&node.refused(&["edit", "barn", "tasks", "gone", edits]), "NotFound", "tasks/gone");
    assert_eq!(node.one(&["get", "barn", "tasks", "a"])["t"], "a😀b");
}

#[test]
fn a_base_that_is_no_version_or_too_old() {
    let node = furnished();
    let read = node.one(&["get", "barn", "tasks", "a", "--version"]);
    let old = read["version"].as_str().unwrap();
    let write = r#"[{"op":"splice","path":"/t","at":0,"insert":"x"}]"#;
    // Only the process that keeps the document open knows how its text has changed.
    node.ok(&["edit", "barn", "tasks", "a", write]);
    let before = node.state();
    let refusal = node.refused(&["edit", "barn", "tasks", "a", write, "--base", old]);
    assert_says(&refusal, "StaleVersion", "/t");
    assert!(refusal.remedy.contains("read"), "{refusal:?}");
    let refusal = node.refused(&["edit", "barn", "tasks", "a", write, "--base", "nonsense"]);
    assert_says(&refusal, "InvalidInput", "version");
    assert_eq!(node.state(), before);
}

#[test]
fn names_that_are_not_there_or_not_proper() {
    let node = furnished();
    let before = node.state();
    assert_says(&node.refused(&["get", "shed", "tasks", "a"]), "NotFound", "shed");
    assert_says(&node.refused(&["space", "members", "shed"]), "NotFound", "shed");
    assert_says(&node.refused(&["put", "barn", "Tasks", "a", "{}"]), "InvalidInput", "Tasks");
    assert_says(&node.refused(&["put", "barn", "tasks", "", "{}"]), "InvalidInput", "");
    assert_says(&node.refused(&["put", "barn", "tasks", "a\nb", "{}"]), "InvalidInput", "");
    let long = "x".repeat(129);
    assert_says(&node.refused(&["put", "barn", "tasks", &long, "{}"]), "InvalidInput", "");
    assert_says(&node.refused(&["space", "create", "barn"]), "AlreadyExists", "barn");
    assert_says(&node.refused(&["space", "create", ""]), "InvalidInput", "");
    assert_says(&node.refused(&["ack", "barn", "nobody", "1"]), "NotFound", "nobody");
    assert_eq!(node.state(), before);
}

#[test]
fn a_name_that_several_spaces_have_lists_them() {
    let (ann, ben) = (Node::with_barn(), Node::with_barn());
    ben.ok(&["join", &ann.ticket(&[])]);
    let ids: Vec<String> = ben
        .ok(&["space", "list"])
        .iter()
        .map(|space| space["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    let refusal = ben.refused(&["get", "barn", "tasks", "a"]);
    assert_says(&refusal, "InvalidInput", &ids[0][..10]);
    assert_says(&refusal, "InvalidInput", &ids[1][..10]);
    assert_eq!(ben.ok(&["put", &ids[0][..12], "tasks", "a", "{}"]).len(), 1);
}

#[test]
fn tickets_that_do_not_open_anything() {
    let (ann, ben) = (Node::with_barn(), Node::new("ben"));
    let ticket = ann.ticket(&[]);
    let truncated = &ticket[..ticket.len() - 9];
    assert_says(&ben.refused(&["join", truncated]), "InvalidInput", "9");
    let last = ticket.chars().last().unwrap();
    let middle = ticket.len() / 2;
    let other = if ticket.as_bytes()[middle] == b'a' { "b" } else { "a" };
    let altered = format!("{}{other}{}", &ticket[..middle], &ticket[middle + 1..]);
    assert_says(&ben.refused(&["join", &altered]), "InvalidInput", "");
    assert_says(&ben.refused(&["join", "dunlin"]), "InvalidInput", "");
    assert_says(&ben.refused(&["join", &format!("dunlin2{last}")]), "InvalidInput", "");
    assert_says(&ben.refused(&["join", ""]), "InvalidInput", "");
    assert_eq!(ben.ok(&["join", &ann.ticket(&[])]).len(), 1);
    assert_eq!(ben.ok(&["space", "list"]).len(), 1, "joining works with a ticket as it is");
    let ben = Node::new("eve");
    let expired = ann.ticket(&["--expires", "0s"]);
    let refusal = ben.refused(&["join", &expired]);
    assert_says(&refusal, "Expired", "expired");
    assert!(refusal.remedy.contains("new ticket"), "{refusal:?}");
    assert_eq!(ben.state(), json!([]));
}

#[test]
fn sql_that_is_not_a_bounded_question_about_collections() {
    let node = furnished();
    let before = node.state();
    let runaway =
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r";
    let endless = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r";
    let internal = "SELECT name FROM sqlite_master";
    let shadow = "WITH tasks AS (SELECT * FROM _statements) SELECT * FROM tasks";
    for (sql, code) in [
        ("INSERT INTO tasks VALUES ('x', '{}', 0)", "Denied"),
        ("DELETE FROM _documents", "Denied"),
        ("DROP VIEW tasks", "Denied"),
        ("ATTACH DATABASE '/tmp/x' AS x", "Denied"),
        ("PRAGMA user_version = 9", "Denied"),
        ("SELECT 1; SELECT 2", "InvalidInput"),
        ("SELEC id FROM tasks", "InvalidInput"),
        ("", "InvalidInput"),
        ("SELECT * FROM nothing_here", "NotFound"),
        (internal, "Denied"),
        (shadow, "Denied"),
        (runaway, "LimitExceeded"),
        (endless, "LimitExceeded"),
        ("SELECT id FROM tasks WHERE id = ?", "InvalidInput"),
    ] {
        let refusal = node.refused(&["query", "barn", sql]);
        assert_eq!(refusal.code, code, "{sql}: {refusal:?}");
        assert!(!refusal.reason.is_empty() && !refusal.remedy.is_empty(), "{sql}: {refusal:?}");
    }
    assert_eq!(node.state(), before);
}

#[test]
fn directories_that_cannot_be_used() {
    let bare = Node::bare();
    assert_says(&bare.refused(&["status"]), "NotFound", "not a node");
    assert!(!bare.dir().exists(), "looking makes nothing");

    let node = furnished();
    let refusal = node.refused(&["init"]);
    assert_says(&refusal, "AlreadyExists", "already");
    assert_eq!(node.one(&["status"])["name"], "ann");

    let file = node.dir().join("file");
    fs::write(&file, "").unwrap();
    assert!(!Node::at(&file.join("x")).refused(&["init"]).reason.is_empty());
}

#[test]
fn a_directory_of_a_newer_release_is_left_as_it_is() {
    let node = furnished();
    let database = node.dir().join("device.sqlite");
    let mut bytes = fs::read(&database).unwrap();
    // The header's user version (SQLite file format, section 1.3).
    bytes[60..64].copy_from_slice(&999_u32.to_be_bytes());
    fs::write(&database, &bytes).unwrap();
    for command in [&["status"][..], &["put", "barn", "tasks", "a", "{}"], &["init"]] {
        let refusal = node.refused(command);
        assert_says(&refusal, "NewerSchema", "999");
        assert!(refusal.remedy.contains("update"), "{refusal:?}");
    }
    assert_eq!(fs::read(&database).unwrap(), bytes);
}

#[test]
fn a_space_of_a_newer_release_is_left_as_it_is() {
    let node = furnished();
    let space = node.one(&["space", "list"])["id"].as_str().unwrap().to_owned();
    let database = node.dir().join("spaces").join(format!("{space}.sqlite"));
    let mut bytes = fs::read(&database).unwrap();
    // The header's user version (SQLite file format, section 1.3).
    bytes[60..64].copy_from_slice(&999_u32.to_be_bytes());
    fs::write(&database, &bytes).unwrap();
    let refusal = node.refused(&["put", "barn", "tasks", "a", "{}"]);
    assert_says(&refusal, "NewerSchema", "999");
    assert_eq!(fs::read(&database).unwrap(), bytes);
}

#[test]
fn a_file_of_another_program_is_neither_taken_over_nor_touched() {
    let bare = Node::bare();
    fs::create_dir_all(bare.dir()).unwrap();
    let database = bare.dir().join("device.sqlite");
    fs::write(&database, "a diary").unwrap();
    assert_says(&bare.refused(&["status"]), "Corrupt", "device.sqlite");
    assert_eq!(fs::read(&database).unwrap(), b"a diary");
    assert_eq!(fs::read_dir(bare.dir()).unwrap().count(), 1, "not even a lock is left");
}

#[test]
fn a_directory_that_another_process_keeps_is_waited_for_then_refused() {
    let node = furnished();
    let lock = File::open(node.dir().join("lock")).unwrap();
    lock.lock().unwrap();
    let refusal = node.refused(&["put", "barn", "tasks", "a", r#"{"n":2}"#]);
    assert_says(&refusal, "AlreadyOpen", node.dir().to_str().unwrap());
    drop(lock);
    assert_eq!(node.one(&["get", "barn", "tasks", "a"])["n"], 1);
}

#[test]
fn an_address_that_cannot_be_had() {
    let node = furnished();
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let refusal = node.refused(&["run", "--no-mdns", "--listen", &address.to_string()]);
    assert_says(&refusal, "Network", &address.port().to_string());
    assert!(!node.dir().join("socket").exists());
    let refusal = node.refused(&["run", "--no-mdns", "--listen", "192.0.2.77:0"]);
    assert_says(&refusal, "Network", "192.0.2.77");
    let refusal = node.refused(&["run", "--no-mdns", "--peer", "nowhere.invalid:1"]);
    assert_says(&refusal, "Network", "nowhere.invalid:1");
}
