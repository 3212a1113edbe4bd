//! Models of every sort against what is stored: the right element or a refusal.
//!
//! A model here is a chain of readings, each of which knows from which stored items its own come.

use std::collections::{BTreeMap, BTreeSet};

use proptest::test_runner::Config;
use serde_json::{Value as Json, json};

use super::*;
use crate::{document::Document, ids::Incarnation};

/// Saves for each case that property tests have, so that `cargo xtask properties` asks for more.
const RUNS_A_CASE: u64 = 8;

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    fn is_one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn name(&mut self) -> String {
        "abcdeXYZ"[self.below(8)..][..1].to_owned()
    }

    /// An item as somebody else stores it, with a field `h` that some models do not know.
    fn item(&mut self, is_object: bool) -> Json {
        let name = self.name();
        if !is_object {
            return json!(name);
        }
        let mut item = json!({"t": name, "n": self.below(3)});
        if !self.is_one_in(3) {
            item["h"] = json!(self.below(4));
        }
        item
    }
}

/// What a model shows, and the stored items that it comes from.
type Shown = Vec<(Json, BTreeSet<usize>)>;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reading {
    Same,
    Filter,
    Sort,
    Fold,
    Default,
    Part,
    More,
    Upper,
}

const READINGS: [Reading; 8] = [
    Reading::Same,
    Reading::Filter,
    Reading::Sort,
    Reading::Fold,
    Reading::Default,
    Reading::Part,
    Reading::More,
    Reading::Upper,
];

fn name(item: &Json) -> &str {
    item.as_str().or(item["t"].as_str()).unwrap_or_default()
}

fn renamed(item: &Json, name: String) -> Json {
    let mut item = item.clone();
    match item.is_object() {
        true => item["t"] = json!(name),
        false => item = json!(name),
    }
    item
}

impl Reading {
    fn read(self, items: Shown) -> Shown {
        let is_known = |item: &Json| "abcde".contains(name(item));
        let each = |map: &dyn Fn(Json) -> Json| -> Shown {
            items.iter().cloned().map(|(item, of)| (map(item), of)).collect()
        };
        match self {
            Self::Same => items,
            Self::Filter => items.into_iter().filter(|(item, _)| is_known(item)).collect(),
            Self::Sort => {
                let mut sorted = items;
                sorted.sort_by_key(|(item, _)| item.to_string());
                sorted
            }
            Self::Fold => {
                let mut folded: BTreeMap<String, (Json, BTreeSet<usize>)> = BTreeMap::new();
                for (item, of) in items {
                    folded.entry(item.to_string()).or_insert((item, BTreeSet::new())).1.extend(of);
                }
                folded.into_values().collect()
            }
            Self::Default => each(&|item| match is_known(&item) {
                true => item,
                false => renamed(&item, "a".into()),
            }),
            Self::Part => each(&|mut item| {
                if let Some(fields) = item.as_object_mut() {
                    fields.remove("h");
                }
                item
            }),
            Self::More => each(&|mut item| {
                if let Some(fields) = item.as_object_mut() {
                    fields.entry("z").or_insert(json!(0));
                }
                item
            }),
            Self::Upper => each(&|item| renamed(&item, name(&item).to_uppercase())),
        }
    }
}

fn read(readings: &[Reading], stored: &[Json]) -> Shown {
    let shown = stored.iter().cloned().enumerate().map(|(at, item)| (item, [at].into()));
    readings.iter().fold(shown.collect(), |shown, reading| reading.read(shown))
}

fn value(items: &[Json]) -> Value {
    Value::from_json(&json!({ "a": items })).unwrap()
}

fn texts(items: &[Json]) -> Vec<String> {
    items.iter().map(Json::to_string).collect()
}

fn count(texts: &[String]) -> BTreeMap<&str, i32> {
    let mut counts = BTreeMap::new();
    texts.iter().for_each(|text| *counts.entry(&text[..]).or_default() += 1);
    counts
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Written,
    Refused,
    ReadBackOtherwise,
}

