//! Texts.

use serde_json::{Value as Json, json};

use crate::{
    pair::{agree, concurrently, concurrently_then, edit, outcome, put},
    support::Device,
};

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
fn text_and_text_created_at_one_path_are_two_of_which_one_is_there() {
    let begin = |content: &str| put(json!({"t": {"$text": content}}));
    // Of two beginnings of a document neither is later.
    concurrently_then(Json::Null, begin("one"), begin("two"), |devices| {
        let text = devices[0].json()["t"].as_str().map(str::to_owned);
        let other = if text.as_deref() == Some("one") { "two" } else { "one" };
        assert!(matches!(text.as_deref(), Some("one" | "two")), "{text:?}");
        assert_eq!(devices[0].conflicts(), json!([["/t", other]]));
    });
    let lost = || json!([["/t", "one"]]);
    concurrently(json!({}), begin("one"), begin("two"), outcome(json!({"t": "two"}), lost()));
    concurrently(json!({}), begin("one"), begin("one"), agree(json!({"t": "one"})));
}

#[test]
fn text_and_text_begun_empty_share_one_text() {
    let typed = |word: &str| edit(json!({"op":"splice","path":"/t","at":0,"insert":word}));
    concurrently_then(json!({}), typed("one"), typed("two"), |devices| {
        let text = devices[0].json()["t"].as_str().map(str::to_owned);
        assert!(matches!(text.as_deref(), Some("onetwo" | "twoone")), "{text:?}");
        assert_eq!(devices[0].conflicts(), json!([]));
    });
}

#[test]
fn text_and_string_the_string_replaces_and_late_typing_is_a_conflict() {
    concurrently(
        json!({"t": {"$text": "Hello"}}),
        edit(json!({"op":"splice","path":"/t","at":5,"insert":" world"})),
        edit(json!({"op":"set","path":"/t","value":"plain"})),
        outcome(json!({"t": "plain"}), json!([["/t", " world"]])),
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
        outcome(json!({"x": 1}), json!([["/t", " world"]])),
    );
}

#[test]
fn text_and_new_text_the_new_stands_and_late_typing_is_a_conflict() {
    let start = json!({"t": {"$text": "Hello"}});
    let anew = || edit(json!({"op":"set","path":"/t","value":{"$text":"Bye"}}));
    let expected = || outcome(json!({"t": "Bye"}), json!([["/t", " world"]]));
    concurrently(start.clone(), world("/t"), anew(), expected());
    concurrently(start, anew(), world("/t"), expected());
}

#[test]
fn text_and_text_set_anew_at_one_path_the_later_is_there_and_the_other_a_conflict_whole() {
    let anew = |content: &str| edit(json!({"op":"set","path":"/t","value":{"$text":content}}));
    let start = || json!({"t": {"$text": "Hello"}});
    concurrently(start(), anew("A"), anew("B"), outcome(json!({"t": "B"}), json!([["/t", "A"]])));
}

#[test]
fn string_and_string_put_over_one_text_both_count_as_differences() {
    let start = json!({"t": {"$text": "Hello"}});
    let one = || put(json!({"t": "Hullo"}));
    let other = || put(json!({"t": "Hello!"}));
    concurrently(start.clone(), one(), other(), agree(json!({"t": "Hullo!"})));
    concurrently(start, other(), one(), agree(json!({"t": "Hullo!"})));
}

#[test]
fn text_edited_and_object_above_removed_or_replaced_keep_late_typing_as_a_conflict() {
    let start = json!({"a": {"t": {"$text": "Hello"}}, "x": 1});
    let removed = || edit(json!({"op":"remove","path":"/a"}));
    let replaced = || edit(json!({"op":"set","path":"/a","value":7}));
    let lost = || json!([["/a/t", " world"]]);
    concurrently(start.clone(), world("/a/t"), removed(), outcome(json!({"x": 1}), lost()));
    concurrently(start.clone(), removed(), world("/a/t"), outcome(json!({"x": 1}), lost()));
    concurrently(
        start.clone(),
        world("/a/t"),
        replaced(),
        outcome(json!({"a": 7, "x": 1}), lost()),
    );
    concurrently(start, replaced(), world("/a/t"), outcome(json!({"a": 7, "x": 1}), lost()));
}

fn world(path: &str) -> impl Fn(&mut Device) {
    edit(json!({"op":"splice","path":path,"at":5,"insert":" world"}))
}
