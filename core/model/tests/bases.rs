//! Edits at a version that others have changed since.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use dunlin_model::{Dot, Edit, EditError, ListKeys, Value};
use serde_json::json;
use support::Device;

fn device(content: serde_json::Value) -> Device {
    let mut device = Device::new(1);
    device.put(content);
    device
}

#[test]
fn an_index_counts_at_the_base_it_was_read_at() {
    let mut device = device(json!({"t": {"$text": "0123456789"}, "l": ["a", "b", "c"]}));
    let base = device.document.version();
    let mut other = Device::new(2);
    other.pull(&device);
    other.edit(json!([
        {"op":"splice","path":"/t","at":0,"insert":"__"},
        {"op":"splice","path":"/t","at":7,"delete":2,"insert":"xyz"},
        {"op":"delete-item","path":"/l","at":0},
        {"op":"insert","path":"/l","at":0,"value":"new"},
    ]));
    device.pull(&other);
    assert_eq!(device.json(), json!({"t": "__01234xyz789", "l": ["new", "b", "c"]}));
    device.edit_at(
        json!([
            {"op":"splice","path":"/t","at":4,"delete":4,"insert":"<>"},
            {"op":"splice","path":"/t","at":7,"insert":"!"},
            {"op":"set","path":"/l/1","value":"B"},
            {"op":"delete-item","path":"/l","at":2},
            {"op":"insert","path":"/l","at":2,"value":"end"},
        ]),
        Some(&base),
    );
    assert_eq!(device.json(), json!({"t": "__0123<>xyz8!9", "l": ["new", "B", "end"]}));
}

#[test]
fn an_index_counts_at_its_base_however_often_the_list_has_changed_since() {
    let rows = |order: &mut dyn Iterator<Item = usize>| -> serde_json::Value {
        let rows: Vec<_> = order.map(|row| json!({"id": row, "ticks": 0})).collect();
        json!({ "l": rows })
    };
    const ROWS: usize = 300;
    let mut device = device(rows(&mut (0..ROWS)));
    let mut other = Device::new(2);
    other.pull(&device);
    let mut bases = vec![(device.document.version(), (0..ROWS).collect::<Vec<_>>())];
    for (turn, step) in [7, 11, 13, 17].into_iter().enumerate() {
        // All rows move, by a peer and by this device; then a few, one by one.
        let order: Vec<usize> = (0..ROWS).map(|at| at * step % ROWS).collect();
        let shuffled = rows(&mut order.iter().copied());
        match turn % 2 {
            0 => {
                other.put(shuffled);
                device.pull(&other);
            }
            _ => drop(device.put(shuffled)),
        }
        bases.push((device.document.version(), order.clone()));
        device.edit(json!([{"op":"move","path":"/l","from":5,"to":290}]));
        device.edit(json!([{"op":"move","path":"/l","from":100,"to":0}]));
        other.pull(&device);
    }
    for (base, order) in &bases {
        for (at, row) in order.iter().enumerate().step_by(41) {
            let path = format!("/l/{at}/ticks");
            device.edit_at(json!([{"op":"set","path":path,"value":1}]), Some(base));
            let shown = device.json();
            let rows = shown["l"].as_array().unwrap();
            let ticked: Vec<_> = rows.iter().filter(|row| row["ticks"] == json!(1)).collect();
            assert_eq!(ticked, [&json!({"id": row, "ticks": 1})], "at {at}");
            let at = rows.iter().position(|shown| shown["id"] == json!(row)).unwrap();
            let path = format!("/l/{at}/ticks");
            device.edit(json!([{"op":"set","path":path,"value":0}]));
        }
    }
    other.pull(&device);
    assert_eq!(other.json(), device.json());
    assert_eq!(other.document.digest(), device.document.digest());
}

#[test]
fn a_patch_of_a_text_at_an_older_base_is_stale_and_never_brings_back_what_was_deleted() {
    let mut device = device(json!({"t": {"$text": "abc"}, "n": {"$counter": 1}, "x": 1}));
    let base = device.document.version();
    device.edit(json!([{"op":"splice","path":"/t","at":0,"delete":1}]));
    let mut put = |patch: serde_json::Value| {
        let patch = Value::from_json(&patch).unwrap();
        device.document.merge(&patch, Some(&base), &ListKeys::new(), 0)
    };
    // Deleting does not move the state vector, and the new text still holds the `a`.
    let error = put(json!({"t": "abcd"})).unwrap_err();
    assert!(matches!(error, EditError::StaleVersion { .. }), "{error}");
    put(json!({"x": 2, "y": {"z": [1]}})).unwrap();
    device.note();
    assert_eq!(device.json(), json!({"t": "bc", "n": 1, "x": 2, "y": {"z": [1]}}));
}

#[test]
fn a_base_that_is_too_old_or_not_ours_is_stale() {
    let mut device = device(json!({"t": {"$text": "abc"}}));
    let base = device.document.version();
    device.edit(json!([{"op":"splice","path":"/t","at":0,"insert":"x"}]));
    let mut restarted = device.restarted(7);
    let edits =
        Edit::list_from_json(&json!([{"op":"splice","path":"/t","at":3,"insert":"y"}])).unwrap();
    let error = restarted.document.edit(&edits, Some(&base), 0).unwrap_err();
    assert!(matches!(error, EditError::StaleVersion { .. }), "{error}");
    let mut empty = Device::new(9);
    empty.put(json!({"t": {"$text": "another"}}));
    let error = empty.document.edit(&edits, Some(&base), 0).unwrap_err();
    assert!(matches!(error, EditError::StaleVersion { .. }), "{error}");
}