/// One model, one set of changes, one save.
fn run(seed: u64) -> Outcome {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let is_object = random.is_one_in(2);
    let stored: Vec<Json> = (0..random.below(7)).map(|_| random.item(is_object)).collect();
    let mut readings = vec![READINGS[random.below(8)]];
    if random.is_one_in(2) {
        readings.push(READINGS[random.below(8)]);
    }
    let shown = read(&readings, &stored);
    let mut model: Vec<(Json, BTreeSet<usize>)> = shown.clone();
    let mut changed: BTreeSet<usize> = BTreeSet::new();
    for _ in 0..random.below(3) {
        let at = random.below(model.len() + 1);
        match random.below(4) {
            0 => {
                // A model holds only what it can read.
                let item = read(&readings, &[random.item(is_object)]).pop();
                if let Some((item, _)) = item {
                    model.insert(at, (item, BTreeSet::new()));
                }
            }
            1 if at < model.len() => changed.extend(model.remove(at).1),
            2 if at < model.len() => {
                let (item, of) = &mut model[at];
                match is_object {
                    true => item["n"] = json!(3 + random.below(3)),
                    false => *item = json!("abcde"[random.below(5)..][..1]),
                }
                changed.extend(of.iter());
            }
            3 if at < model.len() => {
                let moved = model.remove(at);
                changed.extend(&moved.1);
                model.insert(random.below(model.len() + 1), moved);
            }
            _ => {}
        }
    }
    if readings.contains(&Reading::Fold) {
        let mut seen = BTreeSet::new();
        model.retain(|(item, _)| seen.insert(item.to_string()));
    }
    let items = |shown: &Shown| shown.iter().map(|(item, _)| item.clone()).collect::<Vec<_>>();
    let (before, after) = (items(&shown), items(&model));

    let mut document = Document::new(Incarnation::from_client(7).unwrap());
    document.insert(&value(&stored), 0).unwrap();
    document.committed(1);
    let (s, r, n) = (document.value(), value(&before), value(&after));
    let planned = match saved(&s, &r, &n, &ListKeys::new()) {
        Ok(planned) => planned,
        Err(EditError::Unplaceable { .. }) => return Outcome::Refused,
        Err(error) => panic!("seed {seed}: {error}"),
    };
    // What is planned is what is written.
    document.save(&s, &r, &n, None, &ListKeys::new(), 1).unwrap();
    assert_eq!(document.value().to_json(), planned.value.to_json(), "seed {seed} {readings:?}");
    let left = planned.value.to_json()["a"].as_array().cloned().unwrap_or_default();

    let order_counts =
        !readings.iter().any(|reading| matches!(reading, Reading::Fold | Reading::Sort));
    let finds = texts(&items(&read(&readings, &left)));
    let means = texts(&items(&read(&readings, &after)));
    let is_found = match order_counts {
        true => finds == means,
        false => count(&finds) == count(&means),
    };
    if planned.is_mapped && !is_found {
        return Outcome::ReadBackOtherwise;
    }
    // Whatever the user did not change is there still, as often as it was.
    let kept: Vec<String> = stored
        .iter()
        .enumerate()
        .filter(|(at, _)| !changed.contains(at))
        .map(|(_, item)| item.to_string())
        .collect();
    let left = texts(&left);
    let there = count(&left);
    for (item, times) in count(&kept) {
        assert!(
            there.get(item).is_some_and(|there| *there >= times),
            "seed {seed} {readings:?}: {item} is gone\n{stored:?}\n{before:?}\n{after:?}\n{left:?}"
        );
    }
    Outcome::Written
}

#[test]
fn no_save_touches_an_item_that_the_user_did_not_change() {
    let runs = RUNS_A_CASE * u64::from(Config::default().cases);
    let mut counts = [0; 3];
    for seed in 1..=runs {
        counts[run(seed) as usize] += 1;
    }
    let [written, refused, otherwise] = counts;
    println!("{runs} saves: {written} written, {refused} refused, {otherwise} read back otherwise");
    // Refusing everything would touch nothing either.
    assert!(written * 2 > runs, "{written} of {runs} were written");
}

