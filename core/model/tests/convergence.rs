//! Any schedule of edits, partial exchanges and restarts on 2 to 4 devices ends in one document.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use dunlin_model::{Applied, ApplyError, Conflict, Decision, Edit, EditError, Value, Version};
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value as Json, json};
use support::{Device, meet};

#[derive(Clone, Debug)]
enum Step {
    /// A device edits; the number says what, `old` whether at an earlier version.
    Edit {
        device: usize,
        what: u32,
        at: u32,
        old: bool,
    },
    /// One device pulls a diff from another.
    Pull {
        from: usize,
        to: usize,
    },
    /// The last delta of one device reaches another, or finds a gap.
    Push {
        from: usize,
        to: usize,
    },
    Restart {
        device: usize,
    },
    Clock {
        device: usize,
        now_ms: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let device = 0..4usize;
    prop_oneof![
        10 => (device.clone(), any::<u32>(), any::<u32>(), any::<bool>())
            .prop_map(|(device, what, at, old)| Step::Edit { device, what, at, old }),
        2 => (device.clone(), device.clone()).prop_map(|(from, to)| Step::Pull { from, to }),
        4 => (device.clone(), device.clone()).prop_map(|(from, to)| Step::Push { from, to }),
        1 => device.clone().prop_map(|device| Step::Restart { device }),
        1 => (device, any::<i32>())
            .prop_map(|(device, now)| Step::Clock { device, now_ms: i64::from(now) * 1000 }),
    ]
}

fn edit(what: u32, at: u32, length: u32, items: u32) -> Json {
    let field = ["/a", "/b", "/o/x", "/o/y", "/o", "/l/0", "/l/0/k"][at as usize % 7];
    let index = at.checked_rem(items).unwrap_or(0);
    let place = at.checked_rem(length + 1).unwrap_or(0);
    match what % 24 {
        16 => {
            json!({"op":"add","path":"/s","value":([json!(1), json!("1"), json!(null)][at as usize % 3])})
        }
        17 => {
            json!({"op":"discard","path":"/s","value":([json!(1), json!("1"), json!(null)][at as usize % 3])})
        }
        18 => json!({"op":"set","path":"/s","value":{"$set":[1.0, at % 3]}}),
        19 => {
            json!({"op":"set","path":"/p","value":([json!([at % 3, 1.5]), json!([]), json!({"$value":{"a":[at % 2]}})][at as usize % 3])})
        }
        20 => json!({"op":"set","path":"/p/0","value":at % 4}),
        21 => {
            json!({"op":"set","path":field,"value":{"big":"x".repeat(1100 + at as usize % 3),"l":["i",{"id":at % 2}]}})
        }
        22 => json!({"op":"set","path":(["/l","/s","/p"][at as usize % 3]),
            "value":([json!({"$set":["x"]}), json!(["x","y"]), json!([1])][what as usize / 24 % 3])}),
        23 => json!({"op":"remove","path":(["/s","/p","/o/big","/l/0/t"][at as usize % 4])}),
        0..=2 => json!({"op":"set","path":field,"value":at % 5}),
        3 => json!({"op":"set","path":field,"value":{"x":at % 3,"l":[at % 2]}}),
        4 => json!({"op":"remove","path":field}),
        5 => json!({"op":"increment","path":"/n","by":i64::from(at % 7) - 3}),
        6 | 7 => {
            json!({"op":"splice","path":"/t","at":place,"insert":(["é","🐦","abc"][at as usize % 3])})
        }
        8 => json!({"op":"splice","path":"/t","at":place,"delete":(length - place).min(2)}),
        9 | 10 => json!({"op":"insert","path":"/l","at":index,"value":{"k":at % 9}}),
        11 => json!({"op":"insert","path":"/l","at":items,"value":{"$text":"item"}}),
        12 => {
            json!({"op":"move","path":"/l","from":index,"to":(what / 16).checked_rem(items).unwrap_or(0)})
        }
        13 => json!({"op":"delete-item","path":"/l","at":index}),
        14 => json!({"op":"set","path":(["/t","/n","/l"][at as usize % 3]),
            "value":([json!({"$text":"new"}), json!({"$counter":1}), json!(["p","q"])][at as usize % 3])}),
        _ => json!({"op":"remove","path":(["/t","/n","/l","/o"][at as usize % 4])}),
    }
}

/// What a document begins with: one of a few versions of a form.
fn form(which: u32) -> Json {
    let mut form = json!({
        "a": which % 3,
        "t": {"$text": "t"},
        "l": ["x", {"k": 1}],
        "o": {"x": "x".repeat(if which.is_multiple_of(2) { 1200 } else { 3 }), "l": [{"id": 7, "t": {"$text": "row"}}]},
        "s": {"$set": ["1", 1]},
        "p": [13.5, 52],
        "n": {"$counter": which % 2},
    });
    match which % 5 {
        0 => form["l"] = json!(["x", {"k": 1}, "z"]),
        1 => form["t"] = json!({"$text": "another"}),
        2 => drop(form.as_object_mut().unwrap().remove("s")),
        _ => {}
    }
    form
}

struct World {
    devices: Vec<Device>,
    deltas: Vec<Vec<u8>>,
    versions: Vec<Option<(Version, u32, u32)>>,
    next_client: u64,
}

impl World {
    fn new(count: usize) -> Self {
        Self {
            devices: (0..count).map(|index| Device::new(index as u64 + 1)).collect(),
            deltas: vec![Vec::new(); count],
            versions: vec![None; count],
            next_client: 100,
        }
    }

