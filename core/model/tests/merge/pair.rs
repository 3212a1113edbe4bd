//! Two devices that write without seeing each other, and what all must end with.

use serde_json::{Value as Json, json};

use crate::support::{Device, meet};

/// What all devices must end with.
pub(crate) struct Outcome {
    pub(crate) value: Json,
    /// Path and value of each; the ids of list items are left out: `/l/@/x`.
    pub(crate) conflicts: Json,
}

impl Outcome {
    pub(crate) fn check(&self, devices: &[Device]) {
        assert!(!devices[0].document.is_deleted());
        assert_eq!(devices[0].json(), self.value);
        assert_eq!(places(&devices[0].conflicts()), self.conflicts);
    }
}

/// Starts all devices from `start`, lets the first two act without seeing each other (the second
/// later by the wall clock), lets all meet, and checks value and conflicts. With three devices,
/// the third hears of the two in the other order. Then the same with actors swapped in identity.
pub(crate) fn concurrently(
    start: Json,
    first: impl Fn(&mut Device),
    second: impl Fn(&mut Device),
    expected: Outcome,
) {
    concurrently_then(start, first, second, |devices| expected.check(devices));
}

/// As [`concurrently`], with a look at the devices that have met; they may act and meet again.
pub(crate) fn concurrently_then(
    start: Json,
    first: impl Fn(&mut Device),
    second: impl Fn(&mut Device),
    then: impl Fn(&mut [Device]),
) {
    let begin = |device: &mut Device| {
        if !start.is_null() {
            device.put(start.clone());
        }
    };
    concurrently_from(begin, first, second, then);
}

/// As [`concurrently_then`], from what the first device did and all have seen.
pub(crate) fn concurrently_from(
    start: impl Fn(&mut Device),
    first: impl Fn(&mut Device),
    second: impl Fn(&mut Device),
    then: impl Fn(&mut [Device]),
) {
    for_each_set(|devices| {
        devices[0].now_ms = 1;
        start(&mut devices[0]);
        let (head, tail) = devices.split_at_mut(1);
        tail.iter_mut().for_each(|device| device.pull(&head[0]));
        devices[0].now_ms = 1_000;
        devices[1].now_ms = 2_000;
        first(&mut devices[0]);
        second(&mut devices[1]);
        if devices.len() == 3 {
            let (head, tail) = devices.split_at_mut(2);
            tail[0].pull(&head[1]);
            tail[0].pull(&head[0]);
        }
        meet(devices);
        devices.iter_mut().for_each(|device| device.now_ms = 3_000);
        then(devices);
    });
}

/// Devices that all hold `start` and act as told.
pub(crate) fn alone(start: Json, then: impl Fn(&mut [Device])) {
    concurrently_then(start, |_| {}, |_| {}, then);
}

fn for_each_set(run: impl Fn(&mut [Device])) {
    for count in [2, 3] {
        for clients in [[11, 12, 13], [12, 11, 13]] {
            let mut devices: Vec<Device> =
                clients[..count].iter().map(|client| Device::new(*client)).collect();
            run(&mut devices);
        }
    }
}

/// Conflicts without the ids of list items.
pub(crate) fn places(conflicts: &Json) -> Json {
    let plain = |path: &str| {
        let steps = path.split('/').map(|step| if step.starts_with('@') { "@" } else { step });
        steps.collect::<Vec<_>>().join("/")
    };
    let conflicts = conflicts.as_array().into_iter().flatten();
    conflicts.map(|conflict| json!([plain(conflict[0].as_str().unwrap()), conflict[1]])).collect()
}

pub(crate) fn outcome(value: Json, conflicts: Json) -> Outcome {
    Outcome { value, conflicts }
}

pub(crate) fn agree(value: Json) -> Outcome {
    Outcome { value, conflicts: json!([]) }
}

pub(crate) fn put(patch: Json) -> impl Fn(&mut Device) {
    move |device| drop(device.put(patch.clone()))
}

pub(crate) fn edit(edit: Json) -> impl Fn(&mut Device) {
    move |device| drop(device.edit(json!([edit])))
}
