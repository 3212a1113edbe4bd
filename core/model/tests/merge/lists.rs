//! Lists and their items.

use serde_json::{Value as Json, json};

use crate::{
    pair::{Outcome, agree, concurrently, concurrently_from, concurrently_then, edit, places, put},
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
        Outcome { value: json!({"l": ["b"]}), conflicts: json!([["/l", "absent"]]) },
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
