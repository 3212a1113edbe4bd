//! What the schedules did, counted, so that a simulation that has stopped to exercise something
//! says so.

use std::{collections::BTreeMap, fmt};

/// The writes that every device must make in every schedule.
pub const OPERATIONS: [&str; 20] = [
    "set",
    "remove",
    "increment",
    "splice-insert",
    "splice-delete",
    "list-insert",
    "list-move",
    "list-delete-item",
    "put-new",
    "put-merge",
    "put-text",
    "put-number",
    "put-many",
    "transaction",
    "save",
    "insert",
    "delete",
    "restore",
    "edit-at-older-base",
    "edit-anything",
];

/// What must happen in every schedule beside writes.
pub const CERTAIN: [&str; 3] = ["partition", "edit-while-divided", "edit-while-another-is-down"];

/// What must happen somewhere in some hundred schedules.
pub const FAULTS: [&str; 27] = [
    "partition-cuts-connection",
    "shutdown",
    "suspend",
    "crash",
    "crash-with-write-under-way",
    "crash-with-transaction-under-way",
    "write-under-way-was-committed",
    "write-under-way-was-lost",
    "link-down",
    "edit-while-link-is-down",
    "packet-lost",
    "packet-duplicated",
    "packet-reordered",
    "packet-blocked",
    "heavy-loss",
    "rate-limit",
    "clock-skew-of-years",
    "clock-jump",
    "late-join",
    "line",
    "ring-or-tree",
    "everybody-with-everybody",
    "writes-share-a-commit",
    "stale-version",
    "conflict-at-the-end",
    "deleted-at-the-end",
    "signature-unseen-by-deletion",
];

/// Counts by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<&'static str, u64>);

impl Coverage {
    pub(super) fn count(&mut self, what: &'static str) {
        self.add(what, 1);
    }

    pub(super) fn add(&mut self, what: &'static str, times: u64) {
        debug_assert!(
            OPERATIONS.contains(&what) || CERTAIN.contains(&what) || FAULTS.contains(&what),
            "{what} is on no list"
        );
        if times > 0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    /// Adds the counts of another run.
    pub fn merge(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    /// How often this happened.
    pub fn times(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// What never happened.
    pub fn missing(&self, of: &[&'static str]) -> Vec<&'static str> {
        of.iter().copied().filter(|what| self.times(what) == 0).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for what in OPERATIONS.iter().chain(&CERTAIN).chain(&FAULTS) {
            writeln!(f, "{:>10}  {what}", self.times(what))?;
        }
        Ok(())
    }
}
