//! A deterministic packet network in memory, for simulations on tokio's paused clock.
//!
//! Sockets of a [`Network`] carry QUIC packets like UDP would: late, out of order, twice, or not
//! at all, as its [`Conditions`] and a seed decide. Time is tokio's alone. On one
//! `current_thread` runtime with `start_paused`, and with [`Config::rng_seed`](crate::Config) set
//! on the endpoints, one seed gives one sequence of packets; code under simulation must not
//! decide anything by threads, hash order or `select!` without `biased`.
//!
//! ```
//! # use std::time::Duration;
//! use dunlin_net::memory::{Conditions, Network};
//!
//! let network = Network::new(42);
//! network.set_conditions(Conditions {
//!     loss: 0.1,
//!     delay: Duration::from_millis(20),
//!     jitter: Duration::from_millis(10),
//!     ..Conditions::default()
//! });
//! let [a, b, c] = [1, 2, 3].map(|host| std::net::IpAddr::from([10, 0, 0, host]));
//! network.partition(&[&[a], &[b, c]]);
//! assert!(!network.is_connected(a, b));
//! network.heal();
//! assert!(network.is_connected(a, b));
//! ```

mod network;
mod random;
mod socket;

pub use network::{Conditions, Network, Statistics};
pub(crate) use socket::AlwaysWritable;
pub use socket::Socket;
