//! Every concurrent pair of `docs/MERGE.md`, on two devices and with a third that hears of both.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::{Value as Json, json};
use support::{Device, meet};

/// What all devices must end with.
struct Outcome {
    value: Json,
    conflicts: Json,
}

/// Starts all devices from `start`, lets the first two act without seeing each other (the second
/// later by the wall clock), lets all meet, and checks value and conflicts. With three devices,
/// the third hears of the two in the other order. Then the same with actors swapped in identity.
fn concurrently(
    start: Json,
    first: impl Fn(&mut Device),
    second: impl Fn(&mut Device),
    expected: Outcome,
) {
    for count in [2, 3] {
        for clients in [[11, 12, 13], [12, 11, 13]] {
            let mut devices: Vec<Device> =
                clients[..count].iter().map(|client| Device::new(*client)).collect();
            if !start.is_null() {
                devices[0].now_ms = 1;
                devices[0].put(start.clone());
                let (head, tail) = devices.split_at_mut(1);
                tail.iter_mut().for_each(|device| device.pull(&head[0]));
            }
            devices[0].now_ms = 1_000;
            devices[1].now_ms = 2_000;
            first(&mut devices[0]);
            second(&mut devices[1]);
            if count == 3 {
                let (head, tail) = devices.split_at_mut(2);
                tail[0].pull(&head[1]);
                tail[0].pull(&head[0]);
            }
            meet(&mut devices);
            assert_eq!(devices[0].json(), expected.value, "{clients:?}");
            assert_eq!(devices[0].conflicts(), expected.conflicts, "{clients:?}");
        }
    }
}

fn agree(value: Json) -> Outcome {
    Outcome { value, conflicts: json!([]) }
}

fn put(patch: Json) -> impl Fn(&mut Device) {
    move |device| drop(device.put(patch.clone()))
}

fn edit(edit: Json) -> impl Fn(&mut Device) {
    move |device| drop(device.edit(json!([edit])))
}

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
fn base_and_base_two_creations_of_one_document_merge_leaf_by_leaf() {
    concurrently(
        Json::Null,
        put(json!({"a": 1, "same": true, "o": {"x": 1}})),
        put(json!({"a": 2, "same": true, "o": {"y": 2}})),
        Outcome {
            value: json!({"a": 2, "same": true, "o": {"x": 1, "y": 2}}),
            conflicts: json!([["/a", 1]]),
        },
    );
}

#[test]
fn increment_and_increment_add_up() {
    concurrently(
        json!({"n": {"$counter": 10}}),
        edit(json!({"op":"increment","path":"/n","by":1})),
        edit(json!({"op":"increment","path":"/n","by":-3})),
        agree(json!({"n": 8})),
    );
}

#[test]
fn increment_and_increment_that_create_one_counter_add_up() {
    concurrently(
        json!({}),
        edit(json!({"op":"increment","path":"/n","by":2})),
        edit(json!({"op":"increment","path":"/n","by":3})),
        agree(json!({"n": 5})),
    );
}

#[test]
fn increment_and_number_both_count_since_the_number_is_a_difference() {
    concurrently(
        json!({"n": {"$counter": 10}}),
        edit(json!({"op":"increment","path":"/n","by":1})),
        put(json!({"n": 20})),
        agree(json!({"n": 21})),
    );
}

#[test]
fn increment_and_reset_keep_the_late_increment_as_a_conflict() {
    concurrently(
        json!({"n": {"$counter": 10}}),
        edit(json!({"op":"increment","path":"/n","by":4})),
        edit(json!({"op":"set","path":"/n","value":{"$counter":0}})),
        Outcome { value: json!({"n": 0}), conflicts: json!([["/n", 4]]) },
    );
}

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
    for clients in [[1, 2], [2, 1]] {
        let mut devices = clients.map(Device::new);
        devices[0].put(json!({"t": {"$text": "one"}}));
        devices[1].put(json!({"t": {"$text": "two"}}));
        meet(&mut devices);
        let text = devices[0].json()["t"].as_str().map(str::to_owned);
        assert!(matches!(text.as_deref(), Some("onetwo" | "twoone")), "{text:?}");
        assert_eq!(devices[0].conflicts(), json!([]));
    }
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

