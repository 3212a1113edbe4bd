//! Values at one path.

use serde_json::{Value as Json, json};

use crate::{
    pair::{agree, alone, concurrently, concurrently_then, edit, outcome, put},
    support::{Device, meet},
};

#[test]
fn set_and_set_the_later_clock_wins_and_the_other_is_a_conflict() {
    concurrently(
        json!({"x": 0}),
        put(json!({"x": 1})),
        put(json!({"x": 2})),
        outcome(json!({"x": 2}), json!([["/x", 1]])),
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
    let expected = || outcome(json!({"x": 1}), json!([["/x", "absent"]]));
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
        outcome(json!({"x": {"y": 2}}), json!([["/x", 1]])),
    );
    concurrently(
        json!({"x": 0}),
        put(json!({"x": {"y": 2}})),
        put(json!({"x": 1})),
        outcome(json!({"x": 1}), json!([["/x", {"y": 2}]])),
    );
}

#[test]
fn object_and_object_created_at_one_path_merge_leaf_by_leaf() {
    concurrently(
        json!({}),
        put(json!({"address": {"street": "A", "zip": 1}})),
        put(json!({"address": {"street": "B", "city": "C"}})),
        outcome(
            json!({"address": {"street": "B", "zip": 1, "city": "C"}}),
            json!([["/address/street", "A"]]),
        ),
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
    let expected = || outcome(json!({"a": {"x": 2}}), json!([["/a", "absent"]]));
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
        outcome(json!({"a": 7}), json!([["/a", {"x": 2}]])),
    );
    concurrently(
        start,
        put(json!({"a": 7})),
        put(json!({"a": {"x": 2}})),
        outcome(json!({"a": {"x": 2}}), json!([["/a", 7]])),
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

#[test]
fn plain_string_and_text_at_one_path_the_later_clock_wins() {
    let text = || put(json!({"x": {"$text": "t"}}));
    let string = || put(json!({"x": "s"}));
    concurrently(
        json!({"x": 0}),
        string(),
        text(),
        outcome(json!({"x": "t"}), json!([["/x", "s"]])),
    );
    concurrently(
        json!({"x": 0}),
        text(),
        string(),
        outcome(json!({"x": "s"}), json!([["/x", "t"]])),
    );
}

#[test]
fn two_kinds_written_over_a_value_the_later_is_there_and_the_other_a_conflict_whole() {
    let kinds = [
        (json!({"k": [1, {"m": 2}]}), json!({"k": [1, {"m": 2}]})),
        (json!(["p", {"q": 1}]), json!(["p", {"q": 1}])),
        (json!({"$text": "text"}), json!("text")),
        (json!({"$counter": 5}), json!(5)),
    ];
    let set = |value: &Json| edit(json!({"op":"set","path":"/x","value":value}));
    for (one, plain_one) in &kinds {
        for (other, plain_other) in kinds.iter().filter(|(other, _)| other != one) {
            concurrently(
                json!({"x": 0}),
                set(one),
                set(other),
                outcome(json!({"x": plain_other}), json!([["/x", plain_one]])),
            );
        }
    }
}

#[test]
fn null_and_remove_keep_the_null_whatever_the_clock() {
    let null = || edit(json!({"op":"set","path":"/x","value":null}));
    let removed = || edit(json!({"op":"remove","path":"/x"}));
    let expected = || outcome(json!({"x": null}), json!([["/x", "absent"]]));
    concurrently(json!({"x": 0}), null(), removed(), expected());
    concurrently(json!({"x": 0}), removed(), null(), expected());
}

#[test]
fn field_removed_and_object_set_anew_agree_on_the_new_object() {
    let removed = || edit(json!({"op":"remove","path":"/a/x"}));
    let anew = || edit(json!({"op":"set","path":"/a","value":{"z":3}}));
    let start = json!({"a": {"x": 1, "y": 1}});
    concurrently(start.clone(), removed(), anew(), agree(json!({"a": {"z": 3}})));
    concurrently(start, anew(), removed(), agree(json!({"a": {"z": 3}})));
}

#[test]
fn field_set_and_object_set_anew_with_it_the_later_clock_wins() {
    let field = || edit(json!({"op":"set","path":"/a/x","value":2}));
    let anew = || edit(json!({"op":"set","path":"/a","value":{"x":5}}));
    let start = json!({"a": {"x": 1}});
    concurrently(
        start.clone(),
        field(),
        anew(),
        outcome(json!({"a": {"x": 5}}), json!([["/a/x", 2]])),
    );
    concurrently(start, anew(), field(), outcome(json!({"a": {"x": 2}}), json!([["/a/x", 5]])));
}

#[test]
fn an_unseen_write_survives_a_removal_that_was_made_at_an_older_version() {
    alone(json!({"x": 1, "y": 0}), |devices| {
        let read = devices[0].document.version();
        devices[1].put(json!({"x": 2}));
        let (head, tail) = devices.split_at_mut(1);
        head[0].pull(&tail[0]);
        devices[0].now_ms = 9_000;
        devices[0].edit_at(json!([{"op":"remove","path":"/x"}]), Some(&read));
        meet(devices);
        assert_eq!(devices[0].json(), json!({"x": 2, "y": 0}));
        assert_eq!(devices[0].conflicts(), json!([["/x", "absent"]]));
    });
}

#[test]
fn at_equal_clocks_the_greater_dot_wins() {
    let at_one_time = |value: u32| {
        move |device: &mut Device| {
            device.now_ms = 5_000;
            device.put(json!({"x": value}));
        }
    };
    let check = |devices: &mut [Device]| {
        // The devices that write have the client ids 11 and 12, in either order.
        let greater =
            1 + u32::from(devices[1].document.incarnation() > devices[0].document.incarnation());
        assert_eq!(devices[0].json(), json!({"x": greater}));
        assert_eq!(devices[0].conflicts(), json!([["/x", 3 - greater]]));
    };
    concurrently_then(json!({"x": 0}), at_one_time(1), at_one_time(2), check);
}
