//! Counters.

use serde_json::json;

use crate::pair::{Outcome, agree, concurrently, edit, put};

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