#[test]
fn insert_and_insert_in_one_list_keep_both_in_one_order() {
    for clients in [[1, 2], [2, 1]] {
        let mut devices = clients.map(Device::new);
        devices[0].put(json!({"l": ["a", "b"]}));
        let (head, tail) = devices.split_at_mut(1);
        tail[0].pull(&head[0]);
        devices[0].edit(json!([{"op":"insert","path":"/l","at":1,"value":"x"}]));
        devices[1].edit(json!([{"op":"insert","path":"/l","at":1,"value":"y"}]));
        meet(&mut devices);
        let list = devices[0].json()["l"].clone();
        assert!(
            list == json!(["a", "x", "y", "b"]) || list == json!(["a", "y", "x", "b"]),
            "{list}"
        );
    }
}

#[test]
fn item_edited_and_item_deleted_the_item_is_gone_and_the_edit_a_conflict() {
    let mut devices = [Device::new(1), Device::new(2), Device::new(3)];
    devices[0].put(json!({"l": [{"done": false}, "b"]}));
    meet(&mut devices);
    devices[0].edit(json!([{"op":"set","path":"/l/0/done","value":true}]));
    devices[1].edit(json!([{"op":"delete-item","path":"/l","at":0}]));
    meet(&mut devices);
    assert_eq!(devices[0].json(), json!({"l": ["b"]}));
    let conflicts = devices[0].conflicts();
    assert_eq!(conflicts.as_array().map(Vec::len), Some(1), "{conflicts}");
    assert_eq!(conflicts[0][1], json!({"done": true}));
    let path = conflicts[0][0].clone();
    devices[2].edit(json!([{"op":"remove","path":path}]));
    meet(&mut devices);
    assert_eq!(devices[0].conflicts(), json!([]));
}

#[test]
fn delete_and_delete_of_one_item_agree() {
    concurrently(
        json!({"l": ["a", "b"]}),
        edit(json!({"op":"delete-item","path":"/l","at":0})),
        edit(json!({"op":"delete-item","path":"/l","at":0})),
        agree(json!({"l": ["b"]})),
    );
}

#[test]
fn move_and_move_of_one_item_the_later_clock_wins_and_no_item_doubles() {
    concurrently(
        json!({"l": ["a", "b", "c", "d"]}),
        edit(json!({"op":"move","path":"/l","from":0,"to":3})),
        edit(json!({"op":"move","path":"/l","from":0,"to":1})),
        agree(json!({"l": ["b", "a", "c", "d"]})),
    );
}

#[test]
fn move_and_delete_of_one_item_leave_no_ghost() {
    let start = json!({"l": ["a", "b", "c"]});
    let moved = || edit(json!({"op":"move","path":"/l","from":0,"to":2}));
    let deleted = || edit(json!({"op":"delete-item","path":"/l","at":0}));
    concurrently(start.clone(), moved(), deleted(), agree(json!({"l": ["b", "c"]})));
    concurrently(start, deleted(), moved(), agree(json!({"l": ["b", "c"]})));
}

#[test]
fn move_and_edit_of_one_item_keep_both() {
    concurrently(
        json!({"l": [{"x": 1}, "b"]}),
        edit(json!({"op":"move","path":"/l","from":0,"to":1})),
        edit(json!({"op":"set","path":"/l/0/x","value":2})),
        agree(json!({"l": ["b", {"x": 2}]})),
    );
}

#[test]
fn item_inserted_and_list_removed_keep_the_item() {
    concurrently(
        json!({"l": ["a"]}),
        edit(json!({"op":"insert","path":"/l","at":1,"value":"b"})),
        put(json!({"l": null})),
        Outcome { value: json!({"l": ["b"]}), conflicts: json!([["/l", "absent"]]) },
    );
}