fn plain(json: Json) -> Value {
    Value::from_json(&json).unwrap()
}

#[track_caller]
fn saves(stored: Json, read: Json, new: Json) -> Json {
    let (stored, read, new) = (plain(stored), plain(read), plain(new));
    saved(&stored, &read, &new, &ListKeys::new()).unwrap().value.to_json()
}

#[track_caller]
fn refuses(stored: Json, read: Json, new: Json) -> String {
    let (stored, read, new) = (plain(stored), plain(read), plain(new));
    match saved(&stored, &read, &new, &ListKeys::new()) {
        Err(EditError::Unplaceable { path, .. }) => path,
        other => panic!("{other:?}"),
    }
}

#[test]
fn rows_that_a_model_sorts_are_told_apart_by_their_keys() {
    let stored = json!({"l": [{"id": "b", "done": false, "new": 1}, {"id": "a", "done": false}]});
    let read = json!({"l": [{"id": "a", "done": false}, {"id": "b", "done": false}]});
    let new = json!({"l": [{"id": "a", "done": false}, {"id": "b", "done": true}]});
    let expected = json!({"l": [{"id": "b", "done": true, "new": 1}, {"id": "a", "done": false}]});
    assert_eq!(saves(stored, read, new), expected);
}

#[test]
fn what_a_model_filters_out_stays() {
    let stored = json!({"l": ["x", "a", "y", "b"]});
    let removed = saves(stored.clone(), json!({"l": ["a", "b"]}), json!({"l": ["b"]}));
    assert_eq!(removed, json!({"l": ["x", "y", "b"]}));
    let added = saves(stored, json!({"l": ["a", "b"]}), json!({"l": ["a", "c", "b"]}));
    assert_eq!(added, json!({"l": ["x", "a", "c", "y", "b"]}));
}

#[test]
fn a_set_of_a_model_over_a_stored_list_changes_what_it_means() {
    let stored = json!({"l": ["b", "a", "b"], "t": "old", "n": 3});
    let set = |elements: Json| json!({"l": {"$set": elements}, "t": {"$text": "old"}});
    let left = saves(stored.clone(), set(json!(["a", "b"])), set(json!(["a", "c"])));
    assert_eq!(left, json!({"l": ["a", "c"], "t": "old", "n": 3}));
    let text = json!({"l": {"$set": ["a", "b"]}, "t": {"$text": "new"}});
    let left = saves(stored, set(json!(["a", "b"])), text);
    assert_eq!(left, json!({"l": ["b", "a", "b"], "t": "new", "n": 3}));
}

#[test]
fn what_nobody_can_place_is_refused_with_its_path() {
    // Both are unknown to the model, which shows them alike.
    let stored = json!({"o": {"l": ["X", "Y"]}});
    let read = json!({"o": {"l": ["a", "a"]}});
    assert_eq!(refuses(stored, read, json!({"o": {"l": ["a"]}})), "/o/l");
    let stored = json!({"s": {"$set": ["wet"]}});
    assert_eq!(refuses(stored, json!({"s": ["WET"]}), json!({"s": []})), "/s");
}

#[test]
fn a_default_that_a_model_fills_in_is_not_written() {
    let stored = json!({"title": "t", "later": {"x": 1}});
    let read = json!({"title": "t", "done": false, "steps": []});
    let new = json!({"title": "u", "done": false, "steps": []});
    assert_eq!(saves(stored, read, new), json!({"title": "u", "later": {"x": 1}}));
}

#[test]
fn inside_of_a_value_that_is_replaced_whole_what_the_model_does_not_know_stays() {
    let stored = json!({"v": {"$value": {"kind": "box", "w": 1, "later": true}}});
    let read = json!({"v": {"$value": {"kind": "box", "w": 1}}});
    let new = json!({"v": {"$value": {"kind": "box", "w": 2}}});
    assert_eq!(saves(stored, read, new), json!({"v": {"kind": "box", "w": 2, "later": true}}));
}
