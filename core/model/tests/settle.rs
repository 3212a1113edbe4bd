//! How a person settles a conflict: what is shown stays, or what lost takes its place.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use dunlin_model::{Conflict, Decision, EditError, Value};
use serde_json::{Value as Json, json};

use support::{Device, meet};

/// Devices that hold `start`, of which each then does one of the acts, later than those before it.
fn apart<const N: usize>(start: &Json, acts: [&dyn Fn(&mut Device); N]) -> [Device; N] {
    let mut devices: [Device; N] = std::array::from_fn(|index| Device::new(11 + index as u64));
    let (first, others) = devices.split_first_mut().unwrap();
    first.now_ms = 1;
    first.put(start.clone());
    others.iter_mut().for_each(|device| device.pull(first));
    for (index, (device, act)) in devices.iter_mut().zip(acts).enumerate() {
        device.now_ms = 1_000 * (1 + index as i64);
        act(device);
    }
    meet(&mut devices);
    devices.iter_mut().for_each(|device| device.now_ms = 9_000);
    devices
}

fn edit(edit: Json) -> impl Fn(&mut Device) {
    move |device| drop(device.edit(json!([edit])))
}

fn set(path: &str, value: Json) -> impl Fn(&mut Device) {
    edit(json!({"op":"set","path":path,"value":value}))
}

/// The only conflict.
fn only(device: &Device) -> Conflict {
    let conflicts = device.document.conflicts();
    let [conflict] = &conflicts[..] else { panic!("{conflicts:?}") };
    conflict.clone()
}

/// Settles what a pair of acts contests, both ways and by either device; returns what is there when
/// the first is kept and when the other is taken.
fn both_ways(start: Json, acts: [&dyn Fn(&mut Device); 2]) -> [Json; 2] {
    [Decision::Keep, Decision::Take].map(|decision| {
        let settled = [0, 1].map(|by| {
            let mut devices = apart(&start, acts);
            let base = devices[by].document.version();
            let conflict = only(&devices[by]).id;
            devices[by].settle(conflict, decision, Some(&base)).unwrap();
            meet(&mut devices);
            assert_eq!(devices[0].conflicts(), json!([]), "{decision:?}");
            devices[0].json()
        });
        assert_eq!(settled[0], settled[1]);
        settled[0].clone()
    })
}

#[test]
fn both_sides_say_who_wrote_them_and_when_or_that_the_document_began_so() {
    let devices = apart(&json!({"x": 0}), [&set("/x", json!(1)), &set("/x", json!(2))]);
    let Conflict { path, shown, lost, .. } = only(&devices[0]);
    assert_eq!(path, "/x");
    let writer = |device: usize| Some(devices[device].document.incarnation());
    assert_eq!((shown.writer, shown.time_ms, shown.at_creation), (writer(1), Some(2_000), false));
    assert_eq!((lost.writer, lost.time_ms, lost.at_creation), (writer(0), Some(1_000), false));

    let mut devices = [Device::new(1), Device::new(2)];
    devices[0].put(json!({"x": 1}));
    devices[1].put(json!({"x": 2}));
    devices[1].edit(json!([{"op":"set","path":"/x","value":3}]));
    meet(&mut devices);
    let Conflict { shown, lost, .. } = only(&devices[0]);
    assert!(!shown.at_creation && shown.writer.is_some(), "{shown:?}");
    assert_eq!((lost.at_creation, lost.writer, lost.time_ms), (true, None, None));
}

#[test]
fn of_two_values_of_any_kinds_the_chosen_one_is_there_whole() {
    let kinds = [
        json!(1),
        json!("plain"),
        json!([1, 2.5]),
        json!({"$value": {"a": ["b"]}}),
        json!({"$text": "typed"}),
        json!({"$counter": 7}),
        json!(["a", {"k": 1}]),
        json!({"$set": ["a", 1]}),
        json!({"o": {"t": {"$text": "in it"}}}),
    ];
    for one in &kinds {
        for other in kinds.iter().filter(|other| *other != one) {
            let acts = [set("/x", one.clone()), set("/x", other.clone())];
            let devices = apart(&json!({"x": null}), [&acts[0], &acts[1]]);
            let before = devices[0].json();
            let lost = only(&devices[0]).lost.value.unwrap();
            let [kept, taken] = both_ways(json!({"x": null}), [&acts[0], &acts[1]]);
            assert_eq!(kept, before);
            let other_side = if before["x"] == plain(one) { other } else { one };
            // Beside a set that is there, a list is a conflict for what it has more.
            assert_eq!(taken["x"], plain(other_side), "{lost:?}");
        }
    }
}

