//! One document on one device: what edits do, and what they refuse.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use dunlin_model::{Document, Edit, EditError, Incarnation, ListKeys, Path, Value};
use serde_json::json;
use support::{Device, meet};

fn device(content: serde_json::Value) -> Device {
    let mut device = Device::new(1);
    device.put(content);
    device
}

fn refused(device: &mut Device, edit: serde_json::Value) -> EditError {
    let edits = Edit::list_from_json(&json!([edit])).unwrap();
    let before = (device.json(), device.document.digest());
    let error = device.document.edit(&edits, None, 0).unwrap_err();
    assert!(!device.document.is_poisoned(), "{error}");
    assert_eq!((device.json(), device.document.digest()), before);
    error
}

#[test]
fn a_patch_merges_as_rfc_7396_says() {
    let mut device = device(json!({"a": "b", "c": {"d": "e", "f": "g"}, "n": null}));
    assert_eq!(device.json(), json!({"a": "b", "c": {"d": "e", "f": "g"}}));
    device.put(json!({"a": "z", "c": {"f": null}}));
    assert_eq!(device.json(), json!({"a": "z", "c": {"d": "e"}}));
    device.put(json!({"c": {"d": null}, "x": {"y": {"z": 1}}, "a": [1]}));
    assert_eq!(device.json(), json!({"a": [1], "c": {}, "x": {"y": {"z": 1}}}));
    device.put(json!({"a": {"b": null, "c": 1}, "x": 5}));
    assert_eq!(device.json(), json!({"a": {"c": 1}, "c": {}, "x": 5}));
    assert_eq!(device.conflicts(), json!([]));
    meet(&mut [device, Device::new(2)]);
}

#[test]
fn a_text_that_gets_shorter_before_it_gets_longer_is_counted_right() {
    let mut device = device(json!({"t": {"$text": "one two three"}}));
    device.put(json!({"t": "two threefold 🐦"}));
    device.put(json!({"t": "t three🐦fold"}));
    assert_eq!(device.json(), json!({"t": "t three🐦fold"}));
}

#[test]
fn a_patch_turns_into_edits_of_richer_kinds() {
    let mut device = device(json!({
        "body": {"$text": "The quick fox"}, "count": {"$counter": 3}, "steps": ["a", "b", "c"],
    }));
    device.put(
        json!({"body": "The 🦊 quick brown fox!", "count": 10, "steps": ["b", "x", "c", "d"]}),
    );
    let tagged = device.document.value().to_tagged_json();
    assert_eq!(
        tagged,
        json!({
            "body": {"$text": "The 🦊 quick brown fox!"}, "count": {"$counter": 10},
            "steps": ["b", "x", "c", "d"],
        })
    );
    device.put(json!({"body": "", "count": -1, "steps": []}));
    assert_eq!(device.json(), json!({"body": "", "count": -1, "steps": []}));
    meet(&mut [device, Device::new(2)]);
}

#[test]
fn every_edit_does_what_it_says() {
    let mut device = device(json!({"a": 1}));
    device.edit(json!([
        {"op": "set", "path": "/b/c", "value": {"d": null}},
        {"op": "increment", "path": "/b/n", "by": 4},
        {"op": "increment", "path": "/b/n", "by": -1},
        {"op": "splice", "path": "/t", "at": 0, "insert": "hello"},
        {"op": "splice", "path": "/t", "at": 5, "insert": " 🐦!"},
        {"op": "splice", "path": "/t", "at": 0, "delete": 1, "insert": "J"},
        {"op": "insert", "path": "/l", "at": 0, "value": "b"},
        {"op": "insert", "path": "/l", "at": 0, "value": {"x": ["7"]}},
        {"op": "insert", "path": "/l", "at": 2, "value": "c"},
        {"op": "move", "path": "/l", "from": 2, "to": 0},
        {"op": "set", "path": "/l/1/x/0", "value": 8},
        {"op": "insert", "path": "/l/1/x", "at": 1, "value": 9},
        {"op": "delete-item", "path": "/l", "at": 2},
        {"op": "remove", "path": "/a"},
        {"op": "remove", "path": "/nothing/here"},
    ]));
    assert_eq!(
        device.json(),
        json!({
            "b": {"c": {"d": null}, "n": 3}, "t": "Jello 🐦!", "l": ["c", {"x": [8, 9]}],
        })
    );
    let version = device.document.version();
    assert_eq!(version.to_string().parse(), Ok(version));
    meet(&mut [device, Device::new(2), Device::new(3)]);
}

