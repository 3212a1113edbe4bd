//! Lists and their items.

use serde_json::{Value as Json, json};

use crate::{
    pair::{agree, concurrently, concurrently_from, concurrently_then, edit, outcome, places, put},
    support::{Device, meet},
};

#[test]
fn insert_and_insert_in_one_list_keep_both_in_one_order() {
    concurrently_then(
        json!({"l": ["a", "b"]}),
        edit(json!({"op":"insert","path":"/l","at":1,"value":"x"})),
        edit(json!({"op":"insert","path":"/l","at":1,"value":"y"})),
        |devices| {
            let list = devices[0].json()["l"].clone();
            let orders = [json!(["a", "x", "y", "b"]), json!(["a", "y", "x", "b"])];
            assert!(orders.contains(&list), "{list}");
            assert_eq!(devices[0].conflicts(), json!([]));
        },
    );
}

#[test]
fn item_edited_and_item_deleted_the_item_is_gone_and_the_edit_a_conflict() {
    for start in [
        |device: &mut Device| drop(device.put(json!({"l": [{"done": false}, "b"]}))),
        // An item that was inserted is named by its own entry, not by that of the list.
        |device: &mut Device| {
            device.put(json!({"l": ["b"]}));
            device.edit(json!([{"op":"insert","path":"/l","at":0,"value":{"done":false}}]));
        },
    ] {
        let edited = || edit(json!({"op":"set","path":"/l/0/done","value":true}));
        let deleted = || edit(json!({"op":"delete-item","path":"/l","at":0}));
        let settled = |devices: &mut [Device]| {
            assert_eq!(devices[0].json(), json!({"l": ["b"]}));
            assert_eq!(places(&devices[0].conflicts()), json!([["/l/@", {"done": true}]]));
            let path = devices[0].conflicts()[0][0].clone();
            devices[1].edit(json!([{"op":"remove","path":path}]));
            meet(devices);
            assert_eq!(devices[0].conflicts(), json!([]));
            assert_eq!(devices[0].json(), json!({"l": ["b"]}));
        };
        concurrently_from(start, edited(), deleted(), settled);
        concurrently_from(start, deleted(), edited(), settled);
    }
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
        outcome(json!({"l": ["b"]}), json!([["/l", "absent"]])),
    );
}

#[test]
fn list_and_list_created_at_one_path_have_the_items_of_both() {
    concurrently_then(Json::Null, put(json!({"l": ["a"]})), put(json!({"l": ["b"]})), |devices| {
        let list = devices[0].json()["l"].clone();
        assert!([json!(["a", "b"]), json!(["b", "a"])].contains(&list), "{list}");
        assert_eq!(devices[0].conflicts(), json!([]));
    });
}

#[test]
fn item_inserted_and_list_above_removed_keep_the_item() {
    let start = json!({"a": {"l": ["a"]}, "x": 1});
    let inserted = || edit(json!({"op":"insert","path":"/a/l","at":1,"value":"b"}));
    let removed = || edit(json!({"op":"remove","path":"/a"}));
    let expected = || outcome(json!({"a": {"l": ["b"]}, "x": 1}), json!([["/a", "absent"]]));
    concurrently(start.clone(), inserted(), removed(), expected());
    concurrently(start, removed(), inserted(), expected());
}

#[test]
fn item_inserted_and_list_replaced_the_later_clock_wins() {
    for (start, inserted, replaced, whole, path) in [
        (json!({"l": ["a"]}), "/l", json!({"l": 7}), json!({"l": ["b"]}), "/l"),
        (json!({"a": {"l": ["a"]}}), "/a/l", json!({"a": 7}), json!({"a": {"l": ["b"]}}), "/a"),
    ] {
        let inserted = || edit(json!({"op":"insert","path":inserted,"at":1,"value":"b"}));
        let at = |value: &Json| value.pointer(path).cloned();
        concurrently(
            start.clone(),
            inserted(),
            put(replaced.clone()),
            outcome(replaced.clone(), json!([[path, at(&whole)]])),
        );
        concurrently(
            start.clone(),
            put(replaced.clone()),
            inserted(),
            outcome(whole.clone(), json!([[path, 7]])),
        );
    }
}