    fn sizes(device: &Device) -> (u32, u32) {
        let json = device.json();
        let length = json["t"].as_str().map_or(0, |text| text.encode_utf16().count());
        (length as u32, json["l"].as_array().map_or(0, Vec::len) as u32)
    }

    fn run(&mut self, step: &Step) {
        let count = self.devices.len();
        match *step {
            Step::Edit { device, what, at, old } => self.edit(device % count, what, at, old),
            Step::Pull { from, to } => self.exchange(from % count, to % count, false),
            Step::Push { from, to } => self.exchange(from % count, to % count, true),
            Step::Restart { device } => {
                let device = device % count;
                self.next_client += 1;
                self.devices[device] = self.devices[device].restarted(self.next_client);
                self.versions[device] = None;
            }
            Step::Clock { device, now_ms } => self.devices[device % count].now_ms = now_ms,
        }
    }

    fn edit(&mut self, at_device: usize, what: u32, at: u32, old: bool) {
        let device = &mut self.devices[at_device];
        if what.is_multiple_of(61) && device.document.exists() {
            match device.document.is_deleted() {
                true => device.restore(),
                false => device.delete(),
            }
            return;
        }
        if !device.document.exists() || device.document.is_deleted() {
            let change = device.put(form(at));
            self.deltas[at_device] = change.update;
            return;
        }
        let base = self.versions[at_device].clone().filter(|_| old);
        let (length, items) = match &base {
            Some((_, length, items)) => (*length, *items),
            None => Self::sizes(device),
        };
        let edits = Edit::list_from_json(&json!([edit(what, at, length, items)])).unwrap();
        let base = base.map(|(version, ..)| version);
        match device.document.edit(&edits, base.as_ref(), device.now_ms) {
            Ok(change) => {
                if !change.is_empty() {
                    self.deltas[at_device] = change.update;
                }
                device.note();
            }
            Err(EditError::Internal { what }) => panic!("{what}"),
            Err(error) => assert!(!device.document.is_poisoned(), "{error:?} {edits:?}"),
        }
        if what.is_multiple_of(5) {
            let (length, items) = Self::sizes(device);
            self.versions[at_device] = Some((device.document.version(), length, items));
        }
    }

