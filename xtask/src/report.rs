//! What a run of several steps says while it works and at its end.

use std::time::{Duration, Instant};

use crate::failure::Failure;

/// Steps that ran, how long each took, and what was left out.
#[derive(Default)]
pub(crate) struct Report {
    steps: Vec<(&'static str, Duration, bool)>,
    skipped: Vec<String>,
}

impl Report {
    /// Runs one step between two lines that name it.
    pub(crate) fn step<T>(
        &mut self,
        name: &'static str,
        run: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        println!("\n==> {name}");
        let start = Instant::now();
        let result = run();
        let time = start.elapsed();
        let verdict = if result.is_ok() { "done" } else { "FAILED" };
        println!("==> {name}: {verdict} in {}", seconds(time));
        self.steps.push((name, time, result.is_ok()));
        result
    }

    /// Remembers something that was not run, and why.
    pub(crate) fn skip(&mut self, what: impl IntoIterator<Item = String>) {
        self.skipped.extend(what);
    }

    /// The closing table.
    pub(crate) fn print(&self) {
        println!("\nSummary");
        for (name, time, ok) in &self.steps {
            println!("  {name:<22} {:>9}  {}", seconds(*time), if *ok { "ok" } else { "FAILED" });
        }
        let total = self.steps.iter().map(|(_, time, _)| *time).sum();
        println!("  {:<22} {:>9}", "all", seconds(total));
        if self.skipped.is_empty() {
            println!("Nothing was skipped.");
        }
        for skip in &self.skipped {
            println!("Skipped: {skip}");
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
