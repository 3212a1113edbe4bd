//! Documents from the command line of one node.

use serde_json::{Value as Json, json};

use crate::node::Node;

#[test]
fn a_document_is_created_merged_edited_read_and_deleted() {
    let node = Node::with_barn();
    let task = r#"{"title":"roses","n":{"$counter":1},"body":{"$text":"ab"},"steps":["x","y"]}"#;
    let put = node.one(&["put", "barn", "tasks", "a", task]);
    assert_eq!((&put["id"], &put["seq"]), (&json!("a"), &json!(1)));
    node.ok(&["put", "barn", "tasks", "a", r#"{"title":null,"done":true,"body":"abc"}"#]);
    let edits = r#"[{"op":"increment","path":"/n","by":4},
                    {"op":"splice","path":"/body","at":0,"delete":1,"insert":"é"},
                    {"op":"move","path":"/steps","from":1,"to":0},
                    {"op":"insert","path":"/steps","at":2,"value":"z"},
                    {"op":"set","path":"/who/name","value":"ann"}]"#;
    node.ok(&["edit", "barn", "tasks", "a", edits]);
    assert_eq!(
        node.one(&["get", "barn", "tasks", "a"]),
        json!({"done":true,"n":5,"body":"ébc","steps":["y","x","z"],"who":{"name":"ann"}})
    );
    let kinds = node.one(&["get", "barn", "tasks", "a", "--kinds"]);
    assert_eq!((&kinds["n"], &kinds["body"]), (&json!({"$counter":5}), &json!({"$text":"ébc"})));
    let all = node.one(&["get", "barn", "tasks", "a", "--version", "--conflicts"]);
    assert_eq!((&all["id"], &all["conflicts"]), (&json!("a"), &json!([])));
    assert_eq!(all["value"]["n"], 5);

    assert_eq!(node.one(&["delete", "barn", "tasks", "a"])["id"], "a");
    assert_eq!(node.refused(&["get", "barn", "tasks", "a"]).code, "NotFound");
    let gone = json!({"collection": "tasks", "id": "a", "late_edits": false});
    assert_eq!(node.ok(&["deleted", "barn"]), [gone]);
    node.ok(&["restore", "barn", "tasks", "a"]);
    assert_eq!(node.one(&["get", "barn", "tasks", "a"])["n"], 5);
    assert!(node.ok(&["deleted", "barn", "tasks"]).is_empty());
    assert_eq!(node.refused(&["restore", "barn", "tasks", "a"]).code, "NotFound");
    assert_eq!(node.refused(&["get", "barn", "tasks", "b"]).code, "NotFound");
    assert_eq!(node.refused(&["delete", "barn", "tasks", "b"]).code, "NotFound");
}

#[test]
fn json_and_edits_and_tickets_can_come_from_standard_input() {
    let node = Node::with_barn();
    node.ok_fed(&["put", "barn", "tasks", "a", "-"], br#"{"title":"from stdin"}"#);
    let edits = br#"[{"op":"set","path":"/title","value":"edited"}]"#;
    node.ok_fed(&["edit", "barn", "tasks", "a", "-"], edits);
    assert_eq!(node.one(&["get", "barn", "tasks", "a"]), json!({"title":"edited"}));

    let ben = Node::new("ben");
    let ticket = format!("{}\n", node.ticket(&[]));
    let joined = ben.ok_fed(&["join", "-", "--as", "hof"], ticket.as_bytes());
    assert_eq!((&joined[0]["name"], &joined[0]["alias"]), (&json!("barn"), &json!("hof")));
}

#[test]
fn a_new_id_is_printed_alone_for_scripts() {
    let node = Node::with_barn();
    let output = node.fed(&["put", "barn", "tasks", "--new", r#"{"n":1}"#], b"");
    let id = String::from_utf8(output.stdout).unwrap();
    assert_eq!(id.lines().count(), 1);
    assert_eq!(node.one(&["get", "barn", "tasks", id.trim()]), json!({"n":1}));
}

#[test]
fn an_invitation_prints_the_ticket_alone_and_a_code_on_request() {
    let node = Node::with_barn();
    let output = node.fed(&["invite", "barn", "--role", "reader", "--expires", "1h"], b"");
    let ticket = String::from_utf8(output.stdout).unwrap();
    assert!(ticket.starts_with("dunlin1") && ticket.lines().count() == 1, "{ticket}");
    let output = node.fed(&["invite", "barn", "--qr"], b"");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.lines().last().unwrap().starts_with("dunlin1"), "{printed}");
    assert!(printed.contains('█') && printed.contains('▄'), "{printed}");
}

#[test]
fn many_documents_stream_in_and_a_refused_line_stops_nobody_else() {
    let node = Node::with_barn();
    let mut input = String::new();
    for index in 0..1_000 {
        input += &json!({"id": format!("r{index}"), "value": {"n": index}}).to_string();
        input += "\n";
    }
    let printed = node.ok_fed(&["put", "barn", "readings", "--many"], input.as_bytes());
    assert_eq!(printed.len(), 1_000);
    for (index, line) in printed.iter().enumerate() {
        assert_eq!(line["id"], format!("r{index}"));
        assert!(
            line["seq"].as_i64() > index.checked_sub(1).and_then(|i| printed[i]["seq"].as_i64())
        );
    }

    let input = concat!(
        r#"{"id":"a","value":{"n":1}}"#,
        "\n\n",
        r#"{"id":"b","value":[1]}"#,
        "\n",
        "{\n",
        r#"{"id":"c","value":{"n":{"$text":1}}}"#,
        "\n",
        r#"{"value":{}}"#,
        "\n",
        r#"{"id":"d","value":{"n":2}}"#,
    );
    let output = node.fed(&["--json", "put", "barn", "tasks", "--many"], input.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    let parse = |bytes: Vec<u8>| -> Vec<Json> {
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let ids: Vec<Json> = parse(output.stdout).iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, ["a", "d"]);
    let reasons = parse(output.stderr);
    let lines: Vec<&str> = reasons
        .iter()
        .map(|line| line["reason"].as_str().unwrap().split(':').next().unwrap())
        .collect();
    assert_eq!(lines, ["line 3", "line 4", "line 5", "line 6"]);
    assert!(reasons.iter().all(|line| line["code"] == "InvalidInput"), "{reasons:?}");
}

#[test]
fn each_line_of_many_is_answered_while_the_producer_is_still_there() {
    let node = Node::with_barn();
    let mut many = node.start(&["put", "barn", "readings", "--many"]);
    for index in 0..3 {
        many.feed(&format!("{}\n", json!({"id": format!("r{index}"), "value": {}})));
        assert_eq!(many.next()["id"], format!("r{index}"));
    }
    many.close_stdin();
    assert_eq!(many.wait(), Some(0));
}

#[test]
fn a_query_prints_rows_as_objects_and_takes_parameters() {
    let node = Node::with_barn();
    for (id, n) in [("a", 1), ("b", 20), ("c", 300)] {
        node.ok(&["put", "barn", "tasks", id, &json!({"n": n, "t": id}).to_string()]);
    }
    let sql =
        "SELECT id, json_extract(doc, '$.n') AS n FROM tasks WHERE n > ? AND id <> ? ORDER BY n";
    let rows = node.ok(&["query", "barn", sql, "--param", "5", "--param", "c"]);
    assert_eq!(rows, [json!({"id":"b","n":20})]);
    let output = node.fed(&["query", "barn", "SELECT id FROM tasks ORDER BY id"], b"");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "id\na\nb\nc\n");
}
