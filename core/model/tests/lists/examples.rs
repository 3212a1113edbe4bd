//! What two people do to one list while they do not hear of each other.

use dunlin_model::{ListKeys, Value};
use serde_json::{Value as Json, json};

use crate::support::{Device, meet};

/// Lets two devices act on a list without seeing each other, in both orders of their clocks; then
/// they meet.
fn apart(
    start: &Json,
    first: impl Fn(&mut Device),
    second: impl Fn(&mut Device),
    then: impl Fn(&[Device]),
) {
    for times in [[1_000, 2_000], [2_000, 1_000]] {
        let mut creator = Device::new(20);
        creator.put(json!({"l": start}));
        let mut devices = [Device::new(11), Device::new(12)];
        for (device, time) in devices.iter_mut().zip(times) {
            device.pull(&creator);
            device.now_ms = time;
        }
        first(&mut devices[0]);
        second(&mut devices[1]);
        meet(&mut devices);
        then(&devices);
    }
}

fn put(list: Json) -> impl Fn(&mut Device) {
    move |device| drop(device.put(json!({"l": list})))
}

/// Rows with keys, and the same without.
fn with_and_without_keys(test: impl Fn(&dyn Fn(&str) -> Json)) {
    test(&|name| json!({"id": name, "name": format!("row {name}"), "done": false, "min": 5}));
    test(&|name| json!({"name": format!("row {name}"), "done": false, "min": 5}));
}

fn list(rows: &[Json]) -> Json {
    rows.iter().cloned().collect()
}

#[test]
fn a_row_that_both_drag_is_there_once() {
    with_and_without_keys(|row| {
        let [a, b, c, d] = ["a", "b", "c", "d"].map(row);
        let start = list(&[a.clone(), b.clone(), c.clone(), d.clone()]);
        let to_end = list(&[b.clone(), c.clone(), d.clone(), a.clone()]);
        let to_second = list(&[b.clone(), a.clone(), c.clone(), d.clone()]);
        apart(&start, put(to_end.clone()), put(to_second.clone()), |devices| {
            let list = &devices[0].json()["l"];
            assert!([&to_end, &to_second].contains(&list), "{list}");
        });
    });
}

#[test]
fn a_list_that_both_sort_is_sorted() {
    let names = ["e", "b", "g", "a", "f", "c", "d"];
    with_and_without_keys(|row| {
        let start = list(&names.map(row));
        let sorted = list(&["a", "b", "c", "d", "e", "f", "g"].map(row));
        apart(&start, put(sorted.clone()), put(sorted.clone()), |devices| {
            assert_eq!(devices[0].json()["l"], sorted);
        });
        // Also where one of them has inserted some that belong between the others.
        let more = ["0", "a", "b", "b1", "c", "d", "d1", "d2", "e", "f", "g", "h"].map(row);
        apart(&start, put(list(&more)), put(sorted.clone()), |devices| {
            assert_eq!(devices[0].json()["l"], list(&more));
        });
    });
}

#[test]
fn a_list_that_one_sorts_after_inserting_and_one_sorts_before_seeing_that_is_sorted() {
    with_and_without_keys(|row| {
        let names = ["e", "b", "g", "a", "f", "c", "d"];
        let sorted = list(&["a", "b", "c", "d", "e", "f", "g"].map(row));
        let more = list(&["a", "b", "c", "d", "d1", "e", "f", "g"].map(row));
        for at in 0..=names.len() {
            let insert_and_sort = |device: &mut Device| {
                let new = row("d1");
                device.edit(json!([{"op":"insert","path":"/l","at":at,"value":new}]));
                device.put(json!({"l": more}));
            };
            apart(&list(&names.map(row)), insert_and_sort, put(sorted.clone()), |devices| {
                assert_eq!(devices[0].json()["l"], more, "inserted at {at}");
            });
        }
    });
}

#[test]
fn a_row_that_one_drags_and_one_ticks_is_dragged_and_ticked() {
    with_and_without_keys(|row| {
        let [a, b, c] = ["a", "b", "c"].map(row);
        let mut ticked = a.clone();
        ticked["done"] = json!(true);
        apart(
            &list(&[a.clone(), b.clone(), c.clone()]),
            put(list(&[b.clone(), c.clone(), a.clone()])),
            put(list(&[ticked.clone(), b.clone(), c.clone()])),
            |devices| {
                assert_eq!(devices[0].json()["l"], list(&[b.clone(), c.clone(), ticked.clone()]));
                assert_eq!(devices[0].conflicts(), json!([]));
            },
        );
    });
}

#[test]
fn a_row_that_one_ticks_behind_an_insertion_and_the_other_renames_has_both() {
    with_and_without_keys(|row| {
        let [a, b, new] = ["a", "b", "new"].map(row);
        let (mut ticked, mut renamed, mut both) = (a.clone(), a.clone(), a.clone());
        ticked["done"] = json!(true);
        renamed["name"] = json!("another name");
        both["done"] = json!(true);
        both["name"] = json!("another name");
        apart(
            &list(&[a.clone(), b.clone()]),
            put(list(&[new.clone(), ticked.clone(), b.clone()])),
            put(list(&[renamed.clone(), b.clone()])),
            |devices| {
                assert_eq!(devices[0].json()["l"], list(&[new.clone(), both.clone(), b.clone()]));
                assert_eq!(devices[0].conflicts(), json!([]));
            },
        );
    });
}

