//! Who may do what in a space: signed statements, the roster they add up to, and tickets.
//!
//! A space begins with one statement by its own key, the root, which makes its creator an
//! administrator. Every further statement names the one that gives its issuer the right to make
//! it, so statements form chains down from the root and each can be judged by what stands above
//! it, in whatever order statements arrive. The set only grows.

mod error;
mod issue;
mod roster;
mod statement;
mod ticket;

pub use error::{AdmissionError, IssueError, StatementError, TicketError};
pub use issue::{Joined, create_space, device_of};
pub use roster::{Fork, Member, OverUse, Roster};
pub use statement::{Act, Link, Profile, Role, Statement, StatementHash};
pub use ticket::{Ticket, TicketContent};
