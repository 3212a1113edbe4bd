//! Saves of what was read at an older version.

use dunlin_model::{ListKeys, Value};
use serde_json::{Value as Json, json};

use crate::support::{Device, meet};

/// Saves `new` of a list that was read as `start`, after another device did `meanwhile`.
fn saved(start: Json, meanwhile: Json, new: Json) -> Json {
    let mut device = Device::new(1);
    device.put(json!({"l": start}));
    let base = device.document.version();
    let read = device.document.value();
    let mut other = Device::new(2);
    other.pull(&device);
    other.edit(meanwhile);
    device.pull(&other);
    let new = Value::from_json(&json!({"l": new})).unwrap();
    device.document.save(&read, &read, &new, Some(&base), &ListKeys::new(), 9_000).unwrap();
    device.note();
    let mut devices = [device, other];
    meet(&mut devices);
    devices[0].json()["l"].clone()
}

#[test]
fn what_others_inserted_since_stays_and_what_they_deleted_stays_gone() {
    let meanwhile = json!([
        {"op":"insert","path":"/l","at":0,"value":"x"},
        {"op":"delete-item","path":"/l","at":2},
    ]);
    let list = saved(json!(["a", "b", "c"]), meanwhile, json!(["c", "b", "a", "new"]));
    assert_eq!(list, json!(["c", "x", "a", "new"]));
}

#[test]
fn what_others_moved_since_stays_where_they_put_it() {
    let meanwhile = json!([
        {"op":"move","path":"/l","from":2,"to":0},
        {"op":"move","path":"/l","from":2,"to":1},
    ]);
    let list = saved(json!(["a", "b", "c"]), meanwhile.clone(), json!(["a", "new", "b", "c"]));
    assert_eq!(list, json!(["c", "b", "a", "new"]));
    let list = saved(json!(["a", "b", "c"]), meanwhile, json!(["a", "c"]));
    assert_eq!(list, json!(["c", "a"]));
}

#[test]
fn a_field_is_written_in_the_row_that_was_read_at_its_index() {
    let row = |name: &str, done: bool| json!({"name": name, "kind": "task", "done": done});
    let meanwhile = json!([
        {"op":"insert","path":"/l","at":0,"value":row("x", false)},
        {"op":"move","path":"/l","from":2,"to":0},
    ]);
    let start = json!([row("a", false), row("b", false)]);
    let list = saved(start, meanwhile, json!([row("a", true), row("b", false)]));
    assert_eq!(list, json!([row("b", false), row("x", false), row("a", true)]));
}
