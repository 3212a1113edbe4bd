//! Why a task did not succeed.

use std::{fmt, process::ExitCode};

/// A task's failure, in words for the person who ran it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line was wrong.
    Usage(String),
    /// A check found something, or a program failed.
    Found(String),
}

impl Failure {
    /// A check found something.
    pub(crate) fn found(what: impl Into<String>) -> Self {
        Self::Found(what.into())
    }

    /// 2 for wrong usage, 1 for everything else.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Found(_) => ExitCode::from(1),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) | Self::Found(what) => f.write_str(what),
        }
    }
}
