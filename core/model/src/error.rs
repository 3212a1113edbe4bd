//! What can go wrong with a document, sorted by whose fault it is.

use thiserror::Error;

use crate::path::Path;

/// The caller handed over something that no document can hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct InvalidInput {
    /// What is wrong, naming the thing.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
    /// Where in what was handed over, if it is about one place in it.
    pub(crate) at: Option<Path>,
}

impl InvalidInput {
    /// Says what is wrong and what to do.
    pub fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: remedy.into(), at: None }
    }

    /// Notes where it is.
    pub(crate) fn at(self, path: Path) -> Self {
        Self { at: Some(path), ..self }
    }

    /// Notes that what was handed over stands under this step of something larger.
    pub(crate) fn below(self, step: &str) -> Self {
        Self { at: self.at.map(|path| path.below(step)), ..self }
    }
}

/// Why an edit was refused; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EditError {
    /// The edit itself makes no sense here.
    #[error("{0}")]
    Invalid(#[from] InvalidInput),
    /// There is no such document, item or text.
    #[error("there is nothing at {path}")]
    NotFound {
        /// Where.
        path: String,
    },
    /// The document that was to be begun is there.
    #[error("the document exists")]
    AlreadyExists,
    /// Something of another kind is there.
    #[error("there is {found} at {path}, and this edit needs {needed}")]
    WrongKind {
        /// Where.
        path: String,
        /// The kind that is there.
        found: &'static str,
        /// The kind that the edit works on.
        needed: &'static str,
    },
    /// A model shows what is stored otherwise than it is stored, and nobody can tell which part of
    /// that its change means.
    #[error("the change at {path} has no place: {why}")]
    Unplaceable {
        /// Where in the model's encoding.
        path: String,
        /// Why not.
        why: &'static str,
    },
    /// Indices cannot be mapped from so old a version.
    #[error("the version is too old to map an index in {path}")]
    StaleVersion {
        /// Of which text or list.
        path: String,
    },
    /// What the caller decided about is not as it was read.
    #[error("{path} has been settled or changed since it was read")]
    Changed {
        /// Where, or what.
        path: String,
    },
    /// The document would grow over a bound.
    #[error("{what} would be over the limit of {limit}")]
    LimitExceeded {
        /// What would be too much.
        what: String,
        /// The bound.
        limit: u64,
    },
    /// A bug in Dunlin; the document must be loaded anew.
    #[error("internal error: {what}")]
    Internal {
        /// What went wrong.
        what: String,
    },
}

impl EditError {
    /// What the caller can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Invalid(invalid) => invalid.remedy.clone(),
            Self::NotFound { .. } => "read the document again; somebody may have removed it".into(),
            Self::AlreadyExists => "merge into it, or choose another id".into(),
            Self::WrongKind { .. } => "set another field, or set this one to a new value".into(),
            Self::Unplaceable { .. } => {
                "give the items a key, or change this by an edit with a path".into()
            }
            Self::StaleVersion { .. } => "read the document again and repeat the edit".into(),
            Self::Changed { .. } => {
                "read the document again and decide on what is there now".into()
            }
            Self::LimitExceeded { .. } => {
                "remove what is large, split the document, or re-found it".into()
            }
            Self::Internal { .. } => "repeat the edit; please report this".into(),
        }
    }
}
