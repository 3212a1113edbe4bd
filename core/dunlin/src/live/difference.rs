//! The difference between two results of one query.

use std::{collections::HashMap, ops::Deref};

use dunlin_store::{Row, Rows};
use serde_json::Value as Json;

/// What turns the old rows into the new ones.
///
/// Take out `removed` and every `moved.from`, highest index first; then put in `inserted` and
/// `moved` rows, lowest final index first; then replace the `changed` ones. A row is the same row
/// if its column `id` is the same; without such a column, if it stands at the same place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// Indices in the old result, descending.
    pub removed: Vec<usize>,
    /// New rows at their final indices, ascending.
    pub inserted: Vec<Placed>,
    /// Rows that changed their order, by final index ascending.
    pub moved: Vec<Relocated>,
    /// Rows whose content changed at their final indices, ascending; a moved row may be here too.
    pub changed: Vec<Placed>,
    /// Whether the query has more rows by now than those that are given.
    pub more: bool,
}

/// A row at its final index.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The index in the new result.
    pub at: usize,
    /// The row.
    pub row: Row,
}

/// A row that changed its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocated {
    /// The index in the old result.
    pub from: usize,
    /// The index in the new result.
    pub to: usize,
}

impl Difference {
    /// Whether the rows are the same.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty()
            && self.inserted.is_empty()
            && self.moved.is_empty()
            && self.changed.is_empty()
    }

    /// Turns the old rows into the new ones.
    ///
    /// # Panics
    /// On rows that this is not the difference of.
    pub fn apply(&self, rows: &mut Vec<Row>) {
        let mut old: Vec<Option<Row>> = rows.drain(..).map(Some).collect();
        for index in &self.removed {
            old[*index] = None;
        }
        let moved = self.moved.iter().filter_map(|row| Some((row.to, old[row.from].take()?)));
        let mut coming: Vec<(usize, Row)> = moved.collect();
        coming.extend(self.inserted.iter().map(|row| (row.at, row.row.clone())));
        coming.sort_by_key(|(at, _)| *at);
        let (mut coming, mut staying) = (coming.into_iter().peekable(), old.into_iter().flatten());
        while let Some(row) = match coming.next_if(|(at, _)| *at == rows.len()) {
            Some((_, row)) => Some(row),
            None => staying.next(),
        } {
            rows.push(row);
        }
        for row in &self.changed {
            rows[row.at] = row.row.clone();
        }
    }

    /// No difference in the rows.
    pub(super) fn none(more: bool) -> Self {
        Self { more, ..Self::default() }
    }

    /// What turns one result into another of the same columns. Rows that are in both are one in
    /// memory afterwards.
    pub(super) fn between(old: &Rows, new: &mut Rows) -> Self {
        let mut difference = Self::none(new.more);
        let kept = match new.columns.iter().position(|column| column == "id") {
            Some(id) => difference.match_by_id(id, &old.rows, &mut new.rows),
            None => difference.match_by_place(&old.rows, &new.rows),
        };
        for row in &kept {
            let (before, after) = (&old.rows[row.from], &mut new.rows[row.to]);
            if before == after {
                *after = before.clone();
            } else {
                difference.changed.push(Placed { at: row.to, row: after.clone() });
            }
        }
        let stays = longest_increasing(&kept);
        let moved = kept.into_iter().zip(stays).filter(|(_, stays)| !stays);
        difference.moved = moved.map(|(row, _)| row).collect();
        difference
    }

    /// Pairs rows of the same id, and notes which have come and gone. Equal rows at both ends are
    /// not paired: they stay.
    fn match_by_id(&mut self, id: usize, old: &[Row], new: &mut [Row]) -> Vec<Relocated> {
        let start = share(old.iter(), new.iter_mut());
        let end = share(old[start..].iter().rev(), new[start..].iter_mut().rev());
        let (old, new) = (&old[start..old.len() - end], &new[start..new.len() - end]);
        let mut known: HashMap<Key<'_>, usize> = keys(old, id).into_iter().zip(start..).collect();
        let mut kept = Vec::new();
        for ((key, row), to) in keys(new, id).into_iter().zip(new).zip(start..) {
            match known.remove(&key) {
                Some(from) => kept.push(Relocated { from, to }),
                None => self.inserted.push(Placed { at: to, row: row.clone() }),
            }
        }
        self.removed = known.into_values().collect();
        self.removed.sort_unstable_by(|a, b| b.cmp(a));
        kept
    }

    /// Pairs rows at the same place, and notes which have come and gone behind them.
    fn match_by_place(&mut self, old: &[Row], new: &[Row]) -> Vec<Relocated> {
        let both = old.len().min(new.len());
        self.removed = (both..old.len()).rev().collect();
        let behind = (both..).zip(&new[both..]);
        self.inserted = behind.map(|(at, row)| Placed { at, row: row.clone() }).collect();
        (0..both).map(|at| Relocated { from: at, to: at }).collect()
    }
}

/// Makes equal rows one, up to the first that differs; returns how many they are.
fn share<'a>(old: impl Iterator<Item = &'a Row>, new: impl Iterator<Item = &'a mut Row>) -> usize {
    let equal = old.zip(new).take_while(|(before, after)| before == after);
    equal.map(|(before, after)| *after = before.clone()).count()
}

