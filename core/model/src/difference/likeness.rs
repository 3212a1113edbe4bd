//! How alike two items are: whether one is the other, changed.

use std::collections::{BTreeMap, HashMap};

use super::{contents, print};
use crate::value::Value;

/// What a leaf weighs that at most one old item has: divisible by every number up to 30, so that
/// sums are exact for any usual count.
const WEIGHT: u64 = 2_329_089_562_800;

/// The likeness of every old item with every new one.
///
/// Of objects it is the share of leaves that both have, a leaf that k old items have weighing 1/k;
/// of strings the common beginning and end, as a share of the shorter one.
pub(super) struct Likeness<'a> {
    old: Vec<Shape<'a>>,
    new: Vec<Shape<'a>>,
    /// By the number of a leaf.
    weights: Vec<u64>,
}

enum Shape<'a> {
    /// The leaves of an object by their numbers, sorted, and what they weigh together.
    Leaves(Vec<u32>, u64),
    /// A string and how many characters it has.
    Text(&'a str, usize),
    Other,
}

impl<'a> Likeness<'a> {
    pub(super) fn new(old: &[&'a Value], new: &[&'a Value]) -> Self {
        let mut numbers = HashMap::new();
        let mut old: Vec<Shape<'a>> = old.iter().map(|item| shape(item, &mut numbers)).collect();
        let mut counts = vec![0_u64; numbers.len()];
        for shape in &old {
            if let Shape::Leaves(leaves, _) = shape {
                leaves.iter().for_each(|leaf| counts[*leaf as usize] += 1);
            }
        }
        let mut new: Vec<Shape<'a>> = new.iter().map(|item| shape(item, &mut numbers)).collect();
        counts.resize(numbers.len(), 1);
        let weights: Vec<u64> = counts.into_iter().map(|count| WEIGHT / count).collect();
        for shape in old.iter_mut().chain(&mut new) {
            if let Shape::Leaves(leaves, sum) = shape {
                *sum = leaves.iter().map(|leaf| weights[*leaf as usize]).sum();
            }
        }
        Self { old, new, weights }
    }

    /// For each of these new items, the old ones of these that are alike by half or more: their
    /// places among those handed over, ascending, and how alike they are, up to one.
    pub(super) fn among(&self, old: &[usize], new: &[usize]) -> Vec<Vec<(usize, f64)>> {
        let mut with_leaf: HashMap<u32, Vec<usize>> = HashMap::new();
        let mut without_leaves = Vec::new();
        let mut texts = Vec::new();
        for (place, index) in old.iter().enumerate() {
            match &self.old[*index] {
                Shape::Leaves(leaves, 0) if leaves.is_empty() => without_leaves.push(place),
                Shape::Leaves(leaves, _) => {
                    leaves.iter().for_each(|leaf| with_leaf.entry(*leaf).or_default().push(place));
                }
                Shape::Text(text, count) => texts.push((place, *text, *count)),
                Shape::Other => {}
            }
        }
        let mut sums = vec![0_u64; old.len()];
        let alike = |new: &usize| match &self.new[*new] {
            Shape::Leaves(leaves, 0) if leaves.is_empty() => {
                without_leaves.iter().map(|place| (*place, 1.0)).collect()
            }
            Shape::Leaves(leaves, sum) => {
                let mut found = Vec::new();
                for leaf in leaves {
                    for place in with_leaf.get(leaf).into_iter().flatten() {
                        if sums[*place] == 0 {
                            found.push(*place);
                        }
                        sums[*place] += self.weights[*leaf as usize];
                    }
                }
                found.sort_unstable();
                let share = |place: usize| {
                    let same = std::mem::take(&mut sums[place]);
                    Some((place, half_or_more(same, self.sum(old[place]).max(*sum))?))
                };
                found.into_iter().filter_map(share).collect()
            }
            Shape::Text(text, count) => {
                let share = |(place, other, other_count): &(usize, &str, usize)| {
                    let shorter = (*count).min(*other_count);
                    let same = common_ends(other, text, shorter);
                    Some((*place, half_or_more(same as u64, shorter as u64)?))
                };
                texts.iter().filter_map(share).collect()
            }
            Shape::Other => Vec::new(),
        };
        new.iter().map(alike).collect()
    }

    fn sum(&self, old: usize) -> u64 {
        match self.old[old] {
            Shape::Leaves(_, sum) => sum,
            _ => 0,
        }
    }
}

/// The share, from one half; of nothing there is none.
fn half_or_more(part: u64, all: u64) -> Option<f64> {
    (all > 0 && part * 2 >= all).then(|| part as f64 / all as f64)
}

fn shape<'a>(item: &'a Value, numbers: &mut HashMap<Vec<u8>, u32>) -> Shape<'a> {
    match contents(item) {
        Value::Object(fields) => {
            let mut leaves = Vec::new();
            object_leaves(&mut Vec::new(), fields, &mut |leaf| {
                let next = numbers.len() as u32;
                leaves.push(*numbers.entry(leaf).or_insert(next));
            });
            leaves.sort_unstable();
            leaves.dedup();
            Shape::Leaves(leaves, 0)
        }
        Value::String(text) | Value::Text(text) => Shape::Text(text, text.chars().count()),
        _ => Shape::Other,
    }
}

fn object_leaves(
    path: &mut Vec<u8>,
    fields: &BTreeMap<String, Value>,
    found: &mut impl FnMut(Vec<u8>),
) {
    for (key, field) in fields {
        let length = path.len();
        path.push(b'/');
        path.extend((key.len() as u64).to_be_bytes());
        path.extend(key.as_bytes());
        leaves(path, field, found);
        path.truncate(length);
    }
}

/// The scalars in a value with their paths; items of arrays are told apart by content alone.
fn leaves(path: &mut Vec<u8>, value: &Value, found: &mut impl FnMut(Vec<u8>)) {
    let length = path.len();
    match contents(value) {
        Value::Object(fields) => object_leaves(path, fields, found),
        Value::List(items) => {
            path.push(b'*');
            items.iter().for_each(|item| leaves(path, item, found));
        }
        Value::Set(elements) => {
            path.push(b'*');
            elements.iter().for_each(|element| leaves(path, element.value(), found));
        }
        scalar => {
            let mut leaf = path.clone();
            leaf.push(b'=');
            print::write(&mut leaf, scalar);
            found(leaf);
        }
    }
    path.truncate(length);
}

/// Characters of the common beginning and of the common end, which do not overlap.
fn common_ends(left: &str, right: &str, shorter: usize) -> usize {
    let same = |(left, right): &(char, char)| left == right;
    let start = left.chars().zip(right.chars()).take_while(same).count();
    let end = left.chars().rev().zip(right.chars().rev()).take(shorter - start).take_while(same);
    start + end.count()
}