fn plain(value: &Json) -> Json {
    Value::from_json(value).unwrap().to_json()
}

#[test]
fn a_removal_that_lost_can_be_taken() {
    let [kept, taken] = both_ways(
        json!({"o": {"x": 1, "y": 1}}),
        [&set("/o/x", json!(2)), &edit(json!({"op":"remove","path":"/o"}))],
    );
    assert_eq!((kept, taken), (json!({"o": {"x": 2}}), json!({})));
}

#[test]
fn what_was_typed_or_added_where_nothing_is_can_be_dropped_or_taken() {
    let removed = |path| edit(json!({"op":"remove","path":path}));
    let typed = edit(json!({"op":"splice","path":"/o/t","at":2,"insert":" late"}));
    let start = json!({"o": {"t": {"$text": "on"}, "n": {"$counter": 10}}, "x": 1});
    let [kept, taken] = both_ways(start.clone(), [&typed, &removed("/o")]);
    assert_eq!((kept, taken), (json!({"x": 1}), json!({"o": {"t": " late"}, "x": 1})));
    let [kept, taken] = both_ways(start.clone(), [&typed, &set("/o", json!(5))]);
    assert_eq!((kept, taken), (json!({"o": 5, "x": 1}), json!({"o": {"t": " late"}, "x": 1})));
    let added = edit(json!({"op":"increment","path":"/o/n","by":4}));
    let [kept, taken] = both_ways(start, [&added, &removed("/o/n")]);
    assert_eq!(kept, json!({"o": {"t": "on"}, "x": 1}));
    assert_eq!(taken, json!({"o": {"t": "on", "n": 4}, "x": 1}));
}

#[test]
fn a_deleted_item_comes_back_with_what_was_late() {
    let deleted = edit(json!({"op":"delete-item","path":"/l","at":0}));
    let done = set("/l/0/done", json!(true));
    let [kept, taken] =
        both_ways(json!({"l": [{"id": "tern", "done": false}, "b"]}), [&done, &deleted]);
    assert_eq!(kept, json!({"l": ["b"]}));
    assert_eq!(taken, json!({"l": [{"id": "tern", "done": true}, "b"]}));
}

#[test]
fn of_an_inserted_item_that_was_deleted_what_was_late_comes_back_once() {
    let mut devices = [Device::new(1), Device::new(2), Device::new(3)];
    devices[0].put(json!({"l": ["a"]}));
    devices[0]
        .edit(json!([{"op":"insert","path":"/l","at":0,"value":{"id":"tern","n":{"$counter":1}}}]));
    meet(&mut devices);
    devices[0].edit(json!([{"op":"increment","path":"/l/0/n","by":4}]));
    devices[1].edit(json!([{"op":"delete-item","path":"/l","at":0}]));
    meet(&mut devices);
    for device in &mut devices[..2] {
        let conflict = only(device).id;
        device.settle(conflict, Decision::Take, None).unwrap();
    }
    meet(&mut devices);
    assert_eq!(devices[0].json()["l"].as_array().unwrap().len(), 2, "{}", devices[0].json());
    assert_eq!(devices[2].json()["l"][1]["n"], json!(4));
    assert_eq!(devices[0].conflicts(), json!([]));
}

