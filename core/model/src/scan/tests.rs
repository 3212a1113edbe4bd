//! Tests of the scan, and the small language in which they write updates.

mod build;
mod convergence;
mod hostile;
mod rules_in_place;
mod rules_of_entries;
mod rules_on_the_wire;
