//! Whole documents: made, deleted, restored.

use serde_json::{Value as Json, json};

use crate::{
    pair::{Outcome, agree, concurrently, concurrently_then, edit, put},
    support::{Device, meet},
};

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
fn document_deleted_and_edited_stays_deleted_with_the_edit_as_a_conflict() {
    let start = json!({"x": 1, "t": {"$text": "a"}});
    let restored = |devices: &mut [Device]| {
        assert!(devices[0].document.is_deleted());
        assert_eq!(devices[0].conflicts(), json!([["/x", 2]]));
        devices[1].restore();
        meet(devices);
        assert!(!devices[0].document.is_deleted());
        assert_eq!(devices[0].json(), json!({"x": 2, "t": "a"}));
        assert_eq!(devices[0].conflicts(), json!([]));
    };
    concurrently_then(start.clone(), Device::delete, put(json!({"x": 2})), restored);
    concurrently_then(start, put(json!({"x": 2})), Device::delete, restored);
}

#[test]
fn document_deleted_and_typed_in_stays_deleted_with_a_conflict() {
    concurrently_then(
        json!({"t": {"$text": "a"}}),
        Device::delete,
        edit(json!({"op":"splice","path":"/t","at":1,"insert":"b"})),
        |devices| {
            assert!(devices[0].document.is_deleted() && devices[0].document.has_conflicts());
            assert_eq!(devices[0].conflicts(), json!([["/t", "ab"]]));
        },
    );
}

#[test]
fn document_deleted_and_set_and_typed_in_has_both_as_conflicts() {
    let start = json!({"x": 1, "t": {"$text": "a"}, "seen": {"$text": "s"}});
    let edited = |device: &mut Device| {
        device.put(json!({"x": 2, "new": {"$text": "n"}}));
        device.edit(json!([{"op":"splice","path":"/t","at":1,"insert":"b"}]));
    };
    let restored = |devices: &mut [Device]| {
        assert!(devices[0].document.is_deleted());
        assert_eq!(devices[0].conflicts(), json!([["/new", "n"], ["/t", "ab"], ["/x", 2]]));
        devices[1].restore();
        meet(devices);
        assert_eq!(devices[0].json(), json!({"x": 2, "t": "ab", "seen": "s", "new": "n"}));
        assert_eq!(devices[0].conflicts(), json!([]));
    };
    concurrently_then(start.clone(), Device::delete, edited, restored);
    concurrently_then(start, edited, Device::delete, restored);
}

#[test]
fn delete_and_delete_of_one_document_agree() {
    concurrently_then(json!({"x": 1}), Device::delete, Device::delete, |devices| {
        assert!(devices[0].document.is_deleted());
        assert_eq!(devices[0].conflicts(), json!([]));
    });
}

#[test]
fn deleted_and_made_anew_the_new_document_stands() {
    let anew = |device: &mut Device| {
        device.delete();
        device.put(json!({"x": 2}));
    };
    concurrently(
        json!({"x": 1, "y": 1}),
        anew,
        put(json!({"y": 5})),
        agree(json!({"x": 2, "y": 5})),
    );
}
