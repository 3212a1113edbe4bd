//! Documents that are full: what they still take, and what is kept out without anybody's fault.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use dunlin_model::{
    Applied, ApplyError, Document, Edit, EditError, Incarnation, ListKeys, Measure, Value,
    limits::{MAX_DOCUMENT_BYTES, MAX_MERGED_BYTES},
};
use serde_json::{Value as Json, json};
use support::Device;

/// Two of these fill a document.
const PHOTO_BYTES: usize = 620_000;

/// A device that has filled a document by itself.
fn full(client: u64) -> Device {
    let mut device = Device::new(client);
    device.put(json!({"name": "barn", "ticks": {"$counter": 0}}));
    for photo in 0..2 {
        let name = format!("photo-{client}-{photo}");
        device.put(json!({ name: "x".repeat(PHOTO_BYTES) }));
    }
    device
}

/// As much as merges.
fn merged() -> Device {
    let mut device = full(1);
    for client in 2..=3 {
        let changed = device.document.apply(&full(client).document.snapshot());
        assert!(matches!(changed, Ok(Applied::Changed(_))), "{changed:?}");
        device.note();
    }
    assert!(device.document.snapshot().len() <= MAX_MERGED_BYTES);
    device
}

fn attempt(device: &mut Device, edits: Json) -> Result<(), EditError> {
    let edits = Edit::list_from_json(&edits).unwrap();
    device.document.edit(&edits, None, 9_000).map(drop)
}

#[test]
fn a_local_write_beyond_the_bound_is_refused_and_says_what_to_do() {
    let mut device = full(1);
    assert!(device.document.snapshot().len() <= MAX_DOCUMENT_BYTES);
    let patch = Value::from_json(&json!({"more": "x".repeat(PHOTO_BYTES)})).unwrap();
    let refused = device.document.merge(&patch, None, &ListKeys::new(), 0).unwrap_err();
    assert!(matches!(refused, EditError::LimitExceeded { .. }), "{refused}");
    assert!(refused.remedy().contains("remove"), "{}", refused.remedy());
}

#[test]
fn three_that_were_filled_apart_merge_and_the_fourth_is_kept_out() {
    let mut device = merged();
    let before = device.document.digest();
    let refused = device.document.apply(&full(4).document.snapshot());
    let Err(ApplyError::NoRoom(no_room)) = refused else { panic!("{refused:?}") };
    assert_eq!((no_room.measure, no_room.bound), (Measure::Bytes, MAX_MERGED_BYTES as u64));
    assert_eq!(no_room.has, device.document.snapshot().len() as u64);
    assert!(no_room.needs > no_room.bound);
    assert_eq!(device.document.digest(), before);
    assert!(!device.document.is_poisoned());
}

#[test]
fn a_tick_a_removal_and_a_deletion_work_on_a_full_document() {
    let mut device = merged();
    attempt(&mut device, json!([{"op":"increment","path":"/ticks","by":1}])).unwrap();
    attempt(&mut device, json!([{"op":"remove","path":"/photo-2-0"}])).unwrap();
    device.document.delete(None, 9_000).unwrap();
    let mut device = merged();
    let more = json!([{"op":"set","path":"/more","value":"x".repeat(2000)}]);
    assert!(matches!(attempt(&mut device, more), Err(EditError::LimitExceeded { .. })));
}

#[test]
fn replacing_something_large_by_something_smaller_works_on_a_full_document() {
    let mut device = merged();
    let smaller = "y".repeat(PHOTO_BYTES / 2);
    attempt(&mut device, json!([{"op":"set","path":"/photo-1-0","value":smaller}])).unwrap();
}

#[test]
fn an_update_is_judged_by_the_document_that_it_would_leave() {
    let mut here = merged();
    let mut there = here.restarted(50);
    // Together too long by far, and what comes replaces what is there.
    for (photo, letter) in [("/photo-1-0", "y"), ("/photo-2-0", "z"), ("/photo-3-0", "u")] {
        let value = letter.repeat(PHOTO_BYTES);
        there.edit(json!([{"op":"set","path":photo,"value":value}]));
    }
    here.pull(&there);
    assert_eq!(here.document.digest(), there.document.digest());
}

#[test]
fn removing_what_is_large_makes_room_for_what_was_kept_out() {
    let (mut here, other) = (merged(), full(4));
    assert!(here.document.apply(&other.document.snapshot()).is_err());
    for photo in ["photo-1-0", "photo-2-0"] {
        attempt(&mut here, json!([{"op":"remove","path":format!("/{photo}")}])).unwrap();
    }
    here.note();
    here.pull(&other);
    assert_eq!(here.json()["photo-4-1"].as_str().unwrap().len(), PHOTO_BYTES);
}

#[test]
fn the_largest_places_are_told_with_paths_that_can_be_removed() {
    let mut device = Device::new(9);
    device.put(json!({"a/b": ["x".repeat(1500), "short"]}));
    device.pull(&merged());
    let largest = device.document.largest();
    assert_eq!(largest.len(), 5);
    assert!(largest.iter().all(|large| large.bytes == PHOTO_BYTES as u64));
    for large in device.document.largest() {
        attempt(&mut device, json!([{"op":"remove","path":large.path.to_string()}])).unwrap();
    }
    assert!(device.document.snapshot().len() < 2 * PHOTO_BYTES);
    attempt(&mut device, json!([{"op":"remove","path":"/photo-3-1"}])).unwrap();
    let largest = device.document.largest();
    let paths: Vec<String> = largest.iter().map(|large| large.path.to_string()).collect();
    assert_eq!(paths, ["/a~1b/0"]);
    assert_eq!(Document::new(Incarnation::from_client(9).unwrap()).largest(), []);
}
