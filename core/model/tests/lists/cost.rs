//! What a save writes: what it changes, whatever the list's length.

use serde_json::{Value as Json, json};

use crate::{
    model::longest_run,
    people::Random,
    support::{Device, meet},
};

const ROWS: usize = 4_000;

fn rows(order: &[usize]) -> Json {
    order.iter().map(|id| json!({"id": id, "name": format!("row {id}"), "done": false})).collect()
}

fn shuffled(count: usize) -> Vec<usize> {
    let mut random = Random::new(7);
    let mut order: Vec<usize> = (0..count).collect();
    for end in (1..count).rev() {
        order.swap(end, random.below(end + 1));
    }
    order
}

#[test]
fn a_shuffled_array_writes_one_position_for_each_item_that_moves() {
    let mut device = Device::new(1);
    device.put(json!({"l": rows(&(0..ROWS).collect::<Vec<_>>())}));
    let order = shuffled(ROWS);
    let change = device.put(json!({"l": rows(&order)}));
    assert_eq!(device.json()["l"], rows(&order));
    let moved = ROWS - longest_run(&order).len();
    assert_eq!(change.paths.len(), moved);
    let bytes = change.update.len() / moved;
    assert!(bytes < 100, "{bytes} bytes for each");
    assert!(device.put(json!({"l": rows(&order)})).is_empty());
}

#[test]
fn rows_without_keys_that_are_shuffled_are_moved_too() {
    let strings = |order: &[usize]| -> Json {
        order.iter().map(|id| json!(format!("row number {id}"))).collect()
    };
    let mut device = Device::new(1);
    device.put(json!({"l": strings(&(0..ROWS).collect::<Vec<_>>())}));
    let order = shuffled(ROWS);
    let change = device.put(json!({"l": strings(&order)}));
    assert_eq!(device.json()["l"], strings(&order));
    assert_eq!(change.paths.len(), ROWS - longest_run(&order).len());
}

#[test]
fn one_change_in_a_long_array_writes_one_entry() {
    let mut device = Device::new(1);
    let mut order: Vec<usize> = (0..1_000).collect();
    device.put(json!({"l": rows(&order)}));
    let mut edited = rows(&order);
    edited[500]["done"] = json!(true);
    assert_eq!(device.put(json!({"l": edited})).paths.len(), 1);
    device.put(json!({"l": rows(&order)}));
    let first = order.remove(0);
    order.push(first);
    assert_eq!(device.put(json!({"l": rows(&order)})).paths.len(), 1);
    order.remove(10);
    assert_eq!(device.put(json!({"l": rows(&order)})).paths.len(), 1);
    order.insert(10, 5_000);
    assert_eq!(device.put(json!({"l": rows(&order)})).paths.len(), 1);
    meet(&mut [device, Device::new(2)]);
}

#[test]
fn rows_that_one_device_appends_cost_no_room() {
    let mut device = Device::new(1);
    device.put(json!({"l": ["first"]}));
    let mut longest = 0;
    for at in 1..500_u32 {
        let edit = json!([{"op":"insert","path":"/l","at":at,"value":true}]);
        longest = longest.max(device.edit(edit).update.len());
    }
    assert!(longest < 100, "{longest} bytes for a row");
}
