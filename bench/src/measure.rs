//! Runs that take turns, and what is said about them.

use crate::Result;

/// Fewer runs say nothing on a shared machine.
pub(crate) const RUNS: usize = 5;

/// One figure from every run of one side.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    /// The figures in the order of the runs; at least one.
    pub(crate) fn new(runs: Vec<f64>) -> Self {
        assert!(!runs.is_empty(), "a sample has at least one run");
        Self(runs)
    }

    /// A figure that every run would repeat, such as the size of a file.
    pub(crate) fn exact(figure: f64) -> Self {
        Self(vec![figure])
    }

    /// The figures in the order of the runs.
    pub(crate) fn runs(&self) -> &[f64] {
        &self.0
    }

    /// The middle figure, or the mean of the two in the middle.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        let middle = sorted.len() / 2;
        if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            (sorted[middle - 1] + sorted[middle]) / 2.0
        }
    }

    /// The least figure.
    pub(crate) fn min(&self) -> f64 {
        self.sorted()[0]
    }

    /// The greatest figure.
    pub(crate) fn max(&self) -> f64 {
        self.sorted()[self.0.len() - 1]
    }

    /// The figure below which this part of them lies: 0.5 is close to the median.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let sorted = self.sorted();
        let at = (part * sorted.len() as f64).ceil() as usize;
        sorted[at.clamp(1, sorted.len()) - 1]
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// Runs floor and product in turns, so that what else the machine does meets both.
///
/// The first side changes with every turn: none always has the warmer cache.
pub(crate) fn in_turns(
    runs: usize,
    mut floor: impl FnMut() -> Result<f64>,
    mut ours: impl FnMut() -> Result<f64>,
) -> Result<(Sample, Sample)> {
    let (mut floors, mut products) = (Vec::new(), Vec::new());
    for turn in 0..runs {
        if turn % 2 == 0 {
            floors.push(floor()?);
            products.push(ours()?);
        } else {
            products.push(ours()?);
            floors.push(floor()?);
        }
    }
    Ok((Sample::new(floors), Sample::new(products)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_quantiles_are_of_the_sorted_runs() {
        let odd = Sample::new(vec![9.0, 1.0, 5.0]);
        assert_eq!((odd.min(), odd.median(), odd.max()), (1.0, 5.0, 9.0));
        assert_eq!(Sample::new(vec![4.0, 1.0]).median(), 2.5);
        let hundred = Sample::new((1..=100).rev().map(f64::from).collect());
        assert_eq!(hundred.quantile(0.99), 99.0);
        assert_eq!(hundred.quantile(0.5), 50.0);
        assert_eq!(odd.quantile(0.99), 9.0);
    }

    #[test]
    fn each_side_runs_as_often_and_goes_first_in_turn() {
        let order = std::cell::RefCell::new(String::new());
        let note = |letter| {
            order.borrow_mut().push(letter);
            Ok(1.0)
        };
        in_turns(3, || note('f'), || note('o')).unwrap();
        assert_eq!(order.into_inner(), "fooffo");
    }
}