#[test]
fn inside_of_an_item_changed_and_item_deleted_the_change_is_a_conflict() {
    let deleted = || edit(json!({"op":"delete-item","path":"/l","at":0}));
    for (inside, change, conflict) in [
        (
            json!({"k": {"$text": "Hello"}}),
            json!({"op":"splice","path":"/l/0/k","at":5,"insert":" world"}),
            json!([["/l/@/k", " world"]]),
        ),
        (
            json!({"k": {"$counter": 10}}),
            json!({"op":"increment","path":"/l/0/k","by":4}),
            json!([["/l/@/k", 4]]),
        ),
        (
            json!({"k": ["a"]}),
            json!({"op":"insert","path":"/l/0/k","at":1,"value":"b"}),
            json!([["/l/@", {"k": ["b"]}]]),
        ),
    ] {
        let expected = || outcome(json!({"l": ["b"]}), conflict.clone());
        let whole = |device: &mut Device| drop(device.put(json!({"l": [inside, "b"]})));
        let by_insert = |device: &mut Device| {
            device.put(json!({"l": ["b"]}));
            device.edit(json!([{"op":"insert","path":"/l","at":0,"value":inside}]));
        };
        let starts: [&dyn Fn(&mut Device); 2] = [&whole, &by_insert];
        for start in starts {
            let changed = || edit(change.clone());
            concurrently_from(start, changed(), deleted(), |devices| expected().check(devices));
            concurrently_from(start, deleted(), changed(), |devices| expected().check(devices));
        }
    }
}

#[test]
fn item_edited_and_list_replaced_by_a_scalar_keep_the_edit_as_a_conflict() {
    let edited = || edit(json!({"op":"set","path":"/l/0/x","value":2}));
    let start = json!({"l": [{"x": 1}]});
    let expected = || outcome(json!({"l": 7}), json!([["/l/@", {"x": 2}]]));
    concurrently(start.clone(), edited(), put(json!({"l": 7})), expected());
    concurrently(start, put(json!({"l": 7})), edited(), expected());
}

#[test]
fn item_inserted_and_list_set_anew_the_new_list_has_the_item() {
    let inserted = || edit(json!({"op":"insert","path":"/l","at":1,"value":"b"}));
    let anew = || edit(json!({"op":"set","path":"/l","value":["p","q"]}));
    let check = |devices: &mut [Device]| {
        let list = devices[0].json()["l"].clone();
        assert!([json!(["p", "q", "b"]), json!(["p", "b", "q"])].contains(&list), "{list}");
        assert_eq!(devices[0].conflicts(), json!([]));
    };
    concurrently_then(json!({"l": ["a"]}), inserted(), anew(), check);
    concurrently_then(json!({"l": ["a"]}), anew(), inserted(), check);
}

#[test]
fn list_and_list_put_over_one_list_both_count_as_differences() {
    let start = json!({"l": ["a", "b"]});
    let longer = || put(json!({"l": ["a", "b", "c"]}));
    let shorter = || put(json!({"l": ["b"]}));
    concurrently(start.clone(), longer(), shorter(), agree(json!({"l": ["b", "c"]})));
    concurrently(start, shorter(), longer(), agree(json!({"l": ["b", "c"]})));
}

#[test]
fn item_moved_or_deleted_and_list_removed_agree_that_it_is_gone() {
    let start = json!({"l": ["a", "b"], "x": 1});
    let removed = || edit(json!({"op":"remove","path":"/l"}));
    for change in [
        json!({"op":"move","path":"/l","from":0,"to":1}),
        json!({"op":"delete-item","path":"/l","at":0}),
    ] {
        concurrently(start.clone(), edit(change.clone()), removed(), agree(json!({"x": 1})));
        concurrently(start.clone(), removed(), edit(change), agree(json!({"x": 1})));
    }
}

#[test]
fn move_and_move_of_two_items_both_count() {
    let start = json!({"l": ["a", "b", "c", "d"]});
    let to_the_end = || edit(json!({"op":"move","path":"/l","from":0,"to":3}));
    let to_the_front = || edit(json!({"op":"move","path":"/l","from":3,"to":0}));
    let expected = || agree(json!({"l": ["d", "b", "c", "a"]}));
    concurrently(start.clone(), to_the_end(), to_the_front(), expected());
    concurrently(start, to_the_front(), to_the_end(), expected());
}

#[test]
fn insert_and_delete_of_the_item_before_keep_the_insertion_in_place() {
    let start = json!({"l": ["a", "b"]});
    let inserted = || edit(json!({"op":"insert","path":"/l","at":1,"value":"x"}));
    let deleted = || edit(json!({"op":"delete-item","path":"/l","at":0}));
    concurrently(start.clone(), inserted(), deleted(), agree(json!({"l": ["x", "b"]})));
    concurrently(start, deleted(), inserted(), agree(json!({"l": ["x", "b"]})));
}
