//! What peers sent that was refused, as the command line tells it.

use serde_json::json;

use crate::node::Node;

#[test]
fn what_was_refused_is_listed_until_it_is_forgotten() {
    let node = Node::with_barn();
    assert!(node.ok(&["quarantine", "barn"]).is_empty());
    let files = std::fs::read_dir(node.dir().join("spaces")).unwrap();
    let mut files = files.map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|it| it == "sqlite")).unwrap();
    let sql = "INSERT INTO _quarantine (peer, document, reason, size, bytes, time)
               VALUES (?1, 'tasks/a', 'malformed update', 70000, x'ff', 1700000000123)";
    rusqlite::Connection::open(file).unwrap().execute(sql, [[7; 32]]).unwrap();

    let kept = node.one(&["quarantine", "barn"]);
    assert_eq!((&kept["document"], &kept["bytes"]), (&json!("tasks/a"), &json!(70_000)));
    assert_eq!(kept["reason"], "malformed update");
    assert_eq!(kept["time"], "2023-11-14T22:13:20.123Z");
    let peer = kept["peer"].as_str().unwrap();
    assert_eq!(node.one(&["quarantine", "barn", "--empty"]), json!({"forgotten": 1}));
    assert!(node.ok(&["quarantine", "barn"]).is_empty());
    assert!(!peer.is_empty());
}
