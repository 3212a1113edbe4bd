//! Whole documents: made, deleted, restored.

use serde_json::{Value as Json, json};

use crate::{
    pair::{agree, concurrently, concurrently_from, concurrently_then, edit, outcome, places, put},
    support::{Device, meet},
};

#[test]
fn base_and_base_two_creations_of_one_document_merge_leaf_by_leaf() {
    concurrently(
        Json::Null,
        put(json!({"a": 1, "same": true, "o": {"x": 1}})),
        put(json!({"a": 2, "same": true, "o": {"y": 2}})),
        outcome(json!({"a": 2, "same": true, "o": {"x": 1, "y": 2}}), json!([["/a", 1]])),
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

#[test]
fn document_deleted_and_added_to_counts_after_a_restore() {
    deleted_and(
        json!({"n": {"$counter": 10}}),
        edit(json!({"op":"increment","path":"/n","by":4})),
        json!([["/n", 4]]),
        json!({"n": 14}),
    );
}

#[test]
fn document_deleted_and_item_inserted_has_the_item_as_a_conflict() {
    deleted_and(
        json!({"l": ["a"]}),
        edit(json!({"op":"insert","path":"/l","at":1,"value":"b"})),
        json!([["/l/@", "b"]]),
        json!({"l": ["a", "b"]}),
    );
}

#[test]
fn document_deleted_and_field_removed_has_the_removal_as_a_conflict() {
    deleted_and(
        json!({"x": 1, "y": 1}),
        edit(json!({"op":"remove","path":"/x"})),
        json!([["/x", "absent"]]),
        json!({"y": 1}),
    );
}

#[test]
fn document_deleted_and_item_moved_has_no_conflict_since_a_place_is_no_value() {
    deleted_and(
        json!({"l": ["a", "b"]}),
        edit(json!({"op":"move","path":"/l","from":0,"to":1})),
        json!([]),
        json!({"l": ["b", "a"]}),
    );
}

#[test]
fn document_deleted_and_deleted_and_made_anew_stays_deleted_with_the_new_one_as_a_conflict() {
    deleted_and(json!({"x": 1}), anew(json!({"y": 2})), json!([["", {"y": 2}]]), json!({"y": 2}));
}

#[test]
fn made_anew_and_made_anew_merge_leaf_by_leaf() {
    concurrently(
        json!({"old": 0}),
        anew(json!({"x": 1, "a": 1})),
        anew(json!({"x": 2, "b": 2})),
        outcome(json!({"x": 2, "a": 1, "b": 2}), json!([["/x", 1]])),
    );
}

#[test]
fn restored_and_restored_agree() {
    concurrently_from(deleted, Device::restore, Device::restore, |devices| {
        agree(json!({"x": 1})).check(devices);
    });
}

#[test]
fn restored_and_made_anew_the_new_document_stands() {
    let anew = || put(json!({"y": 2}));
    concurrently_from(deleted, Device::restore, anew(), |devices| {
        agree(json!({"y": 2})).check(devices);
    });
    concurrently_from(deleted, anew(), Device::restore, |devices| {
        agree(json!({"y": 2})).check(devices);
    });
}

/// Deletes on one device what another changes, in either order of clocks, and restores it.
fn deleted_and(start: Json, change: impl Fn(&mut Device), conflicts: Json, restored: Json) {
    let then = |devices: &mut [Device]| {
        assert!(devices[0].document.is_deleted());
        assert_eq!(places(&devices[0].conflicts()), conflicts);
        devices[1].restore();
        meet(devices);
        agree(restored.clone()).check(devices);
    };
    concurrently_then(start.clone(), Device::delete, &change, then);
    concurrently_then(start, &change, Device::delete, then);
}

fn deleted(device: &mut Device) {
    device.put(json!({"x": 1}));
    device.delete();
}

/// Deletes the document and begins it again.
fn anew(content: Json) -> impl Fn(&mut Device) {
    move |device| {
        device.delete();
        device.put(content.clone());
    }
}
