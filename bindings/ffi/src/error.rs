//! The one error of the surface, and the one mapping to it.

use std::{any::Any, fmt};

use dunlin::{Code, Error};
use tokio::task::JoinError;

/// The result of every call that can be refused.
pub(crate) type Result<T, E = DunlinError> = std::result::Result<T, E>;

/// A refusal: what kind it is, what is wrong and what to do about it.
#[derive(Clone, Debug, PartialEq, uniffi::Error)]
pub enum DunlinError {
    /// Something was refused; nothing has changed.
    Refused {
        /// What kind of refusal it is.
        code: ErrorCode,
        /// What is wrong, naming the thing.
        reason: String,
        /// What to do about it.
        remedy: String,
        /// Whether the same call can succeed later.
        is_retryable: bool,
    },
}

/// What kind of refusal a [`DunlinError`] is; the same list in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ErrorCode {
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
    /// The node's directory is open: in another process, which may end (`is_retryable`), or in this
    /// one, whose node is to be shared.
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

impl From<Error> for DunlinError {
    fn from(error: Error) -> Self {
        Self::Refused {
            code: error.code().into(),
            reason: error.reason().to_owned(),
            remedy: error.remedy().to_owned(),
            is_retryable: error.is_retryable(),
        }
    }
}

impl From<dunlin::InvalidInput> for DunlinError {
    fn from(error: dunlin::InvalidInput) -> Self {
        Error::from(error).into()
    }
}

impl From<dunlin::TicketError> for DunlinError {
    fn from(error: dunlin::TicketError) -> Self {
        Error::from(error).into()
    }
}

impl From<dunlin::link::InboxError> for DunlinError {
    fn from(error: dunlin::link::InboxError) -> Self {
        Error::from(error).into()
    }
}

/// A foreign implementation threw something else than this error, or could not be called.
impl From<uniffi::UnexpectedUniFFICallbackError> for DunlinError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        let remedy = "mend what the app gave to Dunlin to call";
        Error::new(Code::Internal, error.reason, remedy).into()
    }
}

impl From<Code> for ErrorCode {
    fn from(code: Code) -> Self {
        match code {
            Code::InvalidInput => Self::InvalidInput,
            Code::NotFound => Self::NotFound,
            Code::AlreadyExists => Self::AlreadyExists,
            Code::WrongKind => Self::WrongKind,
            Code::Unplaceable => Self::Unplaceable,
            Code::StaleVersion => Self::StaleVersion,
            Code::Busy => Self::Busy,
            Code::Denied => Self::Denied,
            Code::Expired => Self::Expired,
            Code::KeyUnavailable => Self::KeyUnavailable,
            Code::KeyLost => Self::KeyLost,
            Code::LimitExceeded => Self::LimitExceeded,
            Code::AlreadyOpen => Self::AlreadyOpen,
            Code::Suspended => Self::Suspended,
            Code::Closed => Self::Closed,
            Code::StorageFull => Self::StorageFull,
            Code::Corrupt => Self::Corrupt,
            Code::NewerSchema => Self::NewerSchema,
            Code::Network => Self::Network,
            // A code that the core has and this surface does not: its test fails then.
            _ => Self::Internal,
        }
    }
}

impl DunlinError {
    /// A bug in Dunlin, in words.
    pub(crate) fn internal(reason: impl Into<String>) -> Self {
        let remedy = "this is a bug in Dunlin: report it with the log";
        Error::new(Code::Internal, reason, remedy).into()
    }

    /// What a task that ended without an answer comes down to.
    pub(crate) fn task_ended(error: JoinError) -> Self {
        match error.try_into_panic() {
            Ok(payload) => Self::panicked(payload.as_ref()),
            Err(_) => Self::internal("the library's runtime has ended"),
        }
    }

    /// What a panic comes down to.
    pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Self {
        let said = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self::internal(format!("panicked: {}", said.unwrap_or("without a word")))
    }
}

impl fmt::Display for DunlinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Refused { code, reason, .. } = self;
        write!(f, "{code:?}: {reason}")
    }
}

impl std::error::Error for DunlinError {}

#[cfg(test)]
mod tests {
    use super::*;

    const CODES: [Code; 20] = [
        Code::InvalidInput,
        Code::NotFound,
        Code::AlreadyExists,
        Code::WrongKind,
        Code::Unplaceable,
        Code::StaleVersion,
        Code::Busy,
        Code::Denied,
        Code::Expired,
        Code::KeyUnavailable,
        Code::KeyLost,
        Code::LimitExceeded,
        Code::AlreadyOpen,
        Code::Suspended,
        Code::Closed,
        Code::StorageFull,
        Code::Corrupt,
        Code::NewerSchema,
        Code::Network,
        Code::Internal,
    ];

    #[test]
    fn every_code_keeps_its_name_and_whether_a_retry_helps() {
        for code in CODES {
            let crossed = DunlinError::from(Error::new(code, "why", "what to do"));
            let DunlinError::Refused { code: named, reason, remedy, is_retryable } = crossed;
            assert_eq!(format!("{named:?}"), code.as_str());
            assert_eq!((reason.as_str(), remedy.as_str()), ("why", "what to do"));
            assert_eq!(is_retryable, code.is_retryable());
            let lasting = DunlinError::from(Error::new(code, "why", "what to do").for_good());
            assert!(matches!(lasting, DunlinError::Refused { is_retryable: false, .. }));
        }
    }
}
