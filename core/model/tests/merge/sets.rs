//! Sets.

use serde_json::json;

use crate::pair::{agree, concurrently, concurrently_then, edit, outcome, put};

#[test]
fn add_and_add_of_one_element_have_it_once() {
    let start = || json!({"s": {"$set": ["a"]}});
    let add = |value: serde_json::Value| edit(json!({"op":"add","path":"/s","value":value}));
    concurrently(start(), add(json!("b")), add(json!("b")), agree(json!({"s": ["a", "b"]})));
    concurrently(start(), add(json!(1)), add(json!(1.0)), agree(json!({"s": [1, "a"]})));
    concurrently(start(), add(json!(1)), add(json!("1")), agree(json!({"s": [1, "1", "a"]})));
}

#[test]
fn add_and_discard_of_one_element_keep_it() {
    let start = || json!({"s": {"$set": ["a"]}});
    let add = || edit(json!({"op":"add","path":"/s","value":"a"}));
    let discard = || edit(json!({"op":"discard","path":"/s","value":"a"}));
    concurrently(start(), add(), discard(), agree(json!({"s": ["a"]})));
    concurrently(start(), discard(), add(), agree(json!({"s": ["a"]})));
    concurrently(start(), discard(), discard(), agree(json!({"s": []})));
}

#[test]
fn set_and_set_created_at_one_path_are_one_set() {
    let set =
        |value: serde_json::Value| edit(json!({"op":"set","path":"/s","value":{"$set":value}}));
    let both = || agree(json!({"s": ["a", "b", "c"]}));
    concurrently(json!({}), set(json!(["a", "b"])), set(json!(["b", "c"])), both());
    let added = |value: &str| edit(json!({"op":"add","path":"/s","value":value}));
    concurrently(json!({}), added("a"), added("b"), agree(json!({"s": ["a", "b"]})));
}

#[test]
fn array_and_array_put_over_one_set_both_count_as_differences() {
    let start = json!({"s": {"$set": ["a", "b"]}});
    let one = put(json!({"s": ["b", "c", "c"]}));
    let other = put(json!({"s": ["a", "b", 5]}));
    concurrently(start, one, other, agree(json!({"s": [5, "b", "c"]})));
}

#[test]
fn set_and_list_at_one_path_the_set_is_there_and_the_rest_of_the_list_a_conflict() {
    let set = || edit(json!({"op":"set","path":"/s","value":{"$set":["a","b"]}}));
    let list = || edit(json!({"op":"set","path":"/s","value":["b","c"]}));
    let expected = || outcome(json!({"s": ["a", "b"]}), json!([["/s", ["c"]]]));
    concurrently(json!({}), set(), list(), expected());
    concurrently(json!({}), list(), set(), expected());
    let part = || edit(json!({"op":"set","path":"/s","value":["b"]}));
    concurrently(json!({}), set(), part(), agree(json!({"s": ["a", "b"]})));
}

#[test]
fn set_and_set_made_of_one_list_are_one_set() {
    let start = json!({"s": ["a", "b", "a"]});
    let one = edit(json!({"op":"set","path":"/s","value":{"$set":["a","b"]}}));
    let other = edit(json!({"op":"set","path":"/s","value":{"$set":["a","b","c"]}}));
    concurrently(start, one, other, agree(json!({"s": ["a", "b", "c"]})));
}

#[test]
fn set_made_of_a_list_and_item_inserted_keep_the_item_as_a_conflict() {
    let start = || json!({"s": ["a", "b"]});
    let set = || edit(json!({"op":"set","path":"/s","value":{"$set":["a","b"]}}));
    let insert = || edit(json!({"op":"insert","path":"/s","at":2,"value":"c"}));
    let expected = || outcome(json!({"s": ["a", "b"]}), json!([["/s", ["c"]]]));
    concurrently(start(), set(), insert(), expected());
    concurrently(start(), insert(), set(), expected());
}

#[test]
fn element_added_and_set_removed_keep_the_element() {
    let start = || json!({"s": {"$set": ["a"]}});
    let add = || edit(json!({"op":"add","path":"/s","value":"b"}));
    let remove = || edit(json!({"op":"remove","path":"/s"}));
    let expected = || outcome(json!({"s": ["b"]}), json!([["/s", "absent"]]));
    concurrently(start(), add(), remove(), expected());
    concurrently(start(), remove(), add(), expected());
}

#[test]
fn set_and_scalar_at_one_path_the_later_is_there_and_the_other_a_conflict() {
    let set = || edit(json!({"op":"set","path":"/s","value":{"$set":["a"]}}));
    let scalar = || edit(json!({"op":"set","path":"/s","value":5}));
    concurrently(json!({}), set(), scalar(), outcome(json!({"s": 5}), json!([["/s", ["a"]]])));
    concurrently(json!({}), scalar(), set(), outcome(json!({"s": ["a"]}), json!([["/s", 5]])));
}

#[test]
fn elements_stand_in_one_order_everywhere() {
    let add = |values: serde_json::Value| {
        let edits = values.as_array().unwrap().clone();
        move |device: &mut crate::support::Device| {
            let add = |value| json!({"op":"add","path":"/s","value":value});
            device.edit(edits.iter().cloned().map(add).collect());
        }
    };
    concurrently_then(
        json!({}),
        add(json!([true, "b", 2, null, 0.5])),
        add(json!([-1, false, "a", 10])),
        |devices| {
            let order = json!({"s": [null, false, true, -1, 0.5, 2, 10, "a", "b"]});
            assert_eq!(devices[0].json(), order);
        },
    );
}