    fn exchange(&mut self, from: usize, to: usize, last_delta_only: bool) {
        if from == to {
            return;
        }
        let update = match last_delta_only {
            true if self.deltas[from].is_empty() => return,
            true => self.deltas[from].clone(),
            false => self.devices[from].document.diff(&self.devices[to].document.state_vector()),
        };
        let target = &mut self.devices[to];
        match target.document.apply(&update) {
            Ok(Applied::Changed(_)) => target.note(),
            Ok(_) => {}
            Err(ApplyError::Gap(_)) => assert!(last_delta_only),
            Err(error) => panic!("{error}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn replicas_converge(count in 2..=4usize, steps in proptest::collection::vec(step(), 1..120)) {
        let mut world = World::new(count);
        for step in &steps {
            world.run(step);
        }
        meet(&mut world.devices);
        let by = steps.len() % count;
        settle(&mut world.devices[by]);
        meet(&mut world.devices);
    }
}

/// How one device settles one of the conflicts that it shows.
type Act = (usize, usize, bool);

fn act() -> impl Strategy<Value = Act> {
    (0..8usize, 0..64usize, any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    /// Whichever side is chosen, by whom and in which order: what was chosen is there, and in the end
    /// nothing is contested anywhere.
    #[test]
    fn whatever_people_choose_is_there_and_ends_the_conflicts_everywhere(
        count in 2..=3usize,
        steps in proptest::collection::vec(step(), 1..80),
        apart in proptest::collection::vec(act(), 0..6),
        acts in proptest::collection::vec(act(), 1..12),
    ) {
        let mut world = World::new(count);
        steps.iter().for_each(|step| world.run(step));
        meet(&mut world.devices);
        // Without hearing of one another.
        for act in &apart {
            let device = &mut world.devices[act.0 % count];
            device.now_ms += 1;
            decide(device, act);
        }
        meet(&mut world.devices);
        let latest = world.devices.iter().map(|device| device.now_ms).max().unwrap_or_default();
        for round in 0.. {
            assert!(round < 400, "no end: {:?}", world.devices[0].document.conflicts());
            let act = &acts[round % acts.len()];
            let device = &mut world.devices[act.0 % count];
            device.now_ms = latest + 1 + round as i64;
            if !decide(device, act) {
                break;
            }
            meet(&mut world.devices);
        }
        for device in &world.devices {
            prop_assert_eq!(device.conflicts(), json!([]));
        }
    }
}

/// Settles one of the conflicts of a device, if it has any, and looks at what is there then.
fn decide(device: &mut Device, (_, which, take): &Act) -> bool {
    let conflicts = device.document.conflicts();
    if conflicts.is_empty() {
        return false;
    }
    let was_deleted = device.document.is_deleted();
    let Conflict { id, path, shown, lost, .. } = conflicts[which % conflicts.len()].clone();
    let choice = if *take { Decision::Take } else { Decision::Keep };
    let base = device.document.version();
    device.settle(id, choice, Some(&base)).unwrap();
    if was_deleted {
        assert_eq!(device.document.is_deleted(), !take);
        assert!(*take || device.document.conflicts().is_empty());
        return true;
    }
    let left: Vec<_> =
        device.document.conflicts().into_iter().filter(|it| it.path == path).collect();
    assert!(left.is_empty(), "{choice:?} {lost:?} over {shown:?}: {left:?}");
    let chosen = if *take { lost } else { shown };
    let json = device.json();
    let there = json.pointer(&path);
    match (chosen.value, there) {
        (Some(Value::List(rest)), Some(Json::Array(items))) => {
            assert!(rest.iter().all(|item| items.contains(&item.to_json())), "{path}: {json}");
        }
        (Some(value), Some(there)) => assert_eq!(value.to_json(), *there, "{choice:?} {path}"),
        (Some(_), None) => assert!(path.contains("/@"), "{choice:?} {path}: {json}"),
        // A number that names a field may name an item of what is there instead.
        (None, Some(_)) => assert!(json.pointer(above(&path)).is_none_or(Json::is_array), "{path}"),
        (None, None) => {}
    }
    true
}

fn above(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(above, _)| above)
}

/// Removes every path that has a conflict, after which none has.
fn settle(device: &mut Device) {
    if !device.document.exists() || device.document.is_deleted() {
        return;
    }
    // One may settle others with it.
    for _ in 0..device.document.conflicts().len() {
        let Some(conflict) = device.document.conflicts().into_iter().next() else { break };
        let edit = match conflict.path.as_str() {
            "" => json!({"op":"set","path":"","value":{}}),
            path => json!({"op":"remove","path":path}),
        };
        device.edit(json!([edit]));
    }
    assert_eq!(device.conflicts(), json!([]));
}

/// Edits of a text and a list, indices taken modulo what there is.
fn splices(seed: &[(u32, u32, u32)], first: char, length: usize) -> Vec<Json> {
    let mut length = length as u32;
    let mut edits = Vec::new();
    for (index, (at, delete, insert)) in seed.iter().enumerate() {
        let at = at % (length + 1);
        let delete = (delete % 4).min(length - at);
        let insert: String = (0..insert % 3)
            .filter_map(|offset| char::from_u32(first as u32 + index as u32 * 3 + offset))
            .collect();
        length = length - delete + insert.chars().count() as u32;
        edits.push(json!({"op":"splice","path":"/t","at":at,"delete":delete,"insert":insert}));
    }
    edits
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    /// Editing at a base that others have changed since deletes and inserts the same characters as
    /// editing without having heard of the others.
    #[test]
    fn a_batch_at_an_old_base_means_what_it_meant_there(
        theirs in proptest::collection::vec(any::<(u32, u32, u32)>(), 0..6),
        mine in proptest::collection::vec(any::<(u32, u32, u32)>(), 1..6),
    ) {
        let start = "0123456789";
        let mut device = Device::new(1);
        device.put(json!({"t": {"$text": start}}));
        let base = device.document.version();
        let mut deaf = device.restarted(2);
        let mut other = Device::new(3);
        other.pull(&device);
        other.edit(Json::Array(splices(&theirs, 'Ā', start.len())));
        device.pull(&other);
        let mine = Json::Array(splices(&mine, 'a', start.len()));
        device.edit_at(mine.clone(), Some(&base));
        deaf.edit(mine);
        deaf.pull(&other);
        let characters = |device: &Device| {
            let mut characters: Vec<char> =
                device.json()["t"].as_str().into_iter().flat_map(str::chars).collect();
            characters.sort_unstable();
            characters
        };
        prop_assert_eq!(characters(&device), characters(&deaf), "{} {}", device.json(), deaf.json());
    }
}