#[test]
fn a_row_that_one_deletes_and_the_other_edits_is_gone_and_the_edit_a_conflict() {
    with_and_without_keys(|row| {
        let [a, b] = ["a", "b"].map(row);
        let mut ticked = a.clone();
        ticked["done"] = json!(true);
        apart(
            &list(&[a.clone(), b.clone()]),
            put(list(std::slice::from_ref(&b))),
            put(list(&[ticked, b.clone()])),
            |devices| {
                assert_eq!(devices[0].json()["l"], list(std::slice::from_ref(&b)));
                let conflicts = devices[0].conflicts();
                assert_eq!(conflicts[0][1], json!({"done": true}), "{conflicts}");
                assert_eq!(conflicts.as_array().unwrap().len(), 1);
            },
        );
    });
}

#[test]
fn rows_that_one_device_adds_in_a_row_stay_together() {
    let by_edits = |from: u32, name: &'static str| {
        move |device: &mut Device| {
            for at in 0..6 {
                let value = format!("{name}{at}");
                device.edit(json!([{"op":"insert","path":"/l","at":from + at,"value":value}]));
            }
        }
    };
    let by_puts = |from: usize, name: &'static str| {
        move |device: &mut Device| {
            for at in 0..6 {
                let mut list = device.json()["l"].clone();
                list.as_array_mut().unwrap().insert(from + at, json!(format!("{name}{at}")));
                device.put(json!({"l": list}));
            }
        }
    };
    let together = |devices: &[Device]| {
        let list = devices[0].json()["l"].clone();
        let text = list.as_array().unwrap().iter().map(|it| it.as_str().unwrap());
        let text = text.collect::<String>();
        assert!(text.contains("p0p1p2p3p4p5") && text.contains("q0q1q2q3q4q5"), "{text}");
    };
    let start = json!(["one", "two", "three"]);
    for from in [0, 1, 3] {
        apart(&start, by_edits(from, "p"), by_edits(from, "q"), together);
        apart(&start, by_puts(from as usize, "p"), by_puts(from as usize, "q"), together);
        apart(&start, by_edits(from, "p"), by_puts(from as usize, "q"), together);
    }
}

#[test]
fn rows_that_go_on_behind_a_dragged_one_follow_it_and_not_where_it_was() {
    let start = json!(["one", "two"]);
    let first = |device: &mut Device| {
        device.edit(json!([{"op":"insert","path":"/l","at":2,"value":"p0"}]));
        device.edit(json!([{"op":"move","path":"/l","from":2,"to":0}]));
        device.edit(json!([{"op":"insert","path":"/l","at":1,"value":"p1"}]));
        assert_eq!(device.json()["l"], json!(["p0", "p1", "one", "two"]));
    };
    apart(&start, first, put(json!(["one", "two", "q"])), |devices| {
        assert_eq!(devices[0].json()["l"], json!(["p0", "p1", "one", "two", "q"]));
    });
}

#[test]
fn what_happens_inside_of_a_row_goes_with_it() {
    let row =
        |name: &str, steps: Json, note: &str| json!({"id": name, "steps": steps, "note": note});
    let first = json!({"id": "a", "steps": ["one", "two", "three"], "note": {"$text": "Hello"}});
    let start = json!([first, row("b", json!([]), "x"), row("c", json!([]), "y")]);
    let dragged = json!([
        row("b", json!([]), "x"),
        row("c", json!([]), "y"),
        row("a", json!(["three", "one", "two"]), "Hello")
    ]);
    let edited = json!([
        row("a", json!(["one", "two", "three", "four"]), "Hello world"),
        row("b", json!([]), "x"),
        row("c", json!([]), "y")
    ]);
    let expected = json!([
        row("b", json!([]), "x"),
        row("c", json!([]), "y"),
        row("a", json!(["three", "one", "two", "four"]), "Hello world")
    ]);
    apart(&start, put(dragged), put(edited), |devices| {
        assert_eq!(devices[0].json()["l"], expected);
        assert_eq!(devices[0].conflicts(), json!([]));
    });
}

#[test]
fn a_declared_key_says_which_row_is_which_at_any_depth() {
    let keys: ListKeys = [("/l/*/cells".parse().unwrap(), "column".to_owned())].into();
    let table = |cells: Json| json!([{"cells": cells}]);
    let cell = |column: u32, value: Json| json!({"column": column, "value": value});
    let save = |list: Json| {
        let keys = keys.clone();
        move |device: &mut Device| {
            let read = device.document.value();
            let new = Value::from_json(&json!({"l": list})).unwrap();
            device.document.save(&read, &read, &new, None, &keys, device.now_ms).unwrap();
            device.note();
        }
    };
    let start = table(json!([cell(1, json!("p")), cell(2, json!("q"))]));
    // Nothing but the key says that the cells have changed places and values.
    let swapped = table(json!([cell(2, json!("new")), cell(1, json!("p"))]));
    let edited = table(json!([cell(1, json!("other")), cell(2, json!("q"))]));
    let expected = table(json!([cell(2, json!("new")), cell(1, json!("other"))]));
    apart(&start, save(swapped), save(edited), |devices| {
        assert_eq!(devices[0].json()["l"], expected);
        assert_eq!(devices[0].conflicts(), json!([]));
    });
}
