//! The one mapping from each layer's errors to the codes that callers see.

use dunlin_model::{Collection, Corrupt, DocId, EditError, InvalidInput};
use dunlin_net::{
    BindError,
    link::{InboxError, LinkError},
};
use dunlin_proto::{
    error::RefuseCode,
    trust::{AdmissionError, IssueError, TicketError},
};
use dunlin_store::{OpenError, QueryError, StoreError};

use super::{Code, Error};

impl From<InvalidInput> for Error {
    fn from(error: InvalidInput) -> Self {
        Self::new(Code::InvalidInput, error.reason, error.remedy)
    }
}

impl From<EditError> for Error {
    fn from(error: EditError) -> Self {
        let code = match &error {
            EditError::Invalid(_) => Code::InvalidInput,
            EditError::NotFound { .. } => Code::NotFound,
            EditError::AlreadyExists => Code::AlreadyExists,
            EditError::WrongKind { .. } => Code::WrongKind,
            EditError::Unplaceable { .. } => Code::Unplaceable,
            EditError::StaleVersion { .. } | EditError::Changed { .. } => Code::StaleVersion,
            EditError::LimitExceeded { .. } => Code::LimitExceeded,
            _ => Code::Internal,
        };
        Self::new(code, error.to_string(), error.remedy()).with_source(error)
    }
}

impl Error {
    /// Names the document that a refusal is about.
    pub(crate) fn about(mut self, doc: &DocId) -> Self {
        self.reason = format!("{doc}: {}", self.reason);
        self
    }
}

impl From<Corrupt> for Error {
    fn from(error: Corrupt) -> Self {
        let remedy =
            "restore a backup, or join again as a new node: peers hand back what they have";
        Self::new(Code::Corrupt, error.to_string(), remedy).with_source(error)
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        let code = match &error {
            OpenError::NotANode { .. } => Code::NotFound,
            OpenError::AlreadyANode { .. } => Code::AlreadyExists,
            OpenError::AlreadyOpen { .. } | OpenError::OpenHere { .. } => Code::AlreadyOpen,
            OpenError::NewerSchema { .. } => Code::NewerSchema,
            OpenError::Corrupt { .. } => Code::Corrupt,
            OpenError::StorageFull { .. } => Code::StorageFull,
            OpenError::Io { .. } => Code::InvalidInput,
            _ => Code::Internal,
        };
        let refusal = Self::new(code, error.to_string(), error.remedy());
        let refusal = if error.is_retryable() { refusal } else { refusal.for_good() };
        refusal.with_source(error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::StorageFull => Code::StorageFull,
            StoreError::Corrupt { .. } => Code::Corrupt,
            StoreError::Invalid(_) => Code::InvalidInput,
            StoreError::NotFound { .. } => Code::NotFound,
            StoreError::LimitExceeded { .. } => Code::LimitExceeded,
            StoreError::Interrupted => Code::Suspended,
            _ => Code::Internal,
        };
        Self::new(code, error.to_string(), error.remedy().to_owned()).with_source(error)
    }
}

impl From<QueryError> for Error {
    fn from(error: QueryError) -> Self {
        let code = match &error {
            QueryError::UnknownCollection { .. } => Code::NotFound,
            QueryError::Forbidden { .. } => Code::Denied,
            QueryError::Closed => Code::Closed,
            limit if limit.is_limit_exceeded() => Code::LimitExceeded,
            QueryError::Store(_) => Code::Internal,
            _ => Code::InvalidInput,
        };
        match error {
            QueryError::Store(error) => error.into(),
            error => Self::new(code, error.to_string(), error.remedy()).with_source(error),
        }
    }
}

impl Error {
    /// The collection that a query named and the space does not have, if that was all.
    pub(crate) fn unknown_collection(&self) -> Option<Collection> {
        match self.source.as_deref()?.downcast_ref()? {
            QueryError::UnknownCollection { collection, .. } => collection.clone(),
            _ => None,
        }
    }
}

impl From<TicketError> for Error {
    fn from(error: TicketError) -> Self {
        let (code, remedy) = match &error {
            TicketError::Expired { .. } | TicketError::Chain(AdmissionError::Expired { .. }) => {
                (Code::Expired, "ask for a new ticket, and check this device's clock")
            }
            TicketError::Chain(AdmissionError::UsedUp { .. }) => {
                (Code::Expired, "ask for a new ticket")
            }
            TicketError::Version => {
                (Code::InvalidInput, "update this program, or ask for a ticket of this version")
            }
            _ => (
                Code::InvalidInput,
                "copy the whole line that `dunlin invite` printed, or ask for a new ticket",
            ),
        };
        Self::new(code, error.to_string(), remedy).with_source(error)
    }
}

/// What a peer's refusal comes down to.
impl From<RefuseCode> for Code {
    fn from(code: RefuseCode) -> Self {
        match code {
            RefuseCode::Expired | RefuseCode::UsedUp => Self::Expired,
            RefuseCode::RosterFull => Self::LimitExceeded,
            _ => Self::Denied,
        }
    }
}

