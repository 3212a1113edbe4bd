//! Texts.

use serde_json::{Value as Json, json};

use crate::pair::{Outcome, agree, concurrently, concurrently_then, edit, put};

#[test]
fn text_and_text_both_edits_are_there() {
    concurrently(
        json!({"t": {"$text": "Hello"}}),
        edit(json!({"op":"splice","path":"/t","at":5,"insert":" world"})),
        edit(json!({"op":"splice","path":"/t","at":0,"delete":1,"insert":"J"})),
        agree(json!({"t": "Jello world"})),
    );
}

#[test]
fn text_and_text_created_at_one_path_share_one_text() {
    concurrently_then(
        Json::Null,
        put(json!({"t": {"$text": "one"}})),
        put(json!({"t": {"$text": "two"}})),
        |devices| {
            let text = devices[0].json()["t"].as_str().map(str::to_owned);
            assert!(matches!(text.as_deref(), Some("onetwo" | "twoone")), "{text:?}");
            assert_eq!(devices[0].conflicts(), json!([]));
        },
    );
}

#[test]
fn text_and_string_the_string_replaces_and_late_typing_is_a_conflict() {
    concurrently(
        json!({"t": {"$text": "Hello"}}),
        edit(json!({"op":"splice","path":"/t","at":5,"insert":" world"})),
        edit(json!({"op":"set","path":"/t","value":"plain"})),
        Outcome { value: json!({"t": "plain"}), conflicts: json!([["/t", " world"]]) },
    );
}

#[test]
fn text_and_put_string_both_edits_are_there_since_the_string_is_a_difference() {
    concurrently(
        json!({"t": {"$text": "Hello"}}),
        edit(json!({"op":"splice","path":"/t","at":5,"insert":" world"})),
        put(json!({"t": "Hullo"})),
        agree(json!({"t": "Hullo world"})),
    );
}

#[test]
fn text_edited_and_removed_keep_late_typing_as_a_conflict() {
    concurrently(
        json!({"t": {"$text": "Hello"}, "x": 1}),
        edit(json!({"op":"splice","path":"/t","at":5,"insert":" world"})),
        put(json!({"t": null})),
        Outcome { value: json!({"x": 1}), conflicts: json!([["/t", " world"]]) },
    );
}
