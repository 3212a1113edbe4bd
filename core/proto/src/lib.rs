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
//!
//! A device joins offline, and any member that it meets admits it:
//!
//! ```
//! use dunlin_model::DeviceKind;
//! use dunlin_proto::trust::{Profile, Role, Ticket, create_space, device_of};
//!
//! let profile = |name: &str| Profile { name: name.to_owned(), kind: DeviceKind::Human };
//! let (anna, ben) = ([1; 32], [2; 32]); // 32 random bytes each, as all seeds here
//! let now = 1_790_000_000_000;
//!
//! let mut roster = create_space(&[3; 32], "field work", device_of(&anna), &profile("Anna"), now)?;
//! let (invitation, _) = roster.invite(&anna, &[4; 32], Role::Writer, 1, None, now)?;
//! let line = Ticket::new(&roster, invitation, &[4; 32], &[5; 32], vec![])?.to_string();
//!
//! let ticket: Ticket = line.parse()?;
//! let joined = ticket.join(&ben, &profile("Ben"), now)?;
//!
//! let chain = joined.roster.chain(device_of(&ben));
//! roster.admit(&chain, device_of(&ben), now)?;
//! assert_eq!(roster.role(device_of(&ben)), Some(Role::Writer));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod error;
pub mod frame;
pub mod limits;
mod reconcile;
pub mod session;
pub mod trust;
mod wire;
