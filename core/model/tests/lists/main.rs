//! Whole arrays handed over: their items keep their identity.
//!
//! Random saves of two and three devices, merged by real documents, are compared with a model that
//! knows who is who. `DUNLIN_RUNS` sets how many; otherwise a few hundred.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../support/mod.rs"]
mod support;

mod cost;
mod examples;
mod model;
mod people;
mod saves;
mod versions;
