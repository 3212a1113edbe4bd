//! How a conflict ends: by writing its path, or one above, having seen it.

use serde_json::{Value as Json, json};

use crate::{
    pair::{concurrently_then, edit, places, put},
    support::{Device, meet},
};

/// Checks that each act alone, on either device, ends the conflicts of a concurrent pair and
/// leaves the value as it is.
fn settles(
    start: &Json,
    first: impl Fn(&mut Device),
    second: impl Fn(&mut Device),
    conflicts: &Json,
    acts: &[Json],
) {
    for act in acts {
        for by in [0, 1] {
            concurrently_then(start.clone(), &first, &second, |devices| {
                assert_eq!(places(&devices[0].conflicts()), *conflicts);
                let value = devices[0].json();
                match act.get("op") {
                    Some(_) => devices[by].edit(json!([act])),
                    None => devices[by].put(act.clone()),
                };
                assert_eq!(devices[by].conflicts(), json!([]), "{act}");
                meet(devices);
                assert_eq!(devices[0].conflicts(), json!([]), "{act}");
                assert_eq!(devices[0].json(), value, "{act}");
            });
        }
    }
}

fn typing(path: &str) -> impl Fn(&mut Device) {
    edit(json!({"op":"splice","path":path,"at":5,"insert":" world"}))
}

fn adding(path: &str) -> impl Fn(&mut Device) {
    edit(json!({"op":"increment","path":path,"by":4}))
}

fn removal(path: &str) -> Json {
    json!({"op":"remove","path":path})
}

#[test]
fn late_typing_where_nothing_is_is_settled_by_removing_nothing_again() {
    settles(
        &json!({"t": {"$text": "Hello"}, "x": 1}),
        typing("/t"),
        put(json!({"t": null})),
        &json!([["/t", " world"]]),
        &[removal("/t"), json!({"t": null})],
    );
    settles(
        &json!({"a": {"t": {"$text": "Hello"}}, "x": 1}),
        typing("/a/t"),
        put(json!({"a": null})),
        &json!([["/a/t", " world"]]),
        &[removal("/a/t"), removal("/a"), json!({"a": null})],
    );
}

#[test]
fn late_increment_where_nothing_is_is_settled_by_removing_nothing_again() {
    settles(
        &json!({"n": {"$counter": 10}, "x": 1}),
        adding("/n"),
        put(json!({"n": null})),
        &json!([["/n", 4]]),
        &[removal("/n"), json!({"n": null})],
    );
    settles(
        &json!({"a": {"n": {"$counter": 10}}, "x": 1}),
        adding("/a/n"),
        put(json!({"a": null})),
        &json!([["/a/n", 4]]),
        &[removal("/a/n"), removal("/a"), json!({"a": null})],
    );
}

#[test]
fn what_lost_below_a_plain_value_is_settled_there_or_by_saying_the_value_again() {
    for (leaf, late, conflict) in [
        (
            json!({"$text": "Hello"}),
            Box::new(typing("/a/k")) as Box<dyn Fn(&mut Device)>,
            json!(" world"),
        ),
        (json!({"$counter": 10}), Box::new(adding("/a/k")), json!(4)),
    ] {
        settles(
            &json!({"a": {"k": leaf}}),
            late,
            put(json!({"a": 7})),
            &json!([["/a/k", conflict]]),
            &[removal("/a/k"), json!({"a": 7}), json!({"op":"set","path":"/a","value":7})],
        );
    }
}

#[test]
fn what_lost_below_a_list_is_settled_there_or_by_setting_the_list() {
    let set = json!({"op":"set","path":"/a","value":["x"]});
    settles(
        &json!({"a": {"k": {"$text": "Hello"}}}),
        typing("/a/k"),
        edit(set.clone()),
        &json!([["/a/k", " world"]]),
        &[removal("/a/k"), set],
    );
}

#[test]
fn conflict_over_an_object_is_settled_by_setting_it_and_not_by_putting_its_fields() {
    let start = json!({"a": {"x": 1, "y": 1}});
    let field = put(json!({"a": {"x": 2}}));
    let removed = edit(removal("/a"));
    let set = json!({"op":"set","path":"/a","value":{"x":2}});
    let lost = json!([["/a", "absent"]]);
    settles(&start, &field, &removed, &lost, &[set]);
    concurrently_then(start, &field, &removed, |devices| {
        devices[1].put(json!({"a": {"x": 2}}));
        meet(devices);
        assert_eq!(devices[0].conflicts(), lost);
    });
}

#[test]
fn late_typing_under_a_string_is_settled_by_saying_the_string_again() {
    settles(
        &json!({"t": {"$text": "Hello"}}),
        typing("/t"),
        edit(json!({"op":"set","path":"/t","value":"plain"})),
        &json!([["/t", " world"]]),
        &[json!({"t": "plain"}), json!({"op":"set","path":"/t","value":"plain"})],
    );
}

#[test]
fn what_lost_in_a_deleted_item_is_settled_at_its_path_or_at_the_items() {
    for (leaf, late, conflict) in [
        (
            json!({"$text": "Hello"}),
            Box::new(typing("/l/0/k")) as Box<dyn Fn(&mut Device)>,
            json!(" world"),
        ),
        (json!({"$counter": 10}), Box::new(adding("/l/0/k")), json!(4)),
    ] {
        let start = json!({"l": [{"k": leaf}, "b"]});
        let deleted = edit(json!({"op":"delete-item","path":"/l","at":0}));
        for whole_item in [false, true] {
            concurrently_then(start.clone(), &late, &deleted, |devices| {
                let conflicts = devices[0].conflicts();
                assert_eq!(places(&conflicts), json!([["/l/@/k", conflict]]));
                let path = conflicts[0][0].as_str().unwrap();
                let path = if whole_item { path.strip_suffix("/k").unwrap() } else { path };
                devices[1].edit(json!([removal(path)]));
                meet(devices);
                assert_eq!(devices[0].conflicts(), json!([]));
                assert_eq!(devices[0].json(), json!({"l": ["b"]}));
            });
        }
    }
}

#[test]
fn removing_where_nothing_is_and_nothing_lost_writes_nothing() {
    concurrently_then(
        json!({"x": 1}),
        |_| {},
        |_| {},
        |devices| {
            assert!(devices[0].edit(json!([removal("/y/z")])).is_empty());
            assert!(devices[0].put(json!({"y": null})).is_empty());
        },
    );
}
