//! Several documents at once, from the command line.

use serde_json::json;

use crate::node::Node;

const COMMAND: [&str; 2] = ["transaction", "barn"];

#[test]
fn lines_are_written_in_one_commit_and_answered_once() {
    let node = Node::with_barn();
    node.ok(&["put", "barn", "tasks", "old", r#"{"a":1,"b":2}"#]);
    node.ok(&["put", "barn", "tasks", "gone", "{}"]);
    let lines = br#"{"collection":"tasks","id":"old","put":{"a":null,"c":3}}

{"collection":"tasks","id":"old","edit":[{"op":"increment","path":"/n","by":4}]}
{"collection":"notes","id":"new","put":{"body":{"$text":"x"}}}
{"collection":"tasks","id":"gone","delete":true}
"#;
    let answers = node.ok_fed(&COMMAND, lines);
    assert_eq!(answers, [json!({"documents": 3, "writes": 4, "seq": 9})]);
    assert_eq!(node.one(&["get", "barn", "tasks", "old"]), json!({"b": 2, "c": 3, "n": 4}));
    assert_eq!(node.one(&["get", "barn", "notes", "new"]), json!({"body": "x"}));
    assert_eq!(node.refused(&["get", "barn", "tasks", "gone"]).code, "NotFound");

    let whole = br#"{"collection":"tasks","id":"old","put":{"a":null,"$text":"t"}}"#;
    node.ok_fed(&["transaction", "barn", "--whole", "--plain"], whole);
    assert_eq!(node.one(&["get", "barn", "tasks", "old"]), json!({"a": null, "$text": "t"}));
    let nothing = node.ok_fed(&COMMAND, b"\n");
    assert_eq!(nothing, [json!({"documents": 0, "writes": 0, "seq": null})]);
}

#[test]
fn one_refusal_leaves_nothing_and_says_where() {
    let node = Node::with_barn();
    let first = r#"{"collection":"tasks","id":"a","put":{"n":1}}"#;
    for (second, code, said) in [
        (r#"{"collection":"tasks","id":"b","delete":true}"#, "NotFound", "tasks/b"),
        (r#"{"collection":"tasks","id":"b","put":[1]}"#, "InvalidInput", "tasks/b"),
        (r#"{"collection":"tasks","id":"b","edit":[{"op":"?"}]}"#, "InvalidInput", "line 2"),
        (r#"{"collection":"tasks","id":"b","delete":false}"#, "InvalidInput", "line 2"),
        (r#"{"collection":"tasks","id":"b"}"#, "InvalidInput", "line 2"),
        (r#"{"collection":"Tasks","id":"b","put":{}}"#, "InvalidInput", "line 2"),
        (r#"{"collection":"tasks","put":{}}"#, "InvalidInput", "line 2"),
        (r#"{"collection":"tasks","id":"b","put":{},"edit":[]}"#, "InvalidInput", "line 2"),
        (r#"{"collection":"tasks","id":"b","put":"#, "InvalidInput", "line 2"),
    ] {
        let refusal = node.refused_fed(&COMMAND, format!("{first}\n{second}\n").as_bytes());
        assert_eq!(refusal.code, code, "{second}");
        assert!(refusal.reason.contains(said), "{second}: {}", refusal.reason);
    }
    let many: String = (0..=1000)
        .map(|n| format!("{{\"collection\":\"tasks\",\"id\":\"{n}\",\"put\":{{}}}}\n"))
        .collect();
    assert_eq!(node.refused_fed(&COMMAND, many.as_bytes()).code, "LimitExceeded");
    assert_eq!(node.refused(&["get", "barn", "tasks", "a"]).code, "NotFound");
}
