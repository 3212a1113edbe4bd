//! What a document starts with is nobody's write: whoever begins it alike has it once.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::{Value as Json, json};
use support::{Device, meet};

fn begun(client: u64, form: &Json) -> Device {
    let mut device = Device::new(client);
    device.put(form.clone());
    device
}

fn form() -> Json {
    json!({
        "title": "inspection", "done": false, "note": {"$text": "write here"},
        "visits": {"$counter": 1}, "tags": {"$set": ["wet", "cold"]}, "at": [13.4, 52.5],
        "manual": "x".repeat(3000),
        "rows": [
            {"id": "a", "text": "doors", "ok": false}, {"id": "b", "text": "roof", "ok": false},
            {"text": {"$text": "free"}}, "plain",
        ],
    })
}

fn plain() -> Json {
    begun(9, &form()).json()
}

#[test]
fn documents_begun_alike_have_one_digest_before_they_meet() {
    let devices: Vec<Device> = (1..=5).map(|client| begun(client, &form())).collect();
    for device in &devices {
        assert_eq!(device.document.digest(), devices[0].document.digest());
        assert_eq!(device.document.snapshot(), devices[0].document.snapshot());
    }
}

#[test]
fn five_hundred_loads_of_one_form_are_stored_once() {
    let mut device = begun(1, &form());
    let size = device.document.snapshot().len();
    for client in 2..=500 {
        device.pull(&begun(client, &form()));
    }
    assert_eq!(device.document.snapshot().len(), size);
    assert_eq!((device.json(), device.conflicts()), (plain(), json!([])));
}

#[test]
fn loading_a_form_again_changes_nothing() {
    let mut device = begun(1, &form());
    let change = device.put(form());
    assert!(change.is_empty(), "{:?}", change.paths);
}

#[test]
fn what_one_did_before_they_meet_stands_against_the_others_loading() {
    let mut devices = [begun(1, &form()), begun(2, &form()), begun(3, &form())];
    devices[0].edit(json!([
        {"op":"set","path":"/title","value":"mine"},
        {"op":"set","path":"/rows/0/ok","value":true},
        {"op":"delete-item","path":"/rows","at":1},
        {"op":"remove","path":"/note"},
        {"op":"discard","path":"/tags","value":"wet"},
        {"op":"increment","path":"/visits","by":2},
        {"op":"remove","path":"/manual"},
    ]));
    meet(&mut devices);
    let json = devices[1].json();
    assert_eq!(json["title"], "mine");
    assert_eq!(json["rows"][0], json!({"id": "a", "text": "doors", "ok": true}));
    assert_eq!(json["rows"].as_array().unwrap().len(), 3);
    assert_eq!((json.get("note"), json.get("manual")), (None, None));
    assert_eq!((&json["tags"], &json["visits"]), (&json!(["cold"]), &json!(3)));
    assert_eq!(devices[1].conflicts(), json!([]));
}

#[test]
fn what_one_did_stands_against_another_version_of_the_form() {
    let mut other = form();
    other["title"] = json!("inspection, second edition");
    other["rows"].as_array_mut().unwrap().push(json!("one more"));
    let mut devices = [begun(1, &form()), begun(2, &other)];
    devices[0].now_ms = -5;
    devices[0].edit(json!([
        {"op":"set","path":"/done","value":true},
        {"op":"set","path":"/rows/0/ok","value":true},
        {"op":"delete-item","path":"/rows","at":1},
        {"op":"set","path":"/title","value":"chosen"},
    ]));
    meet(&mut devices);
    let json = devices[0].json();
    assert_eq!((&json["done"], &json["title"]), (&json!(true), &json!("chosen")));
    let rows = json["rows"].as_array().unwrap();
    assert_eq!(rows[0], json!({"id": "a", "text": "doors", "ok": true}));
    assert!(rows.iter().all(|row| row["id"] != "b"), "{json}");
    assert_eq!(rows.iter().filter(|row| **row == "plain").count(), 1);
    assert_eq!(rows.iter().filter(|row| **row == "one more").count(), 1);
}

#[test]
fn two_versions_of_a_form_have_equal_rows_once() {
    let mut second = form();
    second["stamp"] = json!(2);
    second["rows"] = json!([
        {"id": "a", "text": "doors", "ok": false}, "new", "plain",
        {"id": "b", "text": "roof", "ok": false}, "plain",
    ]);
    let mut devices = [begun(1, &form()), begun(2, &second)];
    meet(&mut devices);
    let rows = devices[0].json()["rows"].as_array().unwrap().clone();
    let count = |row: Json| rows.iter().filter(|other| **other == row).count();
    assert_eq!(count(json!({"id": "a", "text": "doors", "ok": false})), 1);
    assert_eq!(count(json!({"id": "b", "text": "roof", "ok": false})), 1);
    assert_eq!((count(json!("plain")), count(json!("new"))), (2, 1));
    assert_eq!(rows.len(), 6);
}

#[test]
fn of_two_beginnings_that_differ_one_is_there_and_the_other_a_conflict() {
    let mut devices = [begun(1, &json!({"a": 1, "b": 1})), begun(2, &json!({"a": 2, "b": 1}))];
    meet(&mut devices);
    let there = devices[0].json()["a"].clone();
    let other = if there == 1 { 2 } else { 1 };
    assert_eq!(devices[0].conflicts(), json!([["/a", other]]));
    let conflict = &devices[0].document.conflicts()[0];
    for side in [&conflict.shown, &conflict.lost] {
        assert_eq!((side.writer, side.time_ms, side.at_creation), (None, None, true));
    }
}

#[test]
fn increments_that_create_add_up_and_beginnings_are_one() {
    let mut devices = [Device::new(1), Device::new(2)];
    for device in &mut devices {
        device.edit(json!([{"op":"increment","path":"/n","by":1}]));
    }
    meet(&mut devices);
    assert_eq!((devices[0].json(), devices[0].conflicts()), (json!({"n": 2}), json!([])));
    let day = json!({"n": {"$counter": 1}});
    let mut devices = [begun(1, &day), begun(2, &day)];
    meet(&mut devices);
    assert_eq!((devices[0].json(), devices[0].conflicts()), (json!({"n": 1}), json!([])));
}

#[test]
fn loading_a_form_that_another_deleted_leaves_it_deleted_and_restored_it_is_whole() {
    let mut devices = [begun(1, &form()), begun(2, &form())];
    devices[0].delete();
    meet(&mut devices);
    assert!(devices[1].document.is_deleted());
    assert_eq!(devices[1].conflicts(), json!([]));
    devices[1].restore();
    meet(&mut devices);
    assert_eq!(devices[0].json(), plain());
}

#[test]
fn removing_what_is_large_frees_its_bytes_also_from_the_creation() {
    let mut device = begun(1, &json!({"x": 1, "o": {"big": "x".repeat(50_000)}}));
    assert!(device.document.snapshot().len() > 50_000);
    device.edit(json!([{"op":"remove","path":"/o/big"}]));
    assert!(device.document.snapshot().len() < 400, "{}", device.document.snapshot().len());
    device.edit(json!([{"op":"set","path":"/l","value":[{"big": "y".repeat(50_000)}]}]));
    device.edit(json!([{"op":"delete-item","path":"/l","at":0}]));
    assert!(device.document.snapshot().len() < 800, "{}", device.document.snapshot().len());
    assert_eq!(device.json(), json!({"x": 1, "o": {}, "l": []}));
}