#[test]
fn a_deleted_document_stays_deleted_or_comes_back_with_the_late_edit() {
    for by in [0, 1] {
        let start = json!({"x": 1, "y": 1});
        let mut devices = apart(&start, [&set("/x", json!(2)), &|device| device.delete()]);
        let conflict = only(&devices[by]);
        assert_eq!(conflict.shown.writer, Some(devices[1].document.incarnation()));
        assert_eq!((conflict.shown.value, conflict.shown.time_ms), (None, Some(2_000)));
        devices[by].settle(conflict.id, Decision::Keep, None).unwrap();
        meet(&mut devices);
        assert!(devices[0].document.is_deleted() && devices[0].conflicts() == json!([]));

        let mut devices = apart(&start, [&set("/x", json!(2)), &|device| device.delete()]);
        let conflict = only(&devices[by]).id;
        devices[by].settle(conflict, Decision::Take, None).unwrap();
        meet(&mut devices);
        assert!(!devices[0].document.is_deleted());
        assert_eq!(
            (devices[0].json(), devices[0].conflicts()),
            (json!({"x": 2, "y": 1}), json!([]))
        );
    }
}

#[test]
fn what_two_rejected_at_once_stays_gone_and_what_they_chose_is_a_conflict_if_it_differs() {
    let acts = [1, 2, 3].map(|value| set("/x", json!(value)));
    let acts = || [&acts[0] as &dyn Fn(&mut Device), &acts[1], &acts[2]];
    let conflict = |device: &Device, value: i64| {
        let conflicts = device.document.conflicts();
        let of = |it: &&Conflict| it.lost.value == Some(Value::Int(value));
        conflicts.iter().find(of).unwrap().id
    };
    let mut devices = apart(&json!({"x": 0}), acts());
    assert_eq!(devices[0].json(), json!({"x": 3}));
    for (by, value) in [(0, 1), (1, 2)] {
        let chosen = conflict(&devices[by], value);
        devices[by].now_ms += by as i64;
        devices[by].settle(chosen, Decision::Take, None).unwrap();
    }
    meet(&mut devices);
    assert_eq!((devices[2].json(), devices[2].conflicts()), (json!({"x": 2}), json!([["/x", 1]])));

    let mut devices = apart(&json!({"x": 0}), acts());
    for device in &mut devices {
        let chosen = conflict(device, 1);
        device.settle(chosen, Decision::Take, None).unwrap();
    }
    meet(&mut devices);
    assert_eq!((devices[2].json(), devices[2].conflicts()), (json!({"x": 1}), json!([])));
}

#[test]
fn what_arrived_since_it_was_read_stays_a_conflict_and_nobody_keeps_what_is_not_shown_any_more() {
    let [mut one, mut other] =
        apart(&json!({"x": 0}), [&set("/x", json!(1)), &set("/x", json!(2))]);
    let (base, conflict) = (one.document.version(), only(&one).id);
    other.now_ms = 8_000;
    other.edit(json!([{"op":"set","path":"/x","value":3},{"op":"set","path":"/y","value":4}]));
    let (mut deaf, base_there) = (one.restarted(21), one.document.version());
    one.pull(&other);
    // It is settled already.
    for decision in [Decision::Keep, Decision::Take] {
        let refused = one.settle(conflict, decision, Some(&base));
        assert!(matches!(refused, Err(EditError::Changed { .. })), "{refused:?}");
    }
    assert_eq!(one.json(), json!({"x": 3, "y": 4}));
    // Whoever had not heard of that decided too.
    deaf.now_ms = 7_000;
    deaf.settle(conflict, Decision::Take, Some(&base_there)).unwrap();
    deaf.pull(&other);
    assert_eq!((deaf.json(), deaf.conflicts()), (json!({"x": 3, "y": 4}), json!([["/x", 1]])));
}

#[test]
fn a_third_value_that_was_not_read_survives_what_was_decided_without_it() {
    let acts = [1, 2, 3].map(|value| set("/x", json!(value)));
    let [mut one, two, mut third] = [11, 12, 13].map(|client| {
        let mut device = Device::new(client);
        device.put(json!({"x": 0}));
        device.now_ms = client as i64 * 1_000;
        acts[client as usize - 11](&mut device);
        device
    });
    one.pull(&two);
    let (base, conflict) = (one.document.version(), only(&one).id);
    one.pull(&third);
    let refused = one.settle(conflict, Decision::Keep, Some(&base));
    assert!(matches!(refused, Err(EditError::Changed { .. })), "{refused:?}");
    one.now_ms = 20_000;
    one.settle(conflict, Decision::Take, Some(&base)).unwrap();
    third.pull(&one);
    assert_eq!((third.json(), third.conflicts()), (json!({"x": 1}), json!([["/x", 3]])));
}
