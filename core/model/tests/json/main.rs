//! What comes in as JSON text goes out the same, or is refused.

#![allow(clippy::unwrap_used, reason = "tests")]

mod lossless;
mod places;
mod suite;
