//! What can go wrong with a document, sorted by whose fault it is.

use thiserror::Error;

/// The caller handed over something that no document can hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct InvalidInput {
    /// What is wrong, naming the thing.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

impl InvalidInput {
    /// Says what is wrong and what to do.
    pub fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: remedy.into() }
    }
}
