//! How a command ends when it does not end well.

use std::io;

use dunlin::{Code, Error, InvalidInput};
use serde::{Deserialize, Serialize};

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The node refused, or something around it.
    Refused(Error),
    /// What went wrong has been printed already.
    Reported,
    /// Nobody reads the output any more, as in `dunlin watch … | head`.
    OutputClosed,
}

impl Failure {
    /// The caller handed over something that cannot be used.
    pub(crate) fn invalid(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Refused(Error::new(Code::InvalidInput, reason, remedy))
    }

    /// The node went away while a command was waiting for it.
    pub(crate) fn node_stopped() -> Self {
        Self::Refused(Error::new(
            Code::Closed,
            "the process that runs the node has stopped",
            "run the command again; a write may have happened or not, and is safe to repeat by id",
        ))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<InvalidInput> for Failure {
    fn from(error: InvalidInput) -> Self {
        Self::Refused(error.into())
    }
}

/// An error of writing to standard output or to a client.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::NotConnected => Self::OutputClosed,
            io::ErrorKind::StorageFull => Self::Refused(Error::new(
                Code::StorageFull,
                "the output cannot be written: no space is left",
                "free some space, then try again",
            )),
            _ => Self::Refused(Error::new(
                Code::Internal,
                format!("the output cannot be written: {error}"),
                "check where the output goes",
            )),
        }
    }
}

/// A refusal as it is printed and as it crosses the socket.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Problem {
    pub(crate) code: String,
    pub(crate) reason: String,
    pub(crate) remedy: String,
    pub(crate) retryable: bool,
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code().to_string(),
            reason: error.reason().to_owned(),
            remedy: error.remedy().to_owned(),
            retryable: error.is_retryable(),
        }
    }
}

impl Problem {
    /// Writes it to standard error: one JSON object on a line, or two lines for a person.
    pub(crate) fn print(&self, json: bool) {
        match serde_json::to_string(self) {
            Ok(line) if json => eprintln!("{line}"),
            _ => eprintln!("error: {} ({})\nremedy: {}", self.reason, self.code, self.remedy),
        }
    }
}