/// A row's identity: its id and how many rows before it have the same one.
type Key<'a> = (Id<'a>, usize);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Id<'a> {
    Text(&'a str),
    /// Anything else, as JSON.
    Other(String),
}

fn keys(rows: &[Row], id: usize) -> Vec<Key<'_>> {
    let mut seen = HashMap::<Id<'_>, usize>::new();
    let occurrence = |row| {
        let id = match &Row::deref(row)[id] {
            Json::String(text) => Id::Text(text),
            other => Id::Other(other.to_string()),
        };
        let count = seen.entry(id.clone()).or_default();
        *count += 1;
        (id, *count)
    };
    rows.iter().map(occurrence).collect()
}

/// Marks the rows of one longest run that kept its order.
fn longest_increasing(kept: &[Relocated]) -> Vec<bool> {
    let mut tails: Vec<usize> = Vec::new();
    let mut before = vec![None; kept.len()];
    for (index, row) in kept.iter().enumerate() {
        let place = tails.partition_point(|tail| kept[*tail].from < row.from);
        before[index] = place.checked_sub(1).map(|previous| tails[previous]);
        match tails.get_mut(place) {
            Some(tail) => *tail = index,
            None => tails.push(index),
        }
    }
    let mut stays = vec![false; kept.len()];
    let mut next = tails.last().copied();
    while let Some(index) = next {
        stays[index] = true;
        next = before[index];
    }
    stays
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    fn table(columns: &[&str], rows: Vec<Vec<Json>>) -> Rows {
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        let rows = rows.into_iter().map(Row::from).collect();
        Rows { columns, rows, more: false, collections: BTreeSet::new(), seq: 0 }
    }

    fn rows(content: &[(&str, i64)]) -> Rows {
        table(&["id", "n"], content.iter().map(|(id, n)| vec![json!(id), json!(n)]).collect())
    }

    fn between(old: &Rows, new: &Rows) -> Difference {
        Difference::between(old, &mut new.clone())
    }

    fn applied(old: &Rows, difference: &Difference) -> Vec<Row> {
        let mut rows = old.rows.clone();
        difference.apply(&mut rows);
        rows
    }

    #[test]
    fn a_difference_turns_the_old_rows_into_the_new_ones() {
        let old = rows(&[("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("b", 9)]);
        for new in [
            rows(&[]),
            rows(&[("e", 5), ("d", 4), ("c", 3), ("b", 2), ("a", 1)]),
            rows(&[("x", 0), ("b", 2), ("d", 7), ("a", 1), ("y", 0), ("b", 1)]),
            rows(&[("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("b", 9), ("f", 6)]),
        ] {
            let difference = between(&old, &new);
            assert_eq!(applied(&old, &difference), new.rows, "{difference:?}");
            let back = between(&new, &old);
            assert_eq!(applied(&new, &back), old.rows, "{back:?}");
        }
    }

    #[test]
    fn equal_results_have_no_difference_and_one_moved_row_is_one_move() {
        let old = rows(&[("a", 1), ("b", 2), ("c", 3)]);
        assert!(between(&old, &old).is_empty());
        let moved = between(&old, &rows(&[("b", 2), ("c", 3), ("a", 1)]));
        assert_eq!(moved.moved, [Relocated { from: 0, to: 2 }]);
        assert!(moved.removed.is_empty() && moved.inserted.is_empty());
    }

    #[test]
    fn without_an_id_rows_are_compared_by_place() {
        let count = |n: i64| table(&["count"], vec![vec![json!(n)]]);
        let difference = between(&count(1), &count(2));
        assert_eq!(difference.changed, [Placed { at: 0, row: vec![json!(2)].into() }]);
        assert!(difference.inserted.is_empty() && difference.removed.is_empty());
    }

    #[test]
    fn rows_that_have_not_changed_are_one_in_memory() {
        let old = rows(&[("a", 1), ("b", 2), ("c", 3), ("d", 4)]);
        let mut new = rows(&[("a", 1), ("d", 4), ("b", 2), ("c", 9)]);
        Difference::between(&old, &mut new);
        let shared: Vec<bool> =
            new.rows.iter().map(|row| old.rows.iter().any(|old| old.is_same(row))).collect();
        assert_eq!(shared, [true, true, true, false]);
    }

    #[test]
    fn any_difference_of_ids_that_repeat_turns_one_result_into_the_other() {
        // A small generator: every pair of results of up to four rows out of three ids.
        let all: Vec<Vec<(&str, i64)>> = (0..4usize.pow(4))
            .map(|number| {
                let digits = (0..4u32).map(|place| number / 4usize.pow(place) % 4);
                let row = |digit| [None, Some(("a", 1)), Some(("a", 2)), Some(("b", 1))][digit];
                digits.filter_map(row).collect()
            })
            .collect();
        for old in &all {
            for new in &all {
                let (old, new) = (rows(old), rows(new));
                assert_eq!(applied(&old, &between(&old, &new)), new.rows, "{old:?} to {new:?}");
            }
        }
    }
}
