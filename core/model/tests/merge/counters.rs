//! Counters.

use serde_json::{Value as Json, json};

use crate::{
    pair::{agree, concurrently, concurrently_from, edit, outcome, put},
    support::{Device, meet},
};

#[test]
fn increment_and_increment_add_up() {
    concurrently(
        json!({"n": {"$counter": 10}}),
        edit(json!({"op":"increment","path":"/n","by":1})),
        edit(json!({"op":"increment","path":"/n","by":-3})),
        agree(json!({"n": 8})),
    );
}

#[test]
fn increment_and_increment_that_create_one_counter_add_up() {
    concurrently(
        json!({}),
        edit(json!({"op":"increment","path":"/n","by":2})),
        edit(json!({"op":"increment","path":"/n","by":3})),
        agree(json!({"n": 5})),
    );
}

#[test]
fn increment_and_number_both_count_since_the_number_is_a_difference() {
    concurrently(
        json!({"n": {"$counter": 10}}),
        edit(json!({"op":"increment","path":"/n","by":1})),
        put(json!({"n": 20})),
        agree(json!({"n": 21})),
    );
}

#[test]
fn increment_and_reset_keep_the_late_increment_as_a_conflict() {
    concurrently(
        json!({"n": {"$counter": 10}}),
        edit(json!({"op":"increment","path":"/n","by":4})),
        edit(json!({"op":"set","path":"/n","value":{"$counter":0}})),
        outcome(json!({"n": 0}), json!([["/n", 4]])),
    );
}

#[test]
fn late_increment_of_a_writer_is_listed_with_all_that_it_ever_added_to_the_old_counter() {
    let start = |device: &mut Device| {
        device.put(json!({"n": {"$counter": 10}}));
        device.edit(json!([{"op":"increment","path":"/n","by":3}]));
    };
    let added = || edit(json!({"op":"increment","path":"/n","by":4}));
    let reset = edit(json!({"op":"set","path":"/n","value":{"$counter":0}}));
    concurrently_from(start, added(), reset, |devices| {
        assert_eq!(devices[0].json(), json!({"n": 0}));
        assert_eq!(devices[0].conflicts(), json!([["/n", 7]]));
    });
    concurrently_from(start, added(), Device::delete, |devices| {
        assert!(devices[0].document.is_deleted());
        assert_eq!(devices[0].conflicts(), json!([["/n", 7]]));
        devices[1].restore();
        meet(devices);
        assert_eq!(devices[0].json(), json!({"n": 17}));
        assert_eq!(devices[0].conflicts(), json!([]));
    });
}

#[test]
fn increment_that_creates_and_number_at_one_path_the_later_clock_wins() {
    let added = || edit(json!({"op":"increment","path":"/n","by":2}));
    let set = || edit(json!({"op":"set","path":"/n","value":7}));
    concurrently(json!({}), added(), set(), outcome(json!({"n": 7}), json!([["/n", 2]])));
    concurrently(json!({}), set(), added(), outcome(json!({"n": 2}), json!([["/n", 7]])));
}

#[test]
fn increment_and_plain_number_the_number_stands_and_the_increment_is_a_conflict() {
    let expected = || outcome(json!({"n": 7}), json!([["/n", 4]]));
    let set = || edit(json!({"op":"set","path":"/n","value":7}));
    concurrently(json!({"n": {"$counter": 10}}), add(), set(), expected());
    concurrently(json!({"n": {"$counter": 10}}), set(), add(), expected());
}

#[test]
fn increment_and_removed_counter_keep_the_increment_as_a_conflict() {
    let start = json!({"n": {"$counter": 10}, "x": 1});
    let removed = || edit(json!({"op":"remove","path":"/n"}));
    let expected = || outcome(json!({"x": 1}), json!([["/n", 4]]));
    concurrently(start.clone(), add(), removed(), expected());
    concurrently(start, removed(), add(), expected());
}

#[test]
fn number_and_number_put_over_one_counter_both_count_as_differences() {
    concurrently(
        json!({"n": {"$counter": 10}}),
        put(json!({"n": 12})),
        put(json!({"n": 15})),
        agree(json!({"n": 17})),
    );
}

#[test]
fn reset_and_reset_of_one_counter_the_later_counts_and_the_other_is_a_conflict() {
    let reset = |to: i64| edit(json!({"op":"set","path":"/n","value":{"$counter":to}}));
    let start = || json!({"n": {"$counter": 10}});
    concurrently(start(), reset(5), reset(7), outcome(json!({"n": 7}), json!([["/n", 5]])));
    concurrently(start(), reset(5), reset(5), agree(json!({"n": 5})));
    concurrently(start(), reset(5), reset(0), agree(json!({"n": 5})));
}

#[test]
fn reset_and_reset_and_added_to_count_what_was_added_once() {
    let reset_and_add = |to: i64| {
        move |device: &mut Device| {
            device.edit(json!([
                {"op":"set","path":"/n","value":{"$counter":to}},
                {"op":"increment","path":"/n","by":to},
            ]));
        }
    };
    concurrently(
        json!({"n": {"$counter": 10}}),
        reset_and_add(5),
        reset_and_add(7),
        outcome(json!({"n": 19}), json!([["/n", 5]])),
    );
}

#[test]
fn counter_and_counter_that_begin_alike_are_one() {
    let begin = |to: i64| put(json!({"n": {"$counter": to}}));
    concurrently(Json::Null, begin(1), begin(1), agree(json!({"n": 1})));
    concurrently(json!({}), begin(1), begin(1), agree(json!({"n": 1})));
    concurrently(json!({}), begin(1), begin(2), outcome(json!({"n": 2}), json!([["/n", 1]])));
}

#[test]
fn increment_and_object_above_removed_or_replaced_keep_the_increment_as_a_conflict() {
    let start = json!({"a": {"n": {"$counter": 10}}, "x": 1});
    let added = || edit(json!({"op":"increment","path":"/a/n","by":4}));
    let removed = || edit(json!({"op":"remove","path":"/a"}));
    let replaced = || edit(json!({"op":"set","path":"/a","value":7}));
    let lost = || json!([["/a/n", 4]]);
    concurrently(start.clone(), added(), removed(), outcome(json!({"x": 1}), lost()));
    concurrently(start.clone(), removed(), added(), outcome(json!({"x": 1}), lost()));
    concurrently(start.clone(), added(), replaced(), outcome(json!({"a": 7, "x": 1}), lost()));
    concurrently(start, replaced(), added(), outcome(json!({"a": 7, "x": 1}), lost()));
}

fn add() -> impl Fn(&mut Device) {
    edit(json!({"op":"increment","path":"/n","by":4}))
}
