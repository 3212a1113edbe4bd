//! The network as the layers above see it: two or more endpoints and what happens between them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod common;
mod links;
mod loopback;
mod simulation;
mod strangers;
mod wire;
