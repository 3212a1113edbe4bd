//! The real binary, as a person, a script or a cron job meets it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod demo;
mod documents;
mod feed;
mod lossless;
mod node;
mod quarantine;
mod refusals;
mod socket;
mod sync;
mod transaction;
mod usage;
