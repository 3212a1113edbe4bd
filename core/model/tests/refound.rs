//! Documents that are begun anew: the content stays, the history goes, nothing is lost unseen.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use dunlin_model::{
    Conflict, Document, Edit, EditError, Incarnation, Side, Value,
    limits::{MAX_DOCUMENT_TEXTS, MAX_GENERATION},
};
use serde_json::{Value as Json, json};
use support::Device;

fn content() -> Json {
    json!({"name": "barn", "body": {"$text": "seen"}, "ticks": {"$counter": 3}, "steps": ["a"]})
}

#[test]
fn the_content_stays_and_the_generation_rises() {
    let mut device = Device::new(1);
    device.put(content());
    for name in 0..50 {
        device.put(json!({"name": name.to_string(), "body": "x".repeat(name)}));
    }
    let old = &device.document;
    let (anew, change) = old.refound(9_000).unwrap();
    assert_eq!(anew.value(), old.value());
    assert_eq!((old.generation(), anew.generation()), (0, 1));
    assert!(!change.is_empty() && anew.snapshot().len() < old.snapshot().len());
    assert_ne!(anew.digest(), old.digest());
    assert_eq!(old.left_behind(&anew), []);
}

#[test]
fn a_base_of_the_older_generation_is_stale() {
    let mut device = Device::new(1);
    device.put(content());
    let base = device.document.version();
    let (mut anew, _) = device.document.refound(9_000).unwrap();
    anew.committed(2);
    let edits = Edit::list_from_json(&json!([{"op":"remove","path":"/name"}]));
    let refused = anew.edit(&edits.unwrap(), Some(&base), 9_000);
    assert!(matches!(refused, Err(EditError::StaleVersion { .. })), "{refused:?}");
}

#[test]
fn nothing_and_what_is_deleted_is_not_begun_anew() {
    let mut device = Device::new(1);
    assert!(matches!(device.document.refound(0), Err(EditError::NotFound { .. })));
    device.put(content());
    device.delete();
    assert!(matches!(device.document.refound(0), Err(EditError::NotFound { .. })));
}

#[test]
fn the_last_generation_is_not_begun_anew() {
    let writer = Incarnation::from_client(1).unwrap();
    let mut last = Document::begin(MAX_GENERATION, writer, 0);
    last.insert(&Value::from_json(&content()).unwrap(), 0).unwrap();
    assert!(matches!(last.refound(0), Err(EditError::LimitExceeded { .. })));
}

#[test]
fn what_one_device_alone_had_is_told_when_another_generation_takes_its_place() {
    let mut here = Device::new(1);
    here.put(content());
    let mut there = here.restarted(2);
    there.put(json!({"alone": {"deep": 1}, "name": "shed"}));
    let (anew, _) = here.document.refound(9_000).unwrap();
    let (taken, _) = there.document.successor(1, &anew.snapshot()).unwrap().unwrap();
    assert_eq!(taken.digest(), anew.digest());
    let left = there.document.left_behind(&taken);
    let told: Vec<_> = left
        .iter()
        .map(|Conflict { path, lost, .. }| (path.as_str(), lost.value.as_ref().map(Value::to_json)))
        .collect();
    assert_eq!(told, [("/alone", Some(json!({"deep": 1}))), ("/name", Some(json!("shed")))]);
}

#[test]
fn a_successor_without_content_is_none() {
    let mut device = Device::new(1);
    device.put(content());
    assert!(device.document.successor(7, &[0, 0]).unwrap().is_none());
}

#[test]
fn a_deletion_that_another_generation_does_not_know_is_told() {
    let mut here = Device::new(1);
    here.put(content());
    let mut there = here.restarted(2);
    there.delete();
    let (anew, _) = here.document.refound(9_000).unwrap();
    let left = there.document.left_behind(&anew);
    let [Conflict { path, lost: Side { value: None, .. }, .. }] = &left[..] else {
        panic!("{left:?}")
    };
    assert_eq!(path, "");
}

#[test]
fn where_removing_gives_no_room_beginning_anew_does() {
    // Every text is a root of its own, and its name stays.
    let texts = |count: usize| -> Json {
        (0..count).map(|text| (format!("t{text}"), json!({"$text": "x"}))).collect()
    };
    let mut device = Device::new(1);
    device.put(json!({"name": "barn", "all": texts(MAX_DOCUMENT_TEXTS)}));
    device.edit(json!([{"op":"remove","path":"/all"}]));
    assert!(device.document.snapshot().len() > 10_000);
    let one_more = Edit::list_from_json(&json!([
        {"op":"set","path":"/t","value":{"$text":"x"}}
    ]));
    let refused = device.document.edit(&one_more.unwrap(), None, 0);
    let Err(EditError::LimitExceeded { what, limit }) = &refused else { panic!("{refused:?}") };
    assert_eq!((what.contains("texts"), *limit), (true, MAX_DOCUMENT_TEXTS as u64));
    assert!(!device.document.is_poisoned());
    let (mut anew, _) = device.document.refound(0).unwrap();
    assert_eq!(anew.value().to_json(), json!({"name": "barn"}));
    assert!(anew.snapshot().len() < 200, "{}", anew.snapshot().len());
    let one_more = Edit::list_from_json(&json!([
        {"op":"set","path":"/t","value":{"$text":"x"}}
    ]));
    anew.edit(&one_more.unwrap(), None, 0).unwrap();
}

#[test]
fn two_devices_that_begin_alike_content_anew_make_the_same_bytes() {
    let mut here = Device::new(1);
    here.put(content());
    let there = here.restarted(2);
    let (one, two) = (here.document.refound(5).unwrap(), there.document.refound(9).unwrap());
    assert_eq!(one.1.update, two.1.update);
    assert_eq!(one.0.digest(), two.0.digest());
}
