//! Random saves of several devices against the model.

use serde_json::{Value as Json, json};

use crate::{
    model,
    people::{ANY, Act, Kind, Random, SINGLE, Scene, values},
    support::{Device, meet},
};

/// Scenes of each sort; `DUNLIN_RUNS` for more.
const RUNS: u64 = 200;
const WRITERS: [u64; 3] = [11, 12, 13];

#[expect(clippy::disallowed_methods, reason = "how many scenes are tried is asked for by hand")]
fn runs() -> u64 {
    std::env::var("DUNLIN_RUNS").map_or(RUNS, |runs| runs.parse().unwrap())
}

/// Lets the devices save and meet; checks that each reads back what it saved and that all agree.
fn met(scene: &Scene) -> Json {
    let mut first = Device::new(99);
    first.put(json!({"l": values(&scene.start)}));
    let mut devices: Vec<Device> = Vec::new();
    for (plan, (index, writer)) in scene.plans.iter().zip(WRITERS.iter().enumerate()) {
        let mut device = Device::new(*writer);
        device.pull(&first);
        device.now_ms = 1_000_000 + index as i64;
        device.put(json!({"l": values(plan)}));
        assert_eq!(device.json()["l"], values(plan), "{scene:?}");
        devices.push(device);
    }
    for to in 0..devices.len() {
        for from in 0..devices.len() {
            if to != from {
                let (low, high) = devices.split_at_mut(to.max(from));
                let (left, right) = (&mut low[to.min(from)], &mut high[0]);
                if to < from { left.pull(right) } else { right.pull(left) }
            }
        }
    }
    let list = devices[0].json()["l"].clone();
    assert!(devices.iter().all(|device| device.json()["l"] == list), "{scene:?}");
    list
}

/// Counts the scenes that end as the model says, of those without doubles.
fn count(kind: Kind, devices: usize, acts: &[Act], most: usize) -> (u64, u64) {
    let (mut same, mut all) = (0, 0);
    for seed in 0..runs() {
        let scene = Scene::new(seed, kind, devices, acts, most);
        if scene.has_doubles() {
            continue;
        }
        all += 1;
        same += u64::from(met(&scene) == model::merged(&scene, &WRITERS));
    }
    println!("{kind:?}, {devices} devices, {acts:?}, up to {most}: {same} of {all}");
    (same, all)
}

fn check_all(kind: Kind, acts: &[Act], most: usize) {
    for devices in [2, 3] {
        let (same, all) = count(kind, devices, acts, most);
        assert!(all > runs() * 9 / 10);
        assert_eq!(same, all);
    }
}

fn check_most(kind: Kind, acts: &[Act], most: usize) {
    for devices in [2, 3] {
        let (same, all) = count(kind, devices, acts, most);
        assert!(all > runs() * 9 / 10);
        assert!(same * 100 >= all * 98, "{same} of {all}");
    }
}

#[test]
fn saves_of_items_with_keys_merge_as_if_everybody_had_said_which_is_which() {
    check_all(Kind::Keyed, SINGLE, 1);
    check_all(Kind::Keyed, SINGLE, 3);
    check_all(Kind::Keyed, ANY, 2);
    check_all(Kind::Keyed, &[Act::ReplaceAll], 1);
}

#[test]
fn one_edit_a_side_of_items_without_keys_merges_as_if_everybody_had_said_which_is_which() {
    for kind in [Kind::Object, Kind::Text] {
        check_all(kind, SINGLE, 1);
    }
}

#[test]
fn a_few_edits_a_side_of_items_without_keys_nearly_always_do() {
    for kind in [Kind::Object, Kind::Text] {
        check_most(kind, SINGLE, 3);
        check_most(kind, ANY, 2);
    }
}

#[test]
fn lists_with_repeated_items_read_back_as_they_were_saved() {
    for seed in 0..runs() {
        met(&Scene::new(seed, Kind::Repeated, 2 + seed as usize % 2, ANY, 3));
    }
}

/// What two devices make of a shuffled list that both sort, after one has inserted a row and saved;
/// and what it is sorted.
fn sorted_after_insertion(seed: u64) -> (Json, Json) {
    let mut random = Random::new(seed);
    let count = 2 + random.below(7);
    let mut order: Vec<usize> = (0..count).map(|at| 2 * at + 1).collect();
    for end in (1..count).rev() {
        order.swap(end, random.below(end + 1));
    }
    let rows = |order: &[usize]| -> Json {
        order.iter().map(|id| json!({"id": id, "done": false})).collect()
    };
    let mut first = Device::new(99);
    first.put(json!({"l": rows(&order)}));
    let mut devices = [Device::new(11), Device::new(12)];
    devices.iter_mut().for_each(|device| device.pull(&first));
    let mut more = order.clone();
    more.insert(random.below(count + 1), 2 * random.below(count + 1));
    devices[0].put(json!({"l": rows(&more)}));
    more.sort_unstable();
    devices[0].put(json!({"l": rows(&more)}));
    order.sort_unstable();
    devices[1].put(json!({"l": rows(&order)}));
    meet(&mut devices);
    (devices[0].json()["l"].clone(), rows(&more))
}

#[test]
fn a_list_that_both_sort_after_one_has_inserted_is_nearly_always_sorted() {
    let sorted = (0..runs()).filter(|seed| {
        let (list, sorted) = sorted_after_insertion(*seed);
        list == sorted
    });
    let sorted = sorted.count() as u64;
    println!("sorted: {sorted} of {}", runs());
    assert!(sorted * 100 >= runs() * 97, "{sorted} of {}", runs());
}
