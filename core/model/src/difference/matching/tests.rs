//! The matcher against the rule written down naively, as it was tuned.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value as Json, json};

use super::matches;
use crate::value::Value;

/// Runs for each kind of list.
const RUNS: u64 = 1_500;

/// The rule, quadratic and word by word.
mod rule {
    use super::*;

    pub(super) fn matches(old: &[Json], new: &[Json], key: &str) -> Vec<Option<usize>> {
        let name = |item: &Json| match item.get(key) {
            Some(Json::String(text)) => Some(format!("{text:?}")),
            Some(Json::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let mut names: Vec<Option<String>> = old.iter().chain(new).map(name).collect();
        names.sort();
        names.dedup();
        let mut matched = vec![None; new.len()];
        for group in names {
            let here = |side: &[Json]| -> Vec<usize> {
                (0..side.len()).filter(|index| name(&side[*index]) == group).collect()
            };
            let (old_places, new_places) = (here(old), here(new));
            let items = |side: &[Json], places: &[usize]| {
                places.iter().map(|at| side[*at].clone()).collect()
            };
            let (a, b): (Vec<Json>, Vec<Json>) = (items(old, &old_places), items(new, &new_places));
            let mut inner = match (&group, a.len(), b.len()) {
                (Some(_), 1, 1) => vec![Some(0)],
                _ => by_likeness(&a, &b),
            };
            if group.is_some() {
                let left: Vec<usize> =
                    (0..a.len()).filter(|index| !inner.contains(&Some(*index))).collect();
                let open = inner.iter_mut().filter(|it| it.is_none());
                open.zip(left).for_each(|(open, left)| *open = Some(left));
            }
            for (new_place, index) in new_places.iter().zip(inner) {
                matched[*new_place] = index.map(|index| old_places[index]);
            }
        }
        matched
    }

    fn by_likeness(old: &[Json], new: &[Json]) -> Vec<Option<usize>> {
        let mut matched: Vec<Option<usize>> = vec![None; new.len()];
        for (i, j) in common(old, new) {
            matched[j] = Some(i);
        }
        for j in 0..new.len() {
            if matched[j].is_none() {
                matched[j] =
                    (0..old.len()).find(|i| old[*i] == new[j] && !matched.contains(&Some(*i)));
            }
        }
        let like = likeness(old, new);
        for (rows, columns) in gaps(&matched, old.len()) {
            let mut best = vec![vec![0.0_f64; columns.len() + 1]; rows.len() + 1];
            for x in (0..rows.len()).rev() {
                for y in (0..columns.len()).rev() {
                    let s = like(rows[x], columns[y]);
                    let both = if s >= 0.5 { best[x + 1][y + 1] + s } else { 0.0 };
                    best[x][y] = best[x + 1][y].max(best[x][y + 1]).max(both);
                }
            }
            let (mut x, mut y) = (0, 0);
            while x < rows.len() && y < columns.len() {
                let s = like(rows[x], columns[y]);
                if s >= 0.5 && best[x][y] == best[x + 1][y + 1] + s {
                    matched[columns[y]] = Some(rows[x]);
                    (x, y) = (x + 1, y + 1);
                } else if best[x][y] == best[x + 1][y] {
                    x += 1;
                } else {
                    y += 1;
                }
            }
        }
        loop {
            let mut best: Option<(f64, usize, usize)> = None;
            for i in (0..old.len()).filter(|i| !matched.contains(&Some(*i))) {
                for j in (0..new.len()).filter(|j| matched[*j].is_none()) {
                    let s = like(i, j);
                    if s >= 0.5 && best.is_none_or(|(other, ..)| s > other) {
                        best = Some((s, i, j));
                    }
                }
            }
            match best {
                Some((_, i, j)) => matched[j] = Some(i),
                None => return matched,
            }
        }
    }

    fn common(old: &[Json], new: &[Json]) -> Vec<(usize, usize)> {
        let mut length = vec![vec![0; new.len() + 1]; old.len() + 1];
        for i in (0..old.len()).rev() {
            for j in (0..new.len()).rev() {
                length[i][j] = match old[i] == new[j] {
                    true => length[i + 1][j + 1] + 1,
                    false => length[i + 1][j].max(length[i][j + 1]),
                };
            }
        }
        let (mut i, mut j, mut found) = (0, 0, Vec::new());
        while i < old.len() && j < new.len() {
            if old[i] == new[j] && length[i][j] == length[i + 1][j + 1] + 1 {
                found.push((i, j));
                (i, j) = (i + 1, j + 1);
            } else if length[i + 1][j] >= length[i][j + 1] {
                i += 1;
            } else {
                j += 1;
            }
        }
        found
    }

    fn gaps(matched: &[Option<usize>], old: usize) -> Vec<(Vec<usize>, Vec<usize>)> {
        let kept: Vec<usize> = matched.iter().flatten().copied().collect();
        let fixed = increasing(&kept);
        let mut gaps = Vec::new();
        let (mut i, mut j) = (0, 0);
        for end in fixed.iter().copied().chain([old]) {
            let new_end = matched.iter().position(|it| *it == Some(end)).unwrap_or(matched.len());
            let rows: Vec<usize> =
                (i..end).filter(|index| !matched.contains(&Some(*index))).collect();
            let columns: Vec<usize> =
                (j..new_end).filter(|index| matched[*index].is_none()).collect();
            gaps.push((rows, columns));
            (i, j) = (end + 1, new_end + 1);
        }
        gaps
    }

    fn increasing(sequence: &[usize]) -> Vec<usize> {
        let (mut tails, mut ends, mut before) = (Vec::new(), Vec::new(), Vec::new());
        for (index, value) in sequence.iter().enumerate() {
            let at = tails.iter().take_while(|tail| *tail < value).count();
            before.push(at.checked_sub(1).map(|shorter| ends[shorter]));
            tails.truncate(tails.len().max(at));
            if at == tails.len() {
                tails.push(*value);
                ends.push(index);
            } else {
                tails[at] = *value;
                ends[at] = index;
            }
        }
        let mut found = Vec::new();
        let mut next = ends.last().copied();
        while let Some(index) = next {
            found.push(sequence[index]);
            next = before[index];
        }
        found.reverse();
        found
    }

    fn likeness(old: &[Json], new: &[Json]) -> impl Fn(usize, usize) -> f64 {
        let (old, new) = (old.to_vec(), new.to_vec());
        let all = |side: &[Json]| -> Vec<HashSet<String>> {
            side.iter()
                .map(|item| {
                    let mut found = HashSet::new();
                    leaves(item, String::new(), &mut found);
                    found
                })
                .collect()
        };
        let (old_leaves, new_leaves) = (all(&old), all(&new));
        let mut counts: HashMap<String, u128> = HashMap::new();
        for (item, leaves) in old.iter().zip(&old_leaves) {
            if item.is_object() {
                leaves.iter().for_each(|leaf| *counts.entry(leaf.clone()).or_default() += 1);
            }
        }
        // A multiple of all counts, so that sums are exact.
        let weight = move |leaf: &String| 5_354_228_880 / counts.get(leaf).copied().unwrap_or(1);
        move |i, j| match (&old[i], &new[j]) {
            (Json::Object(_), Json::Object(_)) => {
                let (a, b) = (&old_leaves[i], &new_leaves[j]);
                let sum = |leaves: &HashSet<String>| leaves.iter().map(&weight).sum::<u128>();
                let same = a.intersection(b).map(&weight).sum::<u128>();
                match sum(a).max(sum(b)) {
                    0 => 1.0,
                    all => same as f64 / all as f64,
                }
            }
            (Json::String(a), Json::String(b)) => {
                let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
                let shorter = a.len().min(b.len());
                let start = (0..shorter).take_while(|at| a[*at] == b[*at]).count();
                let end = (0..shorter - start)
                    .take_while(|at| a[a.len() - 1 - at] == b[b.len() - 1 - at])
                    .count();
                if shorter == 0 { 0.0 } else { (start + end) as f64 / shorter as f64 }
            }
            _ => 0.0,
        }
    }

    fn leaves(value: &Json, path: String, found: &mut HashSet<String>) {
        match value {
            Json::Object(fields) => {
                fields.iter().for_each(|(key, it)| leaves(it, format!("{path}/{key}"), found));
            }
            Json::Array(items) => {
                items.iter().for_each(|item| leaves(item, format!("{path}/*"), found));
            }
            scalar => drop(found.insert(format!("{path}={scalar}"))),
        }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    fn word(&mut self) -> &'static str {
        const WORDS: [&str; 12] = [
            "wash", "dry", "iron", "fold", "pack", "load", "drive", "clean", "close", "öffnen",
            "sand", "paint",
        ];
        WORDS[self.below(WORDS.len())]
    }

    fn item(&mut self, kind: &str, number: usize) -> Json {
        if kind == "str" {
            return json!(format!("{} {number:03} {}", self.word(), self.word()));
        }
        let mut item = json!({
            "t": format!("{} {number:03}", self.word()),
            "who": "ABC"[self.below(3)..][..1],
            "done": false,
            "min": self.below(90),
            "tags": [self.word(), {"x": self.below(3)}],
        });
        let id = match kind {
            "key" => Some(number),
            "rep" if self.below(4) == 0 => Some(self.below(3)),
            "rep" => Some(number),
            "some" if self.below(3) > 0 => Some(number),
            _ => None,
        };
        if let Some(id) = id {
            let id = if id % 3 == 0 { json!(format!("k{id}")) } else { json!(id) };
            item.as_object_mut().unwrap().insert("id".into(), id);
        }
        item
    }

    fn act(&mut self, items: &mut Vec<Json>, kind: &str, next: &mut usize) {
        let at = self.below(items.len());
        match self.below(6) {
            0 => {
                *next += 1;
                let at = self.below(items.len() + 1);
                let item = self.item(kind, *next);
                items.insert(at, item);
            }
            _ if items.is_empty() => {}
            1 => drop(items.remove(at)),
            2 => {
                let item = items.remove(at);
                items.insert(self.below(items.len() + 1), item);
            }
            3 => items.sort_by_key(Json::to_string),
            _ => match &mut items[at] {
                Json::String(text) => {
                    text.push(' ');
                    text.push_str(self.word());
                }
                item => {
                    let (field, value) = match self.below(4) {
                        0 => ("done", json!(true)),
                        1 => ("t", json!(self.word())),
                        2 => ("min", json!(self.below(300))),
                        _ => ("tags", json!([self.word()])),
                    };
                    item.as_object_mut().unwrap().insert(field.into(), value);
                }
            },
        }
    }
}

#[test]
fn items_are_matched_as_the_rule_says() {
    let runs = RUNS;
    for kind in ["key", "obj", "str", "rep", "some"] {
        let mut checked = 0;
        for seed in 1..=runs {
            let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let mut next = random.below(9);
            let old: Vec<Json> = (0..next).map(|number| random.item(kind, number)).collect();
            let mut new = old.clone();
            for _ in 0..random.below(6) {
                random.act(&mut new, kind, &mut next);
            }
            let unique = |side: &[Json]| {
                side.iter().map(Json::to_string).collect::<HashSet<_>>().len() == side.len()
            };
            // Equal items are interchangeable.
            if !unique(&old) || !unique(&new) {
                continue;
            }
            let read = |side: &[Json]| -> Vec<Value> {
                side.iter().map(|item| Value::from_json(item).unwrap()).collect()
            };
            let expected = rule::matches(&old, &new, "id");
            assert_eq!(matches(&read(&old), &read(&new), None), expected, "{kind} {seed}");
            checked += 1;
        }
        assert!(checked > runs * 9 / 10, "{kind}: {checked}");
    }
}

fn matched(old: Json, new: Json, key: Option<&str>) -> Vec<Option<usize>> {
    let items = |side: Json| match Value::from_json(&side).unwrap() {
        Value::List(items) => items,
        _ => panic!("not a list"),
    };
    matches(&items(old), &items(new), key)
}

#[test]
fn a_declared_key_stands_in_for_the_id() {
    let old = json!([{"id": 1, "sku": "a"}, {"id": 2, "sku": "b"}]);
    let new = json!([{"id": 1, "sku": "b"}, {"id": 2, "sku": "a"}]);
    assert_eq!(matched(old.clone(), new.clone(), None), [Some(0), Some(1)]);
    assert_eq!(matched(old, new, Some("sku")), [Some(1), Some(0)]);
}

#[test]
fn a_key_is_a_string_or_a_number_and_no_other_key_is_the_same() {
    let old = json!([{"id": 1, "x": "long enough"}, {"id": true, "x": "y"}]);
    let new = json!([{"id": "1", "x": "long enough"}, {"id": true, "x": "y"}]);
    assert_eq!(matched(old.clone(), new, None), [None, Some(1)]);
    let new = json!([{"id": 1.0, "x": "other"}, {"id": false, "x": "y"}]);
    assert_eq!(matched(old, new, None), [Some(0), Some(1)]);
}

#[test]
fn what_merges_matches_the_plain_json_that_says_the_same() {
    let old =
        json!([{"n": {"$text": "a"}, "c": {"$counter": 1}}, {"$text": "abc"}, {"$list": [1]}]);
    let new = json!([[1], "abcd", {"n": "a", "c": 1}]);
    assert_eq!(matched(old, new, None), [Some(2), Some(1), Some(0)]);
}

#[test]
fn too_many_pairs_are_not_compared_one_by_one() {
    let side = |end: &str| -> Json {
        (0..1_001).map(|at| json!({"n": at, "m": at, "end": end})).collect()
    };
    assert!(matched(side("a"), side("b"), None).iter().all(Option::is_none));
    let few =
        |end: &str| -> Json { (0..100).map(|at| json!({"n": at, "m": at, "end": end})).collect() };
    let expected: Vec<Option<usize>> = (0..100).map(Some).collect();
    assert_eq!(matched(few("a"), few("b"), None), expected);
}

#[test]
fn what_is_repeated_is_matched_once_each() {
    let runs = 300;
    for seed in 1..=runs {
        let mut random = Random(seed);
        let mut side = |_: &str| -> Vec<Value> {
            (0..random.below(12))
                .map(|_| Value::String(random.word().chars().take(2).collect()))
                .collect()
        };
        let (old, new) = (side("old"), side("new"));
        let found: Vec<usize> = matches(&old, &new, None).into_iter().flatten().collect();
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        found.iter().for_each(|index| *counts.entry(*index).or_default() += 1);
        assert!(counts.values().all(|count| *count == 1), "{old:?} {new:?}");
    }
}