#[test]
fn a_patch_at_an_old_base_is_stale_where_it_cannot_tell_what_was_read() {
    let mut device =
        device(json!({"n": {"$counter": 1}, "t": {"$text": "a"}, "l": [{"x": 1}], "s": 1}));
    let base = device.document.version();
    let mut other = Device::new(2);
    other.pull(&device);
    other.edit(json!([
        {"op":"increment","path":"/n","by":2},
        {"op":"splice","path":"/t","at":0,"insert":"b"},
        {"op":"set","path":"/l/0/x","value":2},
        {"op":"set","path":"/s","value":2},
    ]));
    device.pull(&other);
    let before = device.json();
    for patch in [json!({"n": 5}), json!({"t": "c"}), json!({"l": [{"x": 3}]})] {
        let patch = Value::from_json(&patch).unwrap();
        let error = device.document.merge(&patch, Some(&base), &ListKeys::new(), 9).unwrap_err();
        assert!(matches!(error, EditError::StaleVersion { .. }), "{error}");
    }
    assert_eq!(device.json(), before);
    let patch = Value::from_json(&json!({"s": 3})).unwrap();
    device.document.merge(&patch, Some(&base), &ListKeys::new(), 9_000).unwrap();
    assert_eq!(device.conflicts(), json!([["/s", 2]]));
    let patch = Value::from_json(&json!({"n": 5})).unwrap();
    let now = device.document.version();
    device.document.merge(&patch, Some(&now), &ListKeys::new(), 9).unwrap();
    assert_eq!(device.json()["n"], json!(5));
}

#[test]
fn a_replacement_at_an_old_base_leaves_what_was_added_since() {
    let mut device = device(json!({"a": 1, "gone": {"x": 1}, "l": ["x"], "o": {"x": 1}}));
    let base = device.document.version();
    let mut other = Device::new(2);
    other.pull(&device);
    other.edit(json!([
        {"op":"set","path":"/a","value":2},
        {"op":"set","path":"/b/c","value":3},
        {"op":"set","path":"/o/y","value":4},
        {"op":"insert","path":"/l","at":0,"value":"new"},
    ]));
    device.pull(&other);
    let mut replace = |new: serde_json::Value| {
        let new = Value::from_json(&new).unwrap();
        device.document.replace(&new, Some(&base), &ListKeys::new(), 9_000)
    };
    let error = replace(json!({"l": []})).unwrap_err();
    assert!(matches!(error, EditError::StaleVersion { .. }), "{error}");
    replace(json!({"a": 5, "o": {"x": 1}})).unwrap();
    device.note();
    assert_eq!(device.json(), json!({"a": 5, "b": {"c": 3}, "l": ["new"], "o": {"x": 1, "y": 4}}));
    // The list that it removes has got an item since.
    assert_eq!(device.conflicts(), json!([["/a", 2], ["/l", "absent"]]));
}

#[test]
fn an_index_inside_a_surrogate_pair_is_refused_at_an_old_base_too() {
    let mut device = device(json!({"t": {"$text": "a🐦b"}}));
    let base = device.document.version();
    device.edit(json!([{"op":"splice","path":"/t","at":0,"insert":"x"}]));
    let edits = json!([{"op":"splice","path":"/t","at":2,"insert":"!"}]);
    let edits = Edit::list_from_json(&edits).unwrap();
    let error = device.document.edit(&edits, Some(&base), 0).unwrap_err();
    assert!(error.to_string().contains("surrogate") && !device.document.is_poisoned(), "{error}");
    assert_eq!(device.json(), json!({"t": "xa🐦b"}));
}

#[test]
fn an_index_inside_a_surrogate_pair_behind_what_was_not_seen_changes_nothing() {
    let mut device = device(json!({"t": {"$text": "ab🐦c"}}));
    let base = device.document.version();
    let mut other = Device::new(2);
    other.pull(&device);
    other.edit(json!([{"op":"splice","path":"/t","at":1,"insert":"XY"}]));
    device.pull(&other);
    let before = device.document.digest();
    let delete = |count: u32| {
        let edits = json!([{"op":"splice","path":"/t","at":0,"delete":count,"insert":"new"}]);
        Edit::list_from_json(&edits).unwrap()
    };
    let error = device.document.edit(&delete(3), Some(&base), 0).unwrap_err();
    assert!(error.to_string().contains("surrogate"), "{error}");
    assert!(!device.document.is_poisoned() && device.document.digest() == before);
    device.document.edit(&delete(4), Some(&base), 0).unwrap();
    assert_eq!(device.json(), json!({"t": "newXYc"}));
}

#[test]
fn replacing_or_deleting_what_holds_a_text_at_an_old_base_leaves_what_was_not_read() {
    let mut device = device(json!({"o": {"t": {"$text": "a"}}, "l": []}));
    device.edit(json!([{"op":"insert","path":"/l","at":0,"value":{"$text":"b"}}]));
    let base = device.document.version();
    device.edit(json!([
        {"op":"splice","path":"/o/t","at":1,"insert":"X"},
        {"op":"splice","path":"/l/0","at":1,"insert":"Y"},
        {"op":"set","path":"/y","value":1},
    ]));
    let writer = device.document.incarnation();
    // The first write of the first edit.
    let item = format!("/l/@{}", Dot { incarnation: writer, clock: 0 });
    for (edit, lost) in [
        (json!({"op":"set","path":"/o","value":7}), json!([["/o/t", "X"]])),
        (json!({"op":"remove","path":"/o"}), json!([["/o/t", "X"]])),
        (json!({"op":"remove","path":item}), json!([[item, "Y"]])),
    ] {
        let mut restarted = device.restarted(7);
        restarted.edit_at(json!([edit]), Some(&base));
        assert_eq!(restarted.conflicts(), lost, "{edit}");
    }
}
