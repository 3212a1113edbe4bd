//! Two and three sessions wired in memory.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod hostile;
mod presence;
mod replica;
mod room;
mod schedules;
mod transfer;
mod units;
mod welcome;
mod world;