impl From<IssueError> for Error {
    fn from(error: IssueError) -> Self {
        let (code, remedy) = match &error {
            IssueError::NotPermitted { .. } => {
                (Code::Denied, "ask an administrator of the space to do it")
            }
            IssueError::Name => (Code::InvalidInput, "choose another name"),
            IssueError::NoUses => (Code::InvalidInput, "give at least one use"),
            IssueError::Hints | IssueError::UnknownInvitation => {
                (Code::Internal, "this is a bug in Dunlin: report it with the log")
            }
            _ => (Code::LimitExceeded, "start a new space for further members"),
        };
        Self::new(code, error.to_string(), remedy).with_source(error)
    }
}

impl From<BindError> for Error {
    fn from(error: BindError) -> Self {
        let (code, remedy) = match &error {
            BindError::PortInUse(_) => {
                (Code::Network, "choose another port, or port 0 for any that is free")
            }
            BindError::NoSuchAddress(_) => {
                (Code::Network, "listen on an address of this host, or on [::] for all")
            }
            BindError::Denied(_) => (Code::Network, "choose a port from 1024"),
            BindError::NoCarrier => (Code::InvalidInput, "give the sync a link, or a UDP address"),
            BindError::Tls(_) | BindError::NoRuntime => {
                (Code::Internal, "this is a bug in Dunlin: report it with the log")
            }
            _ => (Code::Network, "check the address and the host's network"),
        };
        Self::new(code, error.to_string(), remedy).with_source(error)
    }
}

impl From<LinkError> for Error {
    fn from(error: LinkError) -> Self {
        let (code, remedy) = match &error {
            LinkError::PacketTooSmall(_) => {
                (Code::InvalidInput, "let the link split packets and put them together again")
            }
            LinkError::TooMany(_) => (Code::LimitExceeded, "let one link serve several peers"),
            LinkError::Failed(_) => (Code::Network, "see to the link, or start without it"),
            _ => (Code::Internal, "end other threads of this process"),
        };
        Self::new(code, error.to_string(), remedy).with_source(error)
    }
}

impl From<InboxError> for Error {
    fn from(error: InboxError) -> Self {
        let (code, remedy) = match &error {
            InboxError::PeerName(_) => (Code::InvalidInput, "call the peer by a shorter name"),
            InboxError::PacketLength(_) => {
                (Code::InvalidInput, "hand in packets as they were sent, one by one")
            }
            InboxError::TooManyPeers => (Code::LimitExceeded, "say which peers have vanished"),
            _ => (Code::Internal, "this is a bug in Dunlin: report it with the log"),
        };
        Self::new(code, error.to_string(), remedy).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_names_a_remedy() {
        let errors: Vec<Error> = vec![
            InvalidInput::new("a", "b").into(),
            EditError::StaleVersion { path: "/body".to_owned() }.into(),
            StoreError::StorageFull.into(),
            OpenError::AlreadyOpen { path: "x".into() }.into(),
            OpenError::OpenHere { path: "x".into(), is_ending: false }.into(),
            EditError::AlreadyExists.into(),
            QueryError::Forbidden { what: "write".to_owned() }.into(),
            TicketError::NotATicket.into(),
            IssueError::NoUses.into(),
            BindError::NoRuntime.into(),
            LinkError::PacketTooSmall(9).into(),
            InboxError::TooManyPeers.into(),
        ];
        for error in errors {
            assert!(!error.remedy().is_empty() && !error.reason().is_empty(), "{error:?}");
        }
    }

    #[test]
    fn a_full_disk_and_a_stale_base_are_worth_another_try() {
        assert!(Error::from(StoreError::StorageFull).is_retryable());
        assert!(Error::from(EditError::StaleVersion { path: String::new() }).is_retryable());
        assert!(!Error::from(InvalidInput::new("a", "b")).is_retryable());
    }

    #[test]
    fn a_directory_that_this_process_keeps_open_is_not_worth_another_try() {
        let here = |is_ending| Error::from(OpenError::OpenHere { path: "x".into(), is_ending });
        let elsewhere = Error::from(OpenError::AlreadyOpen { path: "x".into() });
        for (error, is_retryable) in [(here(false), false), (here(true), true), (elsewhere, true)] {
            assert_eq!((error.code(), error.is_retryable()), (Code::AlreadyOpen, is_retryable));
        }
        assert_ne!(here(false).remedy(), here(true).remedy());
    }

    #[test]
    fn a_ticket_that_is_over_is_told_apart_from_one_that_never_was() {
        let over = [
            TicketError::Expired { at_ms: 1 },
            TicketError::Chain(AdmissionError::Expired { at_ms: 1 }),
            TicketError::Chain(AdmissionError::UsedUp { uses: 1 }),
        ];
        for error in over {
            let error = Error::from(error);
            assert_eq!((error.code(), error.is_retryable()), (Code::Expired, false));
            assert!(error.remedy().contains("new ticket"));
        }
        assert_eq!(Error::from(TicketError::Altered).code(), Code::InvalidInput);
        assert_eq!(Code::from(RefuseCode::Expired), Code::Expired);
        assert_eq!(Code::from(RefuseCode::UsedUp), Code::Expired);
        assert_eq!(Code::from(RefuseCode::ReadOnly), Code::Denied);
        assert_eq!(Code::from(RefuseCode::RosterFull), Code::LimitExceeded);
    }
}
