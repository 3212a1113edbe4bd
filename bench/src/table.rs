//! The table of targets, a line an outcome.

use serde_json::{Value, json};

use crate::measure::Sample;

/// What a target asks of the product's median.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bar {
    /// At most so many times the floor's median.
    Times(f64),
    /// At most so much more than the floor's median.
    Over(f64),
    /// At most so much, in the outcome's unit.
    AtMost(f64),
}

impl Bar {
    fn holds(self, floor: Option<f64>, ours: f64) -> bool {
        match (self, floor) {
            (Self::Times(times), Some(floor)) => ours <= floor * times,
            (Self::Over(more), Some(floor)) => ours <= floor + more,
            (Self::AtMost(most), _) => ours <= most,
            (Self::Times(_) | Self::Over(_), None) => false,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Times(times) => format!("≤ {times}×"),
            Self::Over(more) => format!("≤ +{}", figure(more)),
            Self::AtMost(most) => format!("≤ {}", figure(most)),
        }
    }
}

/// One measured target.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The row of the table of targets.
    pub(crate) row: u32,
    /// What was measured.
    pub(crate) what: String,
    /// Of all figures.
    pub(crate) unit: &'static str,
    /// None where the target is an absolute one with nothing beside it.
    pub(crate) floor: Option<Sample>,
    pub(crate) ours: Sample,
    pub(crate) must: Bar,
    pub(crate) goal: Bar,
}

/// The table's head.
pub(crate) const HEAD: &str = "\
 row  what                                            unit    floor (min–max)                ours (min–max)                 ratio   must      goal      verdict
 ---  ----------------------------------------------  ------  -----------------------------  -----------------------------  ------  --------  --------  -------";

impl Outcome {
    /// `goal`, `must` or `MISS`.
    fn verdict(&self) -> &'static str {
        let (floor, ours) = (self.floor.as_ref().map(Sample::median), self.ours.median());
        match (self.goal.holds(floor, ours), self.must.holds(floor, ours)) {
            (true, true) => "goal",
            (false, true) => "must",
            _ => "MISS",
        }
    }

    fn ratio(&self) -> Option<f64> {
        let floor = self.floor.as_ref()?.median();
        (floor > 0.0).then(|| self.ours.median() / floor)
    }

    /// One line of the table.
    pub(crate) fn line(&self) -> String {
        format!(
            "{:>4}  {:<46}  {:<6}  {:<29}  {:<29}  {:>6}  {:<8}  {:<8}  {}",
            self.row,
            self.what,
            self.unit,
            self.floor.as_ref().map_or_else(|| "–".to_owned(), spread),
            spread(&self.ours),
            self.ratio().map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}×")),
            self.must.text(),
            self.goal.text(),
            self.verdict(),
        )
    }

    /// The same with every run.
    pub(crate) fn json(&self) -> Value {
        json!({
            "row": self.row,
            "what": self.what,
            "unit": self.unit,
            "floor": self.floor.as_ref().map(sample),
            "ours": sample(&self.ours),
            "ratio": self.ratio(),
            "must": self.must.text(),
            "goal": self.goal.text(),
            "verdict": self.verdict(),
        })
    }
}

fn sample(sample: &Sample) -> Value {
    json!({
        "median": sample.median(),
        "min": sample.min(),
        "max": sample.max(),
        "runs": sample.runs(),
    })
}

fn spread(sample: &Sample) -> String {
    if sample.runs().len() == 1 {
        return figure(sample.median());
    }
    let [median, min, max] = [sample.median(), sample.min(), sample.max()].map(figure);
    format!("{median} ({min}–{max})")
}

/// Three digits that count, or all of a whole number.
fn figure(figure: f64) -> String {
    match figure.abs() {
        0.0 => "0".to_owned(),
        size if size < 10.0 => format!("{figure:.2}"),
        size if size < 100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(floor: Option<f64>, ours: f64, must: Bar, goal: Bar) -> Outcome {
        let floor = floor.map(Sample::exact);
        let (what, ours) = ("a thing".to_owned(), Sample::exact(ours));
        Outcome { row: 1, what, unit: "µs", floor, ours, must, goal }
    }

    #[test]
    fn verdict_compares_medians_with_each_kind_of_bar() {
        let times = |ours| outcome(Some(10.0), ours, Bar::Times(1.5), Bar::Times(1.1)).verdict();
        assert_eq!([times(11.0), times(15.0), times(15.1)], ["goal", "must", "MISS"]);
        let over = |ours| outcome(Some(10.0), ours, Bar::Over(50.0), Bar::Over(10.0)).verdict();
        assert_eq!([over(20.0), over(60.0), over(60.1)], ["goal", "must", "MISS"]);
        let most = |ours| outcome(None, ours, Bar::AtMost(6.0), Bar::AtMost(2.0)).verdict();
        assert_eq!([most(2.0), most(6.0), most(7.0)], ["goal", "must", "MISS"]);
    }

    #[test]
    fn a_ratio_without_a_floor_is_a_miss_and_never_a_pass() {
        assert_eq!(outcome(None, 1.0, Bar::Times(9.0), Bar::Times(9.0)).verdict(), "MISS");
    }

    #[test]
    fn line_and_json_say_the_same() {
        let outcome = outcome(Some(10.0), 12.0, Bar::Times(1.5), Bar::Times(1.1));
        assert!(outcome.line().contains("1.20×") && outcome.line().ends_with("must"));
        assert_eq!(outcome.json()["ratio"], 1.2);
        assert_eq!(outcome.json()["verdict"], "must");
    }
}
