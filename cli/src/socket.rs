//! The local socket: commands reach a node that another process runs.
//!
//! One connection is one command. The node says who it is, the client sends one line with the
//! command, and then, for a command that is fed, its input until the end. The node answers with
//! lines; the last one carries the exit code. A client that closes cancels its command.

mod address;
mod client;
mod server;

use serde::{Deserialize, Serialize};

pub(crate) use self::{client::Client, server::Server};
use crate::{args::NodeCommand, failure::Problem};

/// Raised when the lines change: client and node may be different releases.
const PROTOCOL: u32 = 1;

/// What a client asks for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) json: bool,
    pub(crate) command: NodeCommand,
}

/// What the node answers, one a line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Response {
    /// Always first.
    Node { protocol: u32, release: String },
    /// For standard output.
    Line(String),
    /// For standard error.
    Problem(Problem),
    /// Flush, then send one byte.
    Deliver,
    /// Always last.
    Exit(u8),
}
