//! Which item of a list is which, after somebody handed over the whole array.

use std::collections::{HashMap, VecDeque};

use super::{
    common::common_subsequence, contents, increasing::increasing_run, likeness::Likeness,
    print::print,
};
use crate::value::Value;

/// The field by which items are known where none is declared.
pub(super) const DEFAULT_KEY: &str = "id";
/// Most pairs that are compared for likeness at once; where there would be more, what is not equal
/// is deleted and inserted.
pub(super) const MAX_PAIRS: usize = 1_000_000;

/// For each new item, the index of the old one that it is; none if it is inserted. Old items that
/// nothing matches are deleted.
///
/// Items with a key match items of the same key alone. Among others, and among those of one key:
/// equal ones in order, then equal ones elsewhere, then those alike between neighbours that did
/// not move, then those alike anywhere.
pub(super) fn matches(old: &[Value], new: &[Value], key: Option<&str>) -> Vec<Option<usize>> {
    let key = key.unwrap_or(DEFAULT_KEY);
    let mut groups: HashMap<Option<Key<'_>>, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (index, item) in old.iter().enumerate() {
        groups.entry(Key::of(item, key)).or_default().0.push(index);
    }
    for (index, item) in new.iter().enumerate() {
        groups.entry(Key::of(item, key)).or_default().1.push(index);
    }
    let mut matched = vec![None; new.len()];
    for (key, (old_places, new_places)) in groups {
        if let (Some(_), [old_place], [new_place]) = (&key, &old_places[..], &new_places[..]) {
            matched[*new_place] = Some(*old_place);
            continue;
        }
        let old_items: Vec<&Value> = old_places.iter().map(|place| &old[*place]).collect();
        let new_items: Vec<&Value> = new_places.iter().map(|place| &new[*place]).collect();
        let mut group = Group::new(&old_items, &new_items);
        group.match_all();
        if key.is_some() {
            group.match_rest_in_order();
        }
        for (new_place, index) in new_places.iter().zip(group.matched) {
            matched[*new_place] = index.map(|index| old_places[index]);
        }
    }
    matched
}

/// What an item is known by.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum Key<'a> {
    Text(&'a str),
    Whole(i64),
    /// The bits of a float, which is in its one form.
    Float(u64),
}

impl<'a> Key<'a> {
    pub(super) fn of(item: &'a Value, key: &str) -> Option<Self> {
        let Value::Object(fields) = contents(item) else { return None };
        match fields.get(key)? {
            Value::String(text) | Value::Text(text) => Some(Self::Text(text)),
            Value::Int(whole) => Some(Self::Whole(*whole)),
            Value::Float(float) => Some(Self::Float(float.to_bits())),
            _ => None,
        }
    }
}

/// Items that are told apart by what they say.
struct Group<'a> {
    old: &'a [&'a Value],
    new: &'a [&'a Value],
    /// For each new item.
    matched: Vec<Option<usize>>,
    /// Of each old item.
    is_taken: Vec<bool>,
}

/// What no match has been found for between two neighbours that did not move.
struct Gap {
    old: Vec<usize>,
    new: Vec<usize>,
}

impl Gap {
    fn pairs(&self) -> usize {
        self.old.len().saturating_mul(self.new.len())
    }
}

