//! What can go wrong: opening a file, using it, querying it.

use std::{io, path::PathBuf};

use dunlin_model::InvalidInput;
use rusqlite::ErrorCode;
use thiserror::Error;

/// A node's directory or one of its files cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory holds no node.
    #[error("{} is not a node's directory", path.display())]
    NotANode {
        /// The directory.
        path: PathBuf,
    },
    /// The directory holds a node, and a new one was asked for.
    #[error("{} holds a node already", path.display())]
    AlreadyANode {
        /// The directory.
        path: PathBuf,
    },
    /// Another process has the directory open.
    #[error("another process has {} open", path.display())]
    AlreadyOpen {
        /// The directory.
        path: PathBuf,
    },
    /// This process has the directory open.
    #[error("this process has {} open", path.display())]
    OpenHere {
        /// The directory.
        path: PathBuf,
        /// Whether what has it open is about to let go of it.
        is_ending: bool,
    },
    /// A newer program wrote the file; it is left as it was.
    #[error("{} has schema {found}, this program knows up to {supported}", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The version that it has.
        found: i64,
        /// The newest version that this program can read.
        supported: i64,
    },
    /// The file is damaged, or something else altogether.
    #[error("{} is damaged: {detail}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The disk is full.
    #[error("no space is left to open {}", path.display())]
    StorageFull {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot open {}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else that SQLite reported.
    #[error("cannot open {}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl OpenError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotANode { .. } => "make one with `dunlin init`, or give another directory",
            Self::AlreadyANode { .. } => "use it as it is, or give another directory",
            Self::AlreadyOpen { .. } => "close the other process, or talk to it",
            Self::OpenHere { is_ending: true, .. } => "try again: it is being closed",
            Self::OpenHere { is_ending: false, .. } => {
                "share the node that is open, or shut it down before"
            }
            Self::NewerSchema { .. } => "update this program",
            Self::Corrupt { .. } => {
                "restore a backup, or join again as a new node: peers hand back what they have"
            }
            Self::StorageFull { .. } => "free some space, then try again",
            Self::Io { .. } | Self::Sqlite { .. } => {
                "check the path, its owner and its permissions"
            }
        }
    }

    /// Whether the same call may succeed later without a change to the program or the files.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::AlreadyOpen { .. }
                | Self::OpenHere { is_ending: true, .. }
                | Self::StorageFull { .. }
        )
    }

    pub(crate) fn io(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::StorageFull { path },
            _ => Self::Io { path, source },
        }
    }

    pub(crate) fn sqlite(path: impl Into<PathBuf>, source: rusqlite::Error) -> Self {
        let path = path.into();
        match Failure::of(&source) {
            Failure::Full => Self::StorageFull { path },
            Failure::Corrupt => Self::Corrupt { path, detail: source.to_string() },
            Failure::Interrupted | Failure::Other => Self::Sqlite { path, source },
        }
    }
}

/// A store that was open could not do what it was asked; what was acknowledged before stays.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk, or the limit that the host set, is full: nothing of the transaction was kept,
    /// reads go on, and writing goes on once there is space.
    #[error("no space is left to write")]
    StorageFull,
    /// The file is damaged.
    #[error("the store is damaged: {detail}")]
    Corrupt {
        /// What is wrong with it.
        detail: String,
    },
    /// The caller handed over something that cannot be stored.
    #[error(transparent)]
    Invalid(#[from] InvalidInput),
    /// There is no such thing.
    #[error("there is no {what}")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// A bound of the store is reached.
    #[error("{reason}")]
    LimitExceeded {
        /// Which bound.
        reason: String,
    },
    /// The writer was interrupted, and the transaction rolled back.
    #[error("the write was interrupted")]
    Interrupted,
    /// A failure ended the transaction while its closure went on.
    #[error("the transaction has been rolled back")]
    RolledBack,
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Anything else that SQLite reported.
    #[error("{0}")]
    Sqlite(#[source] rusqlite::Error),
}

impl StoreError {
    /// What to do about it.
    pub fn remedy(&self) -> &str {
        match self {
            Self::StorageFull => "free some space, then try again",
            Self::Corrupt { .. } => {
                "restore a backup, or join again as a new node: peers hand back what they have"
            }
            Self::Invalid(invalid) => &invalid.remedy,
            Self::NotFound { .. } => "check the name",
            Self::LimitExceeded { .. } => "use fewer",
            Self::Interrupted | Self::RolledBack => "try again",
            Self::Io(_) | Self::Sqlite(_) => "try again; if it stays, report it",
        }
    }

    /// Whether the disk is full.
    pub fn is_storage_full(&self) -> bool {
        matches!(self, Self::StorageFull)
    }

    /// Whether the file is damaged.
    pub fn is_corrupt(&self) -> bool {
        matches!(self, Self::Corrupt { .. })
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::StorageFull | Self::Interrupted | Self::RolledBack)
    }

    pub(crate) fn corrupt(detail: impl Into<String>) -> Self {
        Self::Corrupt { detail: detail.into() }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(source: rusqlite::Error) -> Self {
        match Failure::of(&source) {
            Failure::Full => Self::StorageFull,
            Failure::Corrupt => Self::Corrupt { detail: source.to_string() },
            Failure::Interrupted => Self::Interrupted,
            Failure::Other => Self::Sqlite(source),
        }
    }
}

/// What a failure of SQLite means for whoever has to act on it.
pub(crate) enum Failure {
    Full,
    Corrupt,
    Interrupted,
    Other,
}

impl Failure {
    pub(crate) fn of(error: &rusqlite::Error) -> Self {
        let Some(failure) = error.sqlite_error() else { return Self::Other };
        match failure.code {
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::OperationInterrupted => Self::Interrupted,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt,
            // The shared-memory file beside the log cannot grow: what a full disk looks like to
            // the first writer after opening.
            _ if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => Self::Full,
            _ => Self::Other,
        }
    }
}
