//! Values: lists and objects that are one register.

use serde_json::{Value as Json, json};

use crate::pair::{agree, concurrently, edit, outcome, put};

fn set(path: &str, value: &Json) -> impl Fn(&mut crate::support::Device) + use<> {
    edit(json!({"op":"set","path":path,"value":value}))
}

#[test]
fn coordinate_and_coordinate_the_later_is_there_and_the_other_a_conflict_never_a_mixture() {
    let start = || json!({"at": [13.4, 52.5]});
    let (one, other) = (json!([1.5, 2.5]), json!([3, 4]));
    let expected = || outcome(json!({"at": other}), json!([["/at", one]]));
    concurrently(start(), put(json!({"at": one})), put(json!({"at": other})), expected());
    concurrently(start(), set("/at", &one), set("/at", &other), expected());
    concurrently(json!({}), set("/at", &one), set("/at", &other), expected());
    concurrently(start(), set("/at", &one), set("/at", &one), agree(json!({"at": one})));
}

#[test]
fn parts_of_one_value_set_apart_are_two_values() {
    let start = || json!({"at": [1, 2], "v": {"$value": {"a": {"b": 1}, "c": ["x"]}}});
    concurrently(
        start(),
        set("/at/0", &json!(5)),
        set("/at/1", &json!(6)),
        outcome(json!({"at": [1, 6], "v": {"a": {"b": 1}, "c": ["x"]}}), json!([["/at", [5, 2]]])),
    );
    concurrently(
        start(),
        put(json!({"v": {"a": {"b": 2}}})),
        put(json!({"v": {"c": ["y"], "d": 1}})),
        outcome(
            json!({"at": [1, 2], "v": {"a": {"b": 1}, "c": ["y"], "d": 1}}),
            json!([["/v", {"a": {"b": 2}, "c": ["x"]}]]),
        ),
    );
}

#[test]
fn empty_list_gives_way_to_a_coordinate() {
    let start = || json!({"at": []});
    let (one, other) = (json!([1, 2]), json!([3, 4]));
    let expected = || outcome(json!({"at": other}), json!([["/at", one]]));
    concurrently(start(), put(json!({"at": one})), put(json!({"at": other})), expected());
}

#[test]
fn list_of_numbers_stays_a_list_until_somebody_sets_it() {
    let start = || json!({"l": {"$list": [1, 2]}});
    let appended = |number: i64| put(json!({"l": [1, 2, number]}));
    crate::pair::concurrently_then(start(), appended(3), appended(4), |devices| {
        let list = devices[0].json()["l"].clone();
        assert!([json!([1, 2, 3, 4]), json!([1, 2, 4, 3])].contains(&list), "{list}");
        assert_eq!(devices[0].conflicts(), json!([]));
    });
    concurrently(
        start(),
        set("/l", &json!([5, 6])),
        set("/l", &json!([7, 8])),
        outcome(json!({"l": [7, 8]}), json!([["/l", [5, 6]]])),
    );
}

#[test]
fn value_and_list_at_one_path_the_later_is_there_and_the_other_a_conflict() {
    let (value, list) = (json!([1, 2]), json!(["a"]));
    let [first, second] = [set("/x", &value), set("/x", &list)];
    concurrently(json!({}), first, second, outcome(json!({"x": list}), json!([["/x", value]])));
}

#[test]
fn value_and_object_field_at_one_path_the_later_is_there_and_the_other_a_conflict() {
    let start = json!({"x": {"$value": {"a": 1}}});
    let inside = set("/x/b", &json!(2));
    let object = set("/x", &json!({"c": 3}));
    concurrently(
        start,
        inside,
        object,
        outcome(json!({"x": {"c": 3}}), json!([["/x", {"a": 1, "b": 2}]])),
    );
}

#[test]
fn value_set_and_removed_keep_the_value() {
    let start = || json!({"at": [1, 2], "x": 1});
    let (moved, removed) = (set("/at", &json!([3, 4])), put(json!({"at": null})));
    let expected = outcome(json!({"at": [3, 4], "x": 1}), json!([["/at", "absent"]]));
    concurrently(start(), moved, removed, expected);
}