impl<'a> Group<'a> {
    fn new(old: &'a [&'a Value], new: &'a [&'a Value]) -> Self {
        Self { old, new, matched: vec![None; new.len()], is_taken: vec![false; old.len()] }
    }

    fn match_all(&mut self) {
        if self.old.is_empty() || self.new.is_empty() {
            return;
        }
        self.match_equal();
        if self.open_old().next().is_none() || self.open_new().next().is_none() {
            return;
        }
        let likeness = Likeness::new(self.old, self.new);
        for gap in self.gaps() {
            self.match_alike_in_order(&gap, &likeness);
        }
        self.match_alike_anywhere(&likeness);
    }

    fn take(&mut self, old: usize, new: usize) {
        self.matched[new] = Some(old);
        self.is_taken[old] = true;
    }

    fn open_old(&self) -> impl Iterator<Item = usize> {
        (0..self.old.len()).filter(|index| !self.is_taken[*index])
    }

    fn open_new(&self) -> impl Iterator<Item = usize> {
        (0..self.new.len()).filter(|index| self.matched[*index].is_none())
    }

    /// Equal items: in order as far as that goes, then wherever they are.
    fn match_equal(&mut self) {
        let mut numbers: HashMap<[u8; 16], u32> = HashMap::new();
        let mut number = |item: &&Value| {
            let next = numbers.len() as u32;
            *numbers.entry(print(item)).or_insert(next)
        };
        let old: Vec<u32> = self.old.iter().map(&mut number).collect();
        let new: Vec<u32> = self.new.iter().map(&mut number).collect();
        for (old, new) in common_subsequence(&old, &new) {
            self.take(old, new);
        }
        let mut elsewhere: HashMap<u32, VecDeque<usize>> = HashMap::new();
        for index in self.open_old() {
            elsewhere.entry(old[index]).or_default().push_back(index);
        }
        for index in self.open_new().collect::<Vec<_>>() {
            if let Some(old) = elsewhere.get_mut(&new[index]).and_then(VecDeque::pop_front) {
                self.take(old, index);
            }
        }
    }

    /// What is open on both sides of the same stretch between matched ones that did not move.
    fn gaps(&self) -> Vec<Gap> {
        let kept: Vec<(usize, usize)> = self
            .matched
            .iter()
            .enumerate()
            .filter_map(|(new, old)| old.map(|old| (old, new)))
            .collect();
        let order: Vec<usize> = kept.iter().map(|(old, _)| *old).collect();
        let fixed = increasing_run(&order).into_iter().map(|index| kept[index]);
        let mut gaps = Vec::new();
        let mut start = (0, 0);
        for (old, new) in fixed.chain([(self.old.len(), self.new.len())]) {
            let gap = Gap {
                old: (start.0..old).filter(|index| !self.is_taken[*index]).collect(),
                new: (start.1..new).filter(|index| self.matched[*index].is_none()).collect(),
            };
            if gap.pairs() > 0 {
                gaps.push(gap);
            }
            start = (old + 1, new + 1);
        }
        gaps
    }

    /// Matches in order what is alike, so that the sum of the likeness is greatest.
    fn match_alike_in_order(&mut self, gap: &Gap, likeness: &Likeness<'_>) {
        if gap.pairs() > MAX_PAIRS {
            return;
        }
        let (rows, columns) = (gap.old.len(), gap.new.len());
        // No likeness is less than half: none stands for less.
        let mut alike = vec![0.0_f64; rows * columns];
        for (column, found) in likeness.among(&gap.old, &gap.new).into_iter().enumerate() {
            found.into_iter().for_each(|(row, share)| alike[row * columns + column] = share);
        }
        let alike = |row: usize, column: usize| {
            Some(alike[row * columns + column]).filter(|share| *share > 0.0)
        };
        // The greatest sum of what follows, by row and column.
        let mut sums = vec![0.0_f64; (rows + 1) * (columns + 1)];
        let at = |row: usize, column: usize| row * (columns + 1) + column;
        for row in (0..rows).rev() {
            for column in (0..columns).rev() {
                let both = alike(row, column).map_or(0.0, |it| sums[at(row + 1, column + 1)] + it);
                let one = sums[at(row + 1, column)].max(sums[at(row, column + 1)]);
                sums[at(row, column)] = one.max(both);
            }
        }
        let (mut row, mut column) = (0, 0);
        while row < rows && column < columns {
            let here = sums[at(row, column)];
            if alike(row, column).is_some_and(|it| here == sums[at(row + 1, column + 1)] + it) {
                self.take(gap.old[row], gap.new[column]);
                row += 1;
                column += 1;
            } else if here == sums[at(row + 1, column)] {
                row += 1;
            } else {
                column += 1;
            }
        }
    }

    /// Matches what was moved and changed, the most alike first.
    fn match_alike_anywhere(&mut self, likeness: &Likeness<'_>) {
        let rest = Gap { old: self.open_old().collect(), new: self.open_new().collect() };
        if rest.pairs() > MAX_PAIRS {
            return;
        }
        let mut alike: Vec<(f64, usize, usize)> = Vec::new();
        for (new, found) in rest.new.iter().zip(likeness.among(&rest.old, &rest.new)) {
            alike.extend(found.into_iter().map(|(old, share)| (share, rest.old[old], *new)));
        }
        alike.sort_by(|(left, left_old, left_new), (right, right_old, right_new)| {
            right.total_cmp(left).then((left_old, left_new).cmp(&(right_old, right_new)))
        });
        for (_, old, new) in alike {
            if !self.is_taken[old] && self.matched[new].is_none() {
                self.take(old, new);
            }
        }
    }

    /// Matches the first that is open with the first that is open.
    fn match_rest_in_order(&mut self) {
        let open: Vec<_> = self.open_old().zip(self.open_new()).collect();
        open.into_iter().for_each(|(old, new)| self.take(old, new));
    }
}

#[cfg(test)]
mod tests;