#[test]
fn removing_a_field_of_a_null_item_leaves_the_item() {
    let mut device = device(json!({"l": [null, {"x": null}]}));
    device.edit(json!([{"op":"remove","path":"/l/0/x"}, {"op":"remove","path":"/l/1/x/y"}]));
    assert_eq!(device.json(), json!({"l": [null, {"x": null}]}));
    device.edit(json!([{"op":"set","path":"/l/0/x","value":1}, {"op":"remove","path":"/l/1"}]));
    assert_eq!(device.json(), json!({"l": [{"x": 1}]}));
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut device = device(json!({"n": 1, "t": {"$text": "a🐦b"}, "l": ["a"], "s": "x"}));
    let splice = |at: u32, delete: u32| json!({"op":"splice","path":"/t","at":at,"delete":delete});
    for (edit, part) in [
        (splice(5, 0), "out of range"),
        (splice(4, 1), "out of range"),
        (splice(2, 0), "surrogate"),
        (splice(1, 1), "surrogate"),
        (json!({"op":"splice","path":"/s","at":0,"insert":"y"}), "a string"),
        (json!({"op":"splice","path":"/new","at":1,"insert":"y"}), "nothing"),
        (json!({"op":"increment","path":"/n"}), "a number"),
        (json!({"op":"insert","path":"/l","at":2,"value":0}), "out of range"),
        (json!({"op":"insert","path":"/n","at":0,"value":0}), "a number"),
        (json!({"op":"move","path":"/l","from":0,"to":1}), "out of range"),
        (json!({"op":"delete-item","path":"/l","at":1}), "out of range"),
        (json!({"op":"set","path":"/n/x","value":0}), "a number"),
        (json!({"op":"set","path":"/l/1","value":0}), "no item"),
        (json!({"op":"add","path":"/l","value":0}), "a list"),
        (json!({"op":"discard","path":"/n","value":0}), "a number"),
        (json!({"op":"set","path":"","value":[1]}), "object"),
        (json!({"op":"remove","path":""}), "whole document"),
    ] {
        let error = refused(&mut device, edit.clone());
        assert!(error.to_string().contains(part), "{edit}: {error}");
        assert!(!error.remedy().is_empty());
    }
}

#[test]
fn a_batch_that_fails_halfway_has_changed_nothing() {
    let mut device =
        device(json!({"n": 1, "l": ["a", "b"], "c": {"$counter": 1}, "s": {"$set": ["x"]}}));
    device.edit(json!([{"op":"set","path":"/n","value":3}]));
    let before = (device.json(), device.document.digest(), device.document.version());
    let edits = Edit::list_from_json(&json!([
        {"op":"set","path":"/n","value":2}, {"op":"remove","path":"/c"},
        {"op":"move","path":"/l","from":0,"to":1}, {"op":"delete-item","path":"/l","at":0},
        {"op":"insert","path":"/l","at":0,"value":{"$text":"new"}},
        {"op":"add","path":"/s","value":"y"}, {"op":"discard","path":"/s","value":"x"},
        {"op":"increment","path":"/n"},
    ]))
    .unwrap();
    assert!(device.document.edit(&edits, None, 0).is_err());
    assert!(!device.document.is_poisoned());
    assert_eq!((device.json(), device.document.digest(), device.document.version()), before);
    device.edit(
        json!([{"op":"set","path":"/n","value":4}, {"op":"move","path":"/l","from":0,"to":1}]),
    );
    assert_eq!(device.json(), json!({"n": 4, "l": ["b", "a"], "c": 1, "s": ["x"]}));
    meet(&mut [device, Device::new(2)]);
}

#[test]
fn a_batch_that_fails_after_typing_poisons_the_copy_in_memory() {
    let mut device = device(json!({"n": 1, "t": {"$text": "a"}}));
    let edits = Edit::list_from_json(&json!([
        {"op":"splice","path":"/t","at":1,"insert":"b"}, {"op":"increment","path":"/n"},
    ]))
    .unwrap();
    assert!(device.document.edit(&edits, None, 0).is_err());
    assert!(device.document.is_poisoned());
}

