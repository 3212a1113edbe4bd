//! The difference between two results of one query.

use std::collections::HashMap;

use dunlin_store::Rows;
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
}

/// A row at its final index.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The index in the new result.
    pub at: usize,
    /// The row.
    pub row: Vec<Json>,
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
    /// Whether the results are the same.
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
    pub fn apply(&self, rows: &mut Vec<Vec<Json>>) {
        let mut leaving = self.removed.clone();
        leaving.extend(self.moved.iter().map(|row| row.from));
        leaving.sort_unstable();
        let mut left: HashMap<usize, Vec<Json>> =
            leaving.into_iter().rev().map(|index| (index, rows.remove(index))).collect();
        let inserted = self.inserted.iter().map(|row| (row.at, row.row.clone()));
        let mut placed: Vec<(usize, Vec<Json>)> = inserted.collect();
        placed.extend(
            self.moved.iter().map(|row| (row.to, left.remove(&row.from).unwrap_or_default())),
        );
        placed.sort_by_key(|(at, _)| *at);
        for (at, row) in placed {
            rows.insert(at, row);
        }
        for row in &self.changed {
            rows[row.at] = row.row.clone();
        }
    }

    pub(super) fn between(old: &Rows, new: &Rows) -> Self {
        let mut old_by_key: HashMap<Key, usize> =
            keys(old).into_iter().enumerate().map(|(index, key)| (key, index)).collect();
        let mut difference = Self::default();
        let mut kept = Vec::new();
        for (at, key) in keys(new).into_iter().enumerate() {
            match old_by_key.remove(&key) {
                None => difference.inserted.push(Placed { at, row: new.rows[at].clone() }),
                Some(from) => {
                    kept.push(Relocated { from, to: at });
                    if old.rows[from] != new.rows[at] {
                        difference.changed.push(Placed { at, row: new.rows[at].clone() });
                    }
                }
            }
        }
        difference.removed = old_by_key.into_values().collect();
        difference.removed.sort_unstable_by(|a, b| b.cmp(a));
        let in_order = longest_increasing(&kept);
        difference.moved = kept
            .into_iter()
            .zip(in_order)
            .filter(|(_, stays)| !stays)
            .map(|(row, _)| row)
            .collect();
        difference
    }
}

/// A row's identity: its id and how many rows before it have the same one.
type Key = (Option<String>, usize);

fn keys(rows: &Rows) -> Vec<Key> {
    let Some(id) = rows.columns.iter().position(|column| column == "id") else {
        return (0..rows.rows.len()).map(|index| (None, index)).collect();
    };
    let mut seen = HashMap::<String, usize>::new();
    let occurrence = |row: &Vec<Json>| {
        let id = row[id].to_string();
        let count = seen.entry(id.clone()).or_default();
        *count += 1;
        (Some(id), *count)
    };
    rows.rows.iter().map(occurrence).collect()
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
        Rows { columns, rows, collections: BTreeSet::new(), seq: 0 }
    }

    fn rows(content: &[(&str, i64)]) -> Rows {
        table(&["id", "n"], content.iter().map(|(id, n)| vec![json!(id), json!(n)]).collect())
    }

    fn applied(old: &Rows, difference: &Difference) -> Vec<Vec<Json>> {
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
            let difference = Difference::between(&old, &new);
            assert_eq!(applied(&old, &difference), new.rows, "{difference:?}");
            let back = Difference::between(&new, &old);
            assert_eq!(applied(&new, &back), old.rows, "{back:?}");
        }
    }

    #[test]
    fn equal_results_have_no_difference_and_one_moved_row_is_one_move() {
        let old = rows(&[("a", 1), ("b", 2), ("c", 3)]);
        assert!(Difference::between(&old, &old).is_empty());
        let moved = Difference::between(&old, &rows(&[("b", 2), ("c", 3), ("a", 1)]));
        assert_eq!(moved.moved, [Relocated { from: 0, to: 2 }]);
        assert!(moved.removed.is_empty() && moved.inserted.is_empty());
    }

    #[test]
    fn without_an_id_rows_are_compared_by_place() {
        let count = |n: i64| table(&["count"], vec![vec![json!(n)]]);
        let difference = Difference::between(&count(1), &count(2));
        assert_eq!(difference.changed, [Placed { at: 0, row: vec![json!(2)] }]);
        assert!(difference.inserted.is_empty() && difference.removed.is_empty());
    }
}
