//! Counters.

use serde_json::json;

use crate::{
    pair::{Outcome, agree, concurrently, concurrently_from, edit, put},
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
        Outcome { value: json!({"n": 0}), conflicts: json!([["/n", 4]]) },
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
