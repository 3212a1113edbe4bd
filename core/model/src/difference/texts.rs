//! Texts compared: which code units go, and which come.

use std::{hash::Hash, ops::Range};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::{edit::Edit, path::Path};

/// Most cells of a comparison table; longer texts are replaced between their common ends.
const MAX_CELLS: usize = 4_000_000;

/// The splices that make `new` of `read`, one after the other.
pub(super) fn splices(path: &Path, read: &str, new: &str) -> Vec<Edit> {
    let read: Vec<char> = read.chars().collect();
    let new: Vec<char> = new.chars().collect();
    let units = |chars: &[char]| chars.iter().map(|it| it.len_utf16() as u32).sum::<u32>();
    let mut shift = 0;
    let mut counted = 0;
    let mut start_units = 0;
    let mut splices = Vec::new();
    for (old_range, new_range) in replaced_ranges(&read, &new) {
        start_units += units(&read[counted..old_range.start]);
        counted = old_range.start;
        let at = u32::wrapping_add(start_units, shift);
        let (delete, insert) = (units(&read[old_range]), units(&new[new_range.clone()]));
        let inserted = new[new_range].iter().collect();
        splices.push(Edit::Splice { path: path.clone(), at, delete, insert: inserted });
        // Wraps below zero in between; the sum is an index again.
        shift = shift.wrapping_add(insert).wrapping_sub(delete);
    }
    splices
}

/// Ranges that differ, in order.
fn replaced_ranges<T: Eq + Hash + Ord>(old: &[T], new: &[T]) -> Vec<(Range<usize>, Range<usize>)> {
    let prefix = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (&old[prefix..], &new[prefix..]);
    let ends = old_rest.iter().rev().zip(new_rest.iter().rev());
    let suffix = ends.take_while(|(old, new)| old == new).count();
    let old_middle = &old_rest[..old_rest.len() - suffix];
    let new_middle = &new_rest[..new_rest.len() - suffix];
    if old_middle.is_empty() && new_middle.is_empty() {
        return Vec::new();
    }
    let cells = old_middle.len().saturating_mul(new_middle.len());
    if cells == 0 || cells > MAX_CELLS {
        return vec![(prefix..prefix + old_middle.len(), prefix..prefix + new_middle.len())];
    }
    let shifted = |range: Range<usize>| prefix + range.start..prefix + range.end;
    capture_diff_slices(Algorithm::Myers, old_middle, new_middle)
        .into_iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| (shifted(op.old_range()), shifted(op.new_range())))
        .collect()
}
