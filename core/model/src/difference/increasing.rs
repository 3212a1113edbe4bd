//! Longest increasing runs: what stays where it is when a list changes its order.

/// The indices of a longest increasing subsequence; of several, the one that patience finds first.
pub(crate) fn increasing_run(sequence: &[usize]) -> Vec<usize> {
    let mut run = Run::default();
    for (index, value) in sequence.iter().enumerate() {
        run.add(*value, index);
    }
    run.finish()
}

/// A longest strictly increasing run of what is added, found in O(log n) each.
#[derive(Default)]
pub(super) struct Run {
    /// The smallest value that ends a run of each length, and its link.
    ends: Vec<(usize, usize)>,
    /// What was added, and the link before it in its run.
    links: Vec<(usize, Option<usize>)>,
}

impl Run {
    pub(super) fn add(&mut self, value: usize, index: usize) {
        let length = self.ends.partition_point(|(end, _)| *end < value);
        let before = length.checked_sub(1).map(|shorter| self.ends[shorter].1);
        let link = self.links.len();
        self.links.push((index, before));
        match self.ends.get_mut(length) {
            Some(end) => *end = (value, link),
            None => self.ends.push((value, link)),
        }
    }

    /// The indices that were added with the values of the run.
    pub(super) fn finish(self) -> Vec<usize> {
        let mut found = Vec::with_capacity(self.ends.len());
        let mut next = self.ends.last().map(|(_, link)| *link);
        while let Some(link) = next {
            let (index, before) = self.links[link];
            found.push(index);
            next = before;
        }
        found.reverse();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_is_found() {
        for (sequence, run) in [
            (&[][..], &[][..]),
            (&[3, 1, 2], &[1, 2]),
            (&[1, 2, 0], &[0, 1]),
            (&[5, 6, 0, 1], &[2, 3]),
            (&[2, 0, 4, 3, 7], &[1, 3, 4]),
        ] {
            assert_eq!(increasing_run(sequence), run, "{sequence:?}");
        }
    }
}
