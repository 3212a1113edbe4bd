//! Longest common subsequences of numbers that stand for values.

use std::{collections::HashMap, ops::Range};

use super::increasing::Run;

/// Most pairs of equal values that are looked at; where there are more, the first of one side is
/// paired with the first of the other, the second with the second.
const MAX_PAIRS: usize = 1_000_000;

/// Pairs of places that form a long common subsequence, in order: a longest one, unless so many
/// values are repeated so often that finding it would be quadratic.
pub(super) fn common_subsequence(old: &[u32], new: &[u32]) -> Vec<(usize, usize)> {
    let prefix = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let ends = old[prefix..].iter().rev().zip(new[prefix..].iter().rev());
    let suffix = ends.take_while(|(old, new)| old == new).count();
    let (old_end, new_end) = (old.len() - suffix, new.len() - suffix);
    let mut pairs: Vec<(usize, usize)> = (0..prefix).map(|at| (at, at)).collect();
    pairs.extend(between_ends(old, prefix..old_end, new, prefix..new_end));
    pairs.extend((0..suffix).map(|at| (old_end + at, new_end + at)));
    pairs
}

/// Hunt and Szymanski: a longest increasing run through the places of equal values.
fn between_ends(
    old: &[u32],
    old_range: Range<usize>,
    new: &[u32],
    new_range: Range<usize>,
) -> Vec<(usize, usize)> {
    let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
    for at in old_range {
        places.entry(old[at]).or_default().push(at);
    }
    let of = |value: &u32| places.get(value).map_or(&[][..], Vec::as_slice);
    let all = new[new_range.clone()].iter().map(|value| of(value).len()).sum::<usize>();
    let mut turns: HashMap<u32, usize> = HashMap::new();
    let mut run = Run::default();
    let mut added = Vec::new();
    for at in new_range {
        let equal = of(&new[at]);
        let equal = if all <= MAX_PAIRS {
            equal
        } else {
            let turn = turns.entry(new[at]).or_default();
            *turn += 1;
            equal.get(*turn - 1..*turn).unwrap_or_default()
        };
        // From the last to the first, so that one place of the new side is taken once.
        for place in equal.iter().rev() {
            run.add(*place, added.len());
            added.push((*place, at));
        }
    }
    run.finish().into_iter().map(|index| added[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longest(old: &[u32], new: &[u32]) -> usize {
        let mut lengths = vec![vec![0; new.len() + 1]; old.len() + 1];
        for i in (0..old.len()).rev() {
            for j in (0..new.len()).rev() {
                lengths[i][j] = match old[i] == new[j] {
                    true => lengths[i + 1][j + 1] + 1,
                    false => lengths[i + 1][j].max(lengths[i][j + 1]),
                };
            }
        }
        lengths[0][0]
    }

    #[test]
    fn a_longest_one_is_found() {
        let mut state = 7_u32;
        let mut next = |bound: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % bound
        };
        for _ in 0..500 {
            let bound = 1 + next(6);
            let mut side = || (0..next(12)).map(|_| next(bound)).collect::<Vec<_>>();
            let (old, new) = (side(), side());
            let pairs = common_subsequence(&old, &new);
            assert!(pairs.iter().all(|(i, j)| old[*i] == new[*j]));
            assert!(pairs.is_sorted_by(|left, right| left.0 < right.0 && left.1 < right.1));
            assert_eq!(pairs.len(), longest(&old, &new), "{old:?} {new:?}");
        }
    }

    #[test]
    fn values_that_are_repeated_without_end_are_paired_in_turn() {
        let old: Vec<u32> = (0..8_000).map(|at| at % 2).collect();
        let new: Vec<u32> = (1..8_000).map(|at| at % 2).chain([2, 0]).collect();
        let pairs = common_subsequence(&old, &new);
        assert!(pairs.iter().all(|(i, j)| old[*i] == new[*j]));
        assert!(pairs.is_sorted_by(|left, right| left.0 < right.0 && left.1 < right.1));
        assert!(pairs.len() > 3_900, "{}", pairs.len());
    }
}