#[test]
fn numbers_have_one_digest_before_and_after_they_travel() {
    let mut first = device(json!({}));
    for number in [
        json!(1u64 << 31),
        json!(1_700_000_000_123_u64),
        json!((1u64 << 53) + 1),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(5.0),
        json!(-0.0),
        json!(0.1),
        json!(1e300),
    ] {
        first.put(json!({"x": number, "l": [number], "o": {"p": number}}));
        let mut second = Device::new(2);
        second.pull(&first);
        let restarted = first.restarted(3);
        assert_eq!(first.document.digest(), second.document.digest(), "{number}");
        assert_eq!(first.document.digest(), restarted.document.digest(), "{number}");
        assert_eq!(first.json().to_string(), second.json().to_string());
    }
}

#[test]
fn a_save_is_the_difference_and_keeps_what_the_caller_does_not_know() {
    let mut device = device(json!({"title": "a", "notes": {"$text": "abc"}, "unknown": {"x": 1}}));
    let version = device.document.version();
    let mut other = Device::new(2);
    other.pull(&device);
    other.edit(json!([
        {"op":"splice","path":"/notes","at":0,"insert":"Z"},
        {"op":"set","path":"/added","value":true},
    ]));
    device.pull(&other);
    let read = Value::from_json(&json!({"title": "a", "notes": {"$text": "abc"}})).unwrap();
    let new = Value::from_json(&json!({"title": "b", "notes": "abXc"})).unwrap();
    device.document.save(&read, &read, &new, Some(&version), &ListKeys::new(), 5).unwrap();
    let expected = json!({"title":"b","notes":"ZabXc","unknown":{"x":1},"added":true});
    assert_eq!(device.json(), expected);
}

#[test]
fn list_items_are_matched_by_a_declared_key() {
    let item = |id: u32, done: bool| json!({"id": id, "done": done});
    let mut device = device(json!({"steps": [item(1, false), item(2, false), item(3, false)]}));
    let mut other = Device::new(2);
    other.pull(&device);
    other.edit(json!([{"op":"set","path":"/steps/1/note","value":"kept"}]));
    let keys: ListKeys = [("/steps".parse().unwrap(), "id".to_owned())].into_iter().collect();
    let read = device.document.value();
    let new = Value::from_json(&json!({"steps": [item(4, false), item(3, false), item(2, true)]}));
    device.document.save(&read, &read, &new.unwrap(), None, &keys, 5).unwrap();
    let mut devices = [device, other];
    meet(&mut devices);
    assert_eq!(
        devices[0].json()["steps"],
        json!([
            {"id": 4, "done": false}, {"id": 3, "done": false}, {"id": 2, "done": true, "note": "kept"},
        ])
    );
}

#[test]
fn anchors_survive_remote_edits() {
    let mut device = device(json!({"t": {"$text": "0123456789"}}));
    let path = "/t".parse().unwrap();
    let anchor = device.document.anchor(&path, 5).unwrap();
    let anchor = anchor.to_string().parse().unwrap();
    let mut other = Device::new(2);
    other.pull(&device);
    other.edit(json!([
        {"op":"splice","path":"/t","at":0,"insert":"abc"},
        {"op":"splice","path":"/t","at":9,"delete":1},
    ]));
    device.pull(&other);
    assert_eq!(device.document.resolve(&anchor), Ok(8));
    assert!(device.document.anchor(&path, 13).is_err());
    let end = device.document.anchor(&path, 12).unwrap();
    assert_eq!(device.document.resolve(&end), Ok(12));
    device.put(json!({"t": null}));
    assert!(matches!(device.document.resolve(&anchor), Err(EditError::NotFound { .. })));
}

#[test]
fn a_text_in_a_list_keeps_its_path_when_items_move() {
    let step = |note: &str| json!({"a/b": {"note": {"$text": note}}});
    let mut device = device(json!({"steps": [step("one"), step("two")]}));
    let (path, content) = device.document.text(&"/steps/1/a~1b/note".parse().unwrap()).unwrap();
    assert_eq!(content, "two");
    device.edit(json!([{"op":"move","path":"/steps","from":1,"to":0}]));
    device.edit(json!([{"op":"splice","path":path.to_string(),"at":3,"insert":"!"}]));
    let moved = path.to_string().parse().unwrap();
    assert_eq!(device.document.text(&moved), Ok((path.clone(), "two!".to_owned())));
    assert_eq!(device.json()["steps"][0]["a/b"]["note"], "two!");
    device.edit(json!([{"op":"delete-item","path":"/steps","at":0}]));
    assert!(matches!(device.document.text(&path), Err(EditError::NotFound { .. })));
}

