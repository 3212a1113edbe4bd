//! Dunlin's sync protocol as a state machine: events in, effects out.
//!
//! The invariant: **what a peer hands over reaches a document only if that peer may write**, and
//! no bytes of a peer, whatever they are, make this crate panic or hold more memory than
//! [`limits`] allow. There is no I/O, clock or randomness here: time and random bytes are
//! arguments.
//!
//! - [`trust`]: signed statements, the roster of members that they add up to, tickets.
//! - [`frame`]: what the two sides of a connection say to each other.
//! - [`session`]: one connection as a state machine.
//! - [`error`]: what a peer did wrong, and why a connection ends.

pub mod error;
pub mod frame;
pub mod limits;
mod reconcile;
pub mod session;
pub mod trust;
mod wire;
