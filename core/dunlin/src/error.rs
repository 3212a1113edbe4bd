//! What a caller learns when something is refused: one code list for every language.

mod convert;

use std::{fmt, sync::Arc};

use dunlin_model::DocId;

/// What kind of refusal an [`Error`] is; the same list in every language.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Code {
    /// The caller handed over something that cannot be stored, parsed or asked.
    InvalidInput,
    /// The thing that was named does not exist.
    NotFound,
    /// What was to be made is there already: a document's id, a space's name, a node.
    AlreadyExists,
    /// The operation does not fit what is at that path.
    WrongKind,
    /// A model shows a document otherwise than it is stored, and nobody can tell where its change
    /// belongs.
    Unplaceable,
    /// The base of an edit is too old to be mapped forward; read again and retry.
    StaleVersion,
    /// Somebody else was at it; try again.
    Busy,
    /// This device's role does not allow it.
    Denied,
    /// A ticket is good for nothing any more: its time is over, or as many devices have joined with
    /// it as it admits.
    Expired,
    /// What seals the device's key cannot be had yet, for instance before a phone was first unlocked;
    /// nothing has changed.
    KeyUnavailable,
    /// What sealed the device's key is gone for good, and so is this device's identity.
    KeyLost,
    /// A documented size, count or time limit would be exceeded.
    LimitExceeded,
    /// The node's directory is open: in another process, which may end
    /// ([`Error::is_retryable`]), or in this one, whose node is to be shared.
    AlreadyOpen,
    /// The node is suspended; resume it and retry.
    Suspended,
    /// The node was shut down.
    Closed,
    /// The disk is full; what was acknowledged is intact.
    StorageFull,
    /// Stored bytes are damaged.
    Corrupt,
    /// The directory was written by a newer release.
    NewerSchema,
    /// The network refused: an address in use, nothing reachable.
    Network,
    /// A bug in Dunlin.
    Internal,
}

impl Code {
    /// The code's name as it is printed: `InvalidInput`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "InvalidInput",
            Self::NotFound => "NotFound",
            Self::AlreadyExists => "AlreadyExists",
            Self::WrongKind => "WrongKind",
            Self::Unplaceable => "Unplaceable",
            Self::StaleVersion => "StaleVersion",
            Self::Busy => "Busy",
            Self::Denied => "Denied",
            Self::Expired => "Expired",
            Self::KeyUnavailable => "KeyUnavailable",
            Self::KeyLost => "KeyLost",
            Self::LimitExceeded => "LimitExceeded",
            Self::AlreadyOpen => "AlreadyOpen",
            Self::Suspended => "Suspended",
            Self::Closed => "Closed",
            Self::StorageFull => "StorageFull",
            Self::Corrupt => "Corrupt",
            Self::NewerSchema => "NewerSchema",
            Self::Network => "Network",
            Self::Internal => "Internal",
        }
    }

    /// Whether, as a rule, the same call can succeed later without the caller changing it for another
    /// one; [`Error::is_retryable`] tells of the case at hand.
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::StaleVersion
                | Self::Busy
                | Self::KeyUnavailable
                | Self::AlreadyOpen
                | Self::Suspended
                | Self::StorageFull
                | Self::Network
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal: its code, what is wrong and what to do about it.
///
/// Cloning is cheap enough to hand one failed commit to every caller that waited for it.
#[derive(Clone)]
pub struct Error {
    code: Code,
    reason: String,
    remedy: String,
    is_retryable: bool,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// The result of every call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes a refusal out of its parts.
    pub fn new(code: Code, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (reason, remedy) = (reason.into(), remedy.into());
        Self { code, reason, remedy, is_retryable: code.is_retryable(), source: None }
    }

    /// Notes that the same call will not succeed later, although its code is one of those that pass.
    pub fn for_good(mut self) -> Self {
        self.is_retryable = false;
        self
    }

    /// What kind of refusal it is.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// What is wrong, naming the thing.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What to do about it.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }

    /// Whether the same call can succeed later.
    pub const fn is_retryable(&self) -> bool {
        self.is_retryable
    }

    pub(crate) fn with_source(
        mut self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    pub(crate) fn invalid(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Code::InvalidInput, reason, remedy)
    }

    pub(crate) fn busy(why: &str) -> Self {
        let remedy = "try again, and do what takes time before the transaction or after it";
        Self::new(Code::Busy, format!("the transaction did not come to its end: {why}"), remedy)
    }

    /// What a transaction is told that reads on behind a change; it runs again.
    pub(crate) fn overtaken() -> Self {
        let reason = "what this transaction has read was changed meanwhile";
        Self::new(Code::Busy, reason, "let this error through: the transaction runs again")
    }

    /// A transaction inside another one would wait for itself.
    pub(crate) fn nested() -> Self {
        Self::invalid(
            "a transaction or update was begun inside another one on the same space",
            "read and write through the transaction that runs, or begin the other one after it",
        )
    }

    pub(crate) fn deleted(doc: &DocId) -> Self {
        let remedy = "restore it, or put a new document under the same id";
        Self::new(Code::NotFound, format!("{doc} was deleted"), remedy)
    }

    pub(crate) fn closed() -> Self {
        Self::new(Code::Closed, "the node was shut down", "open the node again")
    }

    pub(crate) fn suspended() -> Self {
        Self::new(Code::Suspended, "the node is suspended", "resume the node and try again")
    }

    pub(crate) fn internal(reason: impl Into<String>) -> Self {
        Self::new(Code::Internal, reason, "this is a bug in Dunlin: report it with the log")
    }

    pub(crate) fn denied(space: &str) -> Self {
        Self::new(
            Code::Denied,
            format!("this device may read the space {space:?} but not write to it"),
            "ask an administrator of the space for an invitation as writer",
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.reason)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.code)
            .field("reason", &self.reason)
            .field("remedy", &self.remedy)
            .field("is_retryable", &self.is_retryable)
            .field("source", &self.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        (self.code, self.is_retryable) == (other.code, other.is_retryable)
            && (&self.reason, &self.remedy) == (&other.reason, &other.remedy)
    }
}