#[test]
fn list_and_list_created_at_one_path_have_the_items_of_both() {
    let mut devices = [Device::new(1), Device::new(2)];
    devices[0].put(json!({"l": ["a"]}));
    devices[1].put(json!({"l": ["b"]}));
    meet(&mut devices);
    let list = devices[0].json()["l"].clone();
    assert!(list == json!(["a", "b"]) || list == json!(["b", "a"]), "{list}");
    assert_eq!(devices[0].conflicts(), json!([]));
}

#[test]
fn document_deleted_and_edited_stays_deleted_with_the_edit_as_a_conflict() {
    for device_that_deletes in [0, 1] {
        let mut devices = [Device::new(1), Device::new(2), Device::new(3)];
        devices[0].put(json!({"x": 1, "t": {"$text": "a"}}));
        meet(&mut devices);
        devices[device_that_deletes].delete();
        devices[1 - device_that_deletes].put(json!({"x": 2}));
        meet(&mut devices);
        assert!(devices[2].document.is_deleted());
        assert_eq!(devices[2].conflicts(), json!([["/x", 2]]));
        devices[2].restore();
        meet(&mut devices);
        assert!(!devices[0].document.is_deleted());
        assert_eq!(devices[0].json(), json!({"x": 2, "t": "a"}));
    }
}

#[test]
fn document_deleted_and_typed_in_stays_deleted_with_a_conflict() {
    let mut devices = [Device::new(1), Device::new(2), Device::new(3)];
    devices[0].put(json!({"t": {"$text": "a"}}));
    meet(&mut devices);
    devices[0].delete();
    devices[1].edit(json!([{"op":"splice","path":"/t","at":1,"insert":"b"}]));
    meet(&mut devices);
    assert!(devices[0].document.is_deleted() && devices[0].document.has_conflicts());
    assert_eq!(devices[0].conflicts(), json!([["", {"t": "ab"}]]));
}

#[test]
fn delete_and_delete_of_one_document_agree() {
    let mut devices = [Device::new(1), Device::new(2), Device::new(3)];
    devices[0].put(json!({"x": 1}));
    meet(&mut devices);
    devices[0].delete();
    devices[1].delete();
    meet(&mut devices);
    assert!(devices[2].document.is_deleted() && devices[2].conflicts() == json!([]));
}

#[test]
fn deleted_and_made_anew_the_new_document_stands() {
    let mut devices = [Device::new(1), Device::new(2), Device::new(3)];
    devices[0].put(json!({"x": 1, "y": 1}));
    meet(&mut devices);
    devices[0].delete();
    devices[0].put(json!({"x": 2}));
    devices[1].put(json!({"y": 5}));
    meet(&mut devices);
    assert!(!devices[2].document.is_deleted());
    assert_eq!(devices[2].json(), json!({"x": 2, "y": 5}));
}

#[test]
fn an_unseen_write_survives_a_save_that_was_made_at_an_older_version() {
    let mut devices = [Device::new(1), Device::new(2)];
    devices[0].put(json!({"x": 1}));
    meet(&mut devices);
    let read = devices[0].document.version();
    devices[1].put(json!({"x": 2}));
    let (head, tail) = devices.split_at_mut(1);
    head[0].pull(&tail[0]);
    devices[0].now_ms = 9_000;
    devices[0].edit_at(json!([{"op":"set","path":"/x","value":3}]), Some(&read));
    meet(&mut devices);
    assert_eq!(devices[0].json(), json!({"x": 3}));
    assert_eq!(devices[0].conflicts(), json!([["/x", 2]]));
    devices[1].put(json!({"x": 3}));
    meet(&mut devices);
    assert_eq!(devices[0].conflicts(), json!([]));
}

#[test]
fn a_clock_far_in_the_future_pins_nothing() {
    let mut devices = [Device::new(1), Device::new(2)];
    devices[0].now_ms = 3_786_912_000_000;
    devices[0].put(json!({"x": "from 2090"}));
    meet(&mut devices);
    devices[1].now_ms = 5;
    devices[1].put(json!({"x": "now"}));
    meet(&mut devices);
    assert_eq!(devices[0].json(), json!({"x": "now"}));
    assert_eq!(devices[0].conflicts(), json!([]));
}
