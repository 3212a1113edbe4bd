//! The change feed and live queries.

use serde_json::json;

use crate::node::Node;

#[test]
fn a_consumer_is_told_everything_then_goes_on_after_what_it_acknowledged() {
    let node = Node::with_barn();
    for id in ["a", "b"] {
        node.ok(&["put", "barn", "tasks", id, r#"{"n":1}"#]);
    }
    let mut watch = node.start(&["watch", "barn", "--consumer", "backup"]);
    let (first, second) = (watch.next(), watch.next());
    assert_eq!((&first["id"], &second["id"]), (&json!("a"), &json!("b")));
    let me = node.one(&["status"])["device"].clone();
    assert_eq!((&first["device"], &first["collection"]), (&me, &json!("tasks")));
    assert_eq!((&first["kind"], &first["origin"]), (&json!("human"), &json!("local")));
    assert!(first["paths"].is_array() && first["time"].as_str().unwrap().ends_with('Z'), "{first}");

    // Nothing was acknowledged: told again. Then up to the first.
    watch.signal("TERM");
    assert_eq!(watch.wait(), Some(0));
    let mut watch = node.start(&["watch", "barn", "--consumer", "backup"]);
    assert_eq!(watch.next(), first);
    let seq = first["seq"].to_string();
    assert!(node.ok(&["ack", "barn", "backup", &seq]).is_empty());
    watch.signal("TERM");
    assert_eq!(watch.wait(), Some(0));
    let mut watch = node.start(&["watch", "barn", "--consumer", "backup"]);
    assert_eq!(watch.next(), second);
}

#[test]
fn acknowledged_lines_are_not_repeated_also_through_the_socket() {
    let node = Node::with_barn();
    let (_run, _) = node.run(&[]);
    let mut watch = node.start(&["watch", "barn", "--consumer", "backup", "--ack"]);
    node.ok(&["put", "barn", "tasks", "a", "{}"]);
    assert_eq!(watch.next()["id"], "a");
    // The second line comes only after the first one's batch was acknowledged.
    node.ok(&["put", "barn", "tasks", "b", "{}"]);
    assert_eq!(watch.next()["id"], "b");
    watch.signal("INT");
    assert_eq!(watch.wait(), Some(0));
    let mut watch = node.start(&["watch", "barn", "--consumer", "backup"]);
    node.ok(&["put", "barn", "tasks", "c", "{}"]);
    assert_ne!(watch.next()["id"], "a");
}

#[test]
fn a_live_query_prints_a_snapshot_then_what_changes() {
    let node = Node::with_barn();
    node.ok(&["put", "barn", "tasks", "b", r#"{"n":1}"#]);
    let sql = "SELECT id, json_extract(doc, '$.n') AS n FROM tasks ORDER BY id";
    let mut live = node.start(&["query", "barn", sql, "--watch"]);
    assert_eq!(live.next(), json!({"snapshot":[{"id":"b","n":1}],"more":false}));
    node.ok(&["put", "barn", "tasks", "a", r#"{"n":2}"#]);
    let inserted = json!([{"at":0,"row":{"id":"a","n":2}}]);
    let difference = json!({"removed":[],"inserted":inserted,"moved":[],"changed":[],"more":false});
    assert_eq!(live.next(), difference);
    node.ok(&["put", "barn", "tasks", "b", r#"{"n":3}"#]);
    let changed = json!([{"at":1,"row":{"id":"b","n":3}}]);
    let difference = json!({"removed":[],"inserted":[],"moved":[],"changed":changed,"more":false});
    assert_eq!(live.next(), difference);
    node.ok(&["delete", "barn", "tasks", "a"]);
    let difference = json!({"removed":[0],"inserted":[],"moved":[],"changed":[],"more":false});
    assert_eq!(live.next(), difference);
}
