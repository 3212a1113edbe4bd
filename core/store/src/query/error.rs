//! Why a query has no result.

use std::time::Duration;

use dunlin_model::Collection;
use thiserror::Error;

use crate::{error::StoreError, names::sql_name};

/// A query was refused, or stopped.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The SQL or its parameters are wrong.
    #[error("{reason}")]
    Invalid {
        /// What SQLite says.
        reason: String,
    },
    /// The space has no collection of that name yet.
    #[error("there is no collection {name:?} in this space")]
    UnknownCollection {
        /// The name in the query.
        name: String,
        /// The collection that would have it, if one can.
        collection: Option<Collection>,
        /// The collections that there are.
        known: Vec<Collection>,
    },
    /// The query would write, attach, or read what is not a document.
    #[error("a query may not {what}")]
    Forbidden {
        /// What it tried.
        what: String,
    },
    /// The result has more rows than allowed.
    #[error("the result has more than {rows} rows")]
    TooManyRows {
        /// The limit.
        rows: usize,
    },
    /// The result has more bytes than allowed.
    #[error("the result has more than {bytes} bytes")]
    TooManyBytes {
        /// The limit.
        bytes: usize,
    },
    /// The query took more steps than allowed.
    #[error("the query took more than {steps} steps")]
    TooManySteps {
        /// The limit.
        steps: u64,
    },
    /// The query took longer than allowed.
    #[error("the query took longer than {} ms", time.as_millis())]
    TooSlow {
        /// The limit.
        time: Duration,
    },
    /// The space has been closed.
    #[error("the space is closed")]
    Closed,
    /// The file could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl QueryError {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Invalid { .. } => {
                "write one SELECT over collections, with a parameter for each ? and with names such \
                 as \"order\" in double quotes"
                    .to_owned()
            }
            Self::UnknownCollection { known, .. } if known.is_empty() => {
                "the space has no collection yet: put a document first".to_owned()
            }
            Self::UnknownCollection { known, .. } => {
                let names: Vec<_> = known.iter().take(20).map(sql_name).collect();
                format!("use one of: {}", names.join(", "))
            }
            Self::Forbidden { .. } => {
                "select from collections only; change documents through the API".to_owned()
            }
            Self::TooManyRows { rows } => format!(
                "read it in pages: … WHERE id > ? ORDER BY id LIMIT {rows}, with the last id of \
                 the page before"
            ),
            Self::TooManyBytes { .. } => {
                "select fewer columns, or read it in pages: … WHERE id > ? ORDER BY id LIMIT n, \
                 with the last id of the page before"
                    .to_owned()
            }
            Self::TooManySteps { .. } | Self::TooSlow { .. } => {
                "narrow the query down, or create an index for what it compares".to_owned()
            }
            Self::Closed => "open the space again".to_owned(),
            Self::Store(error) => error.remedy().to_owned(),
        }
    }

    /// Whether other documents could mend it: a limit, or a value that a function does not take.
    pub(super) fn depends_on_documents(&self) -> bool {
        self.is_limit_exceeded() || matches!(self, Self::Invalid { .. })
    }

    /// Whether one of the [`Limits`](super::Limits) stopped it.
    pub fn is_limit_exceeded(&self) -> bool {
        matches!(
            self,
            Self::TooManyRows { .. }
                | Self::TooManyBytes { .. }
                | Self::TooManySteps { .. }
                | Self::TooSlow { .. }
        )
    }
}
