//! Values at one path.

use serde_json::json;

use crate::{
    pair::{Outcome, agree, alone, concurrently, edit, put},
    support::meet,
};

#[test]
fn set_and_set_the_later_clock_wins_and_the_other_is_a_conflict() {
    concurrently(
        json!({"x": 0}),
        put(json!({"x": 1})),
        put(json!({"x": 2})),
        Outcome { value: json!({"x": 2}), conflicts: json!([["/x", 1]]) },
    );
}

#[test]
fn set_and_set_of_one_value_is_no_conflict() {
    concurrently(
        json!({"x": 0}),
        put(json!({"x": 1})),
        put(json!({"x": 1})),
        agree(json!({"x": 1})),
    );
}

#[test]
fn set_and_set_of_different_fields_keep_both() {
    concurrently(
        json!({"x": 0, "y": 0}),
        put(json!({"x": 1})),
        put(json!({"y": 2})),
        agree(json!({"x": 1, "y": 2})),
    );
}

#[test]
fn set_and_remove_keep_the_value_whatever_the_clock() {
    let expected = || Outcome { value: json!({"x": 1}), conflicts: json!([["/x", "absent"]]) };
    concurrently(json!({"x": 0}), put(json!({"x": 1})), put(json!({"x": null})), expected());
    concurrently(json!({"x": 0}), put(json!({"x": null})), put(json!({"x": 1})), expected());
}

#[test]
fn remove_and_remove_agree() {
    concurrently(
        json!({"x": 0}),
        put(json!({"x": null})),
        put(json!({"x": null})),
        agree(json!({})),
    );
}

#[test]
fn scalar_and_object_at_one_path_the_later_clock_wins() {
    concurrently(
        json!({"x": 0}),
        put(json!({"x": 1})),
        put(json!({"x": {"y": 2}})),
        Outcome { value: json!({"x": {"y": 2}}), conflicts: json!([["/x", 1]]) },
    );
    concurrently(
        json!({"x": 0}),
        put(json!({"x": {"y": 2}})),
        put(json!({"x": 1})),
        Outcome { value: json!({"x": 1}), conflicts: json!([["/x", {"y": 2}]]) },
    );
}

#[test]
fn object_and_object_created_at_one_path_merge_leaf_by_leaf() {
    concurrently(
        json!({}),
        put(json!({"address": {"street": "A", "zip": 1}})),
        put(json!({"address": {"street": "B", "city": "C"}})),
        Outcome {
            value: json!({"address": {"street": "B", "zip": 1, "city": "C"}}),
            conflicts: json!([["/address/street", "A"]]),
        },
    );
}

#[test]
fn nested_edits_that_create_one_path_lose_nothing() {
    concurrently(
        json!({}),
        edit(json!({"op":"set","path":"/a/b/c","value":1})),
        edit(json!({"op":"set","path":"/a/b/d","value":2})),
        agree(json!({"a": {"b": {"c": 1, "d": 2}}})),
    );
}

#[test]
fn field_set_and_object_removed_keep_the_field() {
    let expected =
        || Outcome { value: json!({"a": {"x": 2}}), conflicts: json!([["/a", "absent"]]) };
    let start = json!({"a": {"x": 1, "y": 1}});
    concurrently(start.clone(), put(json!({"a": {"x": 2}})), put(json!({"a": null})), expected());
    concurrently(start, put(json!({"a": null})), put(json!({"a": {"x": 2}})), expected());
}

#[test]
fn field_set_and_object_replaced_by_a_scalar_the_later_clock_wins() {
    let start = json!({"a": {"x": 1, "y": 1}});
    concurrently(
        start.clone(),
        put(json!({"a": {"x": 2}})),
        put(json!({"a": 7})),
        Outcome { value: json!({"a": 7}), conflicts: json!([["/a", {"x": 2}]]) },
    );
    concurrently(
        start,
        put(json!({"a": 7})),
        put(json!({"a": {"x": 2}})),
        Outcome { value: json!({"a": {"x": 2}}), conflicts: json!([["/a", 7]]) },
    );
}

#[test]
fn an_unseen_write_survives_a_save_that_was_made_at_an_older_version() {
    alone(json!({"x": 1}), |devices| {
        let read = devices[0].document.version();
        devices[1].put(json!({"x": 2}));
        let (head, tail) = devices.split_at_mut(1);
        head[0].pull(&tail[0]);
        devices[0].now_ms = 9_000;
        devices[0].edit_at(json!([{"op":"set","path":"/x","value":3}]), Some(&read));
        meet(devices);
        assert_eq!(devices[0].json(), json!({"x": 3}));
        assert_eq!(devices[0].conflicts(), json!([["/x", 2]]));
        devices[1].put(json!({"x": 3}));
        meet(devices);
        assert_eq!(devices[0].conflicts(), json!([]));
    });
}

#[test]
fn a_clock_far_in_the_future_pins_nothing() {
    alone(json!({"x": 0}), |devices| {
        devices[0].now_ms = 3_786_912_000_000;
        devices[0].put(json!({"x": "from 2090"}));
        meet(devices);
        devices[1].now_ms = 5;
        devices[1].put(json!({"x": "now"}));
        meet(devices);
        assert_eq!(devices[0].json(), json!({"x": "now"}));
        assert_eq!(devices[0].conflicts(), json!([]));
    });
}
