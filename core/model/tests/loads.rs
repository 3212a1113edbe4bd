//! Devices that load versions of one form, before they meet and after, and work on it.
//!
//! `cargo xtask properties --cases N --seed S` runs this very often.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use support::{Device, meet};

#[derive(Clone, Debug)]
enum Step {
    Load { which: u32 },
    Work { what: u32, at: u32 },
    Delete,
    Restore,
    Restart,
    Pull { from: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0..4u32).prop_map(|which| Step::Load { which }),
        4 => step_without_load(),
    ]
}

fn step_without_load() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (any::<u32>(), any::<u32>()).prop_map(|(what, at)| Step::Work { what, at }),
        1 => Just(Step::Delete),
        1 => Just(Step::Restore),
        1 => Just(Step::Restart),
        3 => (0..3usize).prop_map(|from| Step::Pull { from }),
    ]
}

/// Version `which` of a form with everything that merges in its own way.
fn form(which: u32) -> Json {
    let mut form = json!({
        "title": "inspection", "version": which, "at": [13.4, 52.5], "visits": {"$counter": 0},
        "note": {"$text": "write here"}, "tags": {"$set": ["wet", 1]}, "long": "x".repeat(1100),
        "rows": [
            {"id": "a", "text": "doors", "ok": false},
            {"id": "b", "text": "roof", "ok": false, "note": {"$text": "b"}},
            {"id": "c", "text": "floor", "ok": false, "parts": [{"id": "x"}, {"id": "y"}]},
        ],
    });
    match which {
        1 => form["rows"].as_array_mut().unwrap().push(json!({"id": "d", "text": "new"})),
        2 => form["note"] = json!({"$text": "write elsewhere"}),
        3 => drop(form["rows"].as_array_mut().unwrap().remove(1)),
        _ => {}
    }
    form
}

/// Does something that makes sense with what the device shows; nothing where that is not there.
fn work(device: &mut Device, what: u32, at: u32) {
    if device.document.is_deleted() || !device.document.exists() {
        return;
    }
    device.now_ms += 1;
    let shown = device.json();
    let rows = shown["rows"].as_array().map_or(0, Vec::len) as u32;
    let row = at.checked_rem(rows).unwrap_or(0);
    let letters = shown["note"].as_str().map_or(0, str::len) as u32;
    let edit = match what % 12 {
        0 => json!({"op": "set", "path": "/title", "value": at % 4}),
        1 => json!({"op": "increment", "path": "/visits", "by": 1 + at % 3}),
        2 => json!({"op": "splice", "path": "/note", "at": at % (letters + 1), "insert": "z"}),
        3 if letters > 0 => {
            json!({"op": "splice", "path": "/note", "at": at % letters, "delete": 1})
        }
        4 => json!({"op": "add", "path": "/tags", "value": at % 3}),
        5 => json!({"op": "discard", "path": "/tags", "value": "wet"}),
        6 => json!({"op": "set", "path": "/at", "value": [at % 5, 1]}),
        7 if rows > 0 => json!({"op": "set", "path": format!("/rows/{row}/ok"), "value": true}),
        8 if rows > 0 => json!({"op": "delete-item", "path": "/rows", "at": row}),
        9 if rows > 0 => {
            json!({"op": "move", "path": "/rows", "from": row, "to": what / 12 % rows})
        }
        10 => json!({"op": "remove", "path": (["/note", "/long", "/title"][at as usize % 3])}),
        _ => return,
    };
    device.edit(json!([edit]));
}

fn take(devices: &mut [Device], index: usize, step: &Step, client: u64) {
    let device = &mut devices[index];
    match step {
        Step::Load { which } => drop(device.put(form(*which))),
        Step::Work { what, at } => work(device, *what, *at),
        Step::Delete if device.document.exists() && !device.document.is_deleted() => {
            device.delete();
        }
        Step::Restore if device.document.is_deleted() => device.restore(),
        Step::Restart => *device = device.restarted(client),
        Step::Pull { from } if *from != index => {
            let diff = devices[*from].document.diff(&devices[index].document.state_vector());
            devices[index].document.apply(&diff).unwrap();
            devices[index].note();
        }
        _ => {}
    }
}

fn three() -> Vec<Device> {
    (1..=3).map(Device::new).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_they_load_and_do_they_agree(
        steps in prop::collection::vec((0..3usize, step()), 1..40),
    ) {
        let mut devices = three();
        for (number, (device, step)) in (100..).zip(&steps) {
            take(&mut devices, *device, step, number);
        }
        meet(&mut devices);
    }

    /// A row that is inserted later is a row of its own, also by loading another version.
    #[test]
    fn rows_that_versions_of_a_form_begin_with_are_there_once(
        versions in [0..4u32, 0..4u32, 0..4u32],
        steps in prop::collection::vec((0..3usize, step_without_load()), 0..30),
    ) {
        let mut devices = three();
        for (device, which) in devices.iter_mut().zip(versions) {
            device.put(form(which));
        }
        for (number, (device, step)) in (100..).zip(&steps) {
            take(&mut devices, *device, step, number);
        }
        meet(&mut devices);
        let shown = devices[0].json();
        let rows = shown["rows"].as_array().cloned().unwrap_or_default();
        let ids: BTreeSet<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
        prop_assert_eq!(ids.len(), rows.len(), "{}", shown["rows"]);
    }

    #[test]
    fn what_one_does_stands_against_the_others_who_only_load(
        which in 0..4u32,
        acts in prop::collection::vec((any::<u32>(), any::<u32>()), 0..12),
        ends in prop_oneof![3 => Just(None), 1 => Just(Some(Step::Delete))],
        restarts in prop::collection::vec(0..3usize, 0..4),
    ) {
        let mut devices = three();
        for device in &mut devices {
            device.put(form(which));
        }
        for device in &devices {
            prop_assert_eq!(device.document.digest(), devices[0].document.digest());
        }
        for (number, index) in (100..).zip(restarts) {
            take(&mut devices, index, &Step::Restart, number);
            prop_assert!(devices[index].put(form(which)).is_empty(), "loading again wrote");
        }
        for (what, at) in acts {
            work(&mut devices[0], what, at);
        }
        if let Some(step) = ends {
            take(&mut devices, 0, &step, 0);
        }
        let (shown, deleted) = (devices[0].json(), devices[0].document.is_deleted());
        meet(&mut devices);
        prop_assert_eq!(devices[2].json(), shown);
        prop_assert_eq!(devices[2].document.is_deleted(), deleted);
        prop_assert_eq!(devices[2].conflicts(), json!([]));
    }
}