#[test]
fn a_text_that_a_splice_would_make_reads_as_empty() {
    let device = device(json!({"o": {}, "s": "plain"}));
    for path in ["/t", "/o/t", "/new/t"] {
        let path: Path = path.parse().unwrap();
        assert_eq!(device.document.text(&path), Ok((path.clone(), String::new())));
    }
    let text = |path: &str| device.document.text(&path.parse().unwrap());
    assert!(matches!(text("/s"), Err(EditError::WrongKind { .. })));
    assert!(matches!(text("/s/t"), Err(EditError::WrongKind { .. })));
    assert!(matches!(text(""), Err(EditError::WrongKind { .. })));
}

#[test]
fn a_text_that_was_removed_and_made_anew_starts_empty() {
    let mut device = device(json!({"a": {"t": {"$text": "old"}, "n": {"$counter": 5}}}));
    device.put(json!({"a": null}));
    device.edit(json!([
        {"op":"splice","path":"/a/t","at":0,"insert":"new"},
        {"op":"increment","path":"/a/n","by":1},
    ]));
    assert_eq!(device.json(), json!({"a": {"t": "new", "n": 1}}));
    assert_eq!(device.conflicts(), json!([]));
    device.edit(json!([{"op":"set","path":"/a/n","value":{"$counter":0}}]));
    assert_eq!(device.json()["a"]["n"], json!(0));
    meet(&mut [device, Device::new(2)]);
}

#[test]
fn documents_are_deleted_restored_and_made_anew() {
    let mut device = device(json!({"x": 1, "t": {"$text": "abc"}}));
    device.delete();
    assert!(device.document.is_deleted() && device.conflicts() == json!([]));
    assert!(matches!(device.document.delete(None, 0), Err(EditError::NotFound { .. })));
    let edits = Edit::list_from_json(&json!([{"op":"remove","path":"/x"}])).unwrap();
    assert!(matches!(device.document.edit(&edits, None, 0), Err(EditError::NotFound { .. })));
    device.restore();
    assert_eq!(device.json(), json!({"x": 1, "t": "abc"}));
    device.delete();
    device.put(json!({"y": 2, "t": {"$text": "new"}}));
    assert!(!device.document.is_deleted());
    assert_eq!(device.json(), json!({"y": 2, "t": "new"}));
    assert_eq!(device.conflicts(), json!([]));
    meet(&mut [device, Device::new(2)]);
}

#[test]
fn a_document_that_is_too_large_is_refused() {
    let mut device = device(json!({}));
    let megabyte = "x".repeat(900_000);
    let mut refused = None;
    for index in 0..6 {
        let patch = Value::from_json(&json!({format!("k{index}"): megabyte})).unwrap();
        if let Err(error) = device.document.merge(&patch, None, &ListKeys::new(), 0) {
            refused = Some(error);
            break;
        }
    }
    assert!(matches!(refused, Some(EditError::LimitExceeded { .. })), "{refused:?}");
}

#[test]
fn one_path_rewritten_by_one_process_does_not_grow() {
    let mut device = device(json!({"x": 0}));
    for value in 1..1_000 {
        device.put(json!({"x": value}));
    }
    assert!(device.document.snapshot().len() < 160, "{}", device.document.snapshot().len());
    let mut fresh = Document::new(Incarnation::from_client(5).unwrap());
    fresh.apply(&device.document.snapshot()).unwrap();
    assert_eq!(fresh.value().to_json(), json!({"x": 999}));
}

#[test]
fn a_peer_cannot_grow_a_document_beyond_what_can_travel() {
    let mut device = device(json!({}));
    let mut refused = None;
    for client in 100..106 {
        let mut other = Device::new(client);
        other.put(json!({"x": client.to_string().repeat(300_000)}));
        let before = device.document.digest();
        if let Err(error) = device.document.apply(&other.document.snapshot()) {
            assert_eq!(device.document.digest(), before);
            refused = Some(error);
        }
    }
    assert!(matches!(refused, Some(dunlin_model::ApplyError::NoRoom(_))), "{refused:?}");
    assert!(!device.document.is_poisoned());
    device.restarted(200);
}
