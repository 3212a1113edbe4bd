//! What an engine is told to do, and what it answers.

use dunlin_model::{
    ConflictId, Decision, DeviceId, DeviceKind, DocId, DocKey, Edit, ListKeys, Value, Version,
};
use dunlin_proto::session::{DocUpdate, Outcome};

use super::{Engine, Together, job::Job};
use crate::error::Result;

/// Answers a command; runs on the engine, after the commit.
pub(crate) type Reply<T> = Box<dyn FnOnce(Result<T>) + Send>;

/// One command of the engine's queue.
pub(crate) enum Command {
    /// Local writes: join a group commit.
    Write(Write),
    /// Updates from a peer: join a group commit.
    Apply(Apply),
    /// What a turn writes: joins a group commit, and stands or falls whole.
    Together(Together),
    /// What is left of one of these after its slice.
    Job(Job),
    /// Anything else: runs alone, after everything before it has been committed.
    Call(Box<dyn FnOnce(&mut Engine) + Send>),
    /// Checkpoints, closes the file and ends the engine.
    Stop(Reply<()>),
}

impl Command {
    /// Work that can share a transaction; none for the rest.
    pub(super) fn into_job(self) -> Option<Job> {
        match self {
            Self::Write(write) => Some(write.into()),
            Self::Apply(apply) => Some(apply.into()),
            Self::Together(unit) => Some(unit.into()),
            Self::Job(job) => Some(job),
            Self::Call(_) | Self::Stop(_) => None,
        }
    }
}

/// A batch of local writes; each stands or falls alone.
pub(crate) struct Write {
    pub(crate) orders: Vec<Order>,
    pub(crate) reply: Reply<Vec<Result<Committed>>>,
}

/// One local write.
pub(crate) struct Order {
    pub(crate) doc: DocId,
    pub(crate) operation: Operation,
}

/// What to do with a document.
#[derive(Clone)]
pub(crate) enum Operation {
    Insert(Value),
    Merge { patch: Value, base: Option<Version>, list_keys: ListKeys },
    Replace { new: Value, base: Option<Version>, list_keys: ListKeys },
    Edit { edits: Vec<Edit>, base: Option<Version> },
    Save { stored: Value, read: Value, new: Value, base: Option<Version>, list_keys: ListKeys },
    Delete { base: Option<Version> },
    Restore,
    Settle { conflict: ConflictId, decision: Decision, base: Version },
    Refound,
}

impl Operation {
    /// What its caller had read.
    pub(super) fn base(&self) -> Option<&Version> {
        match self {
            Self::Merge { base, .. }
            | Self::Replace { base, .. }
            | Self::Edit { base, .. }
            | Self::Save { base, .. }
            | Self::Delete { base } => base.as_ref(),
            Self::Settle { base, .. } => Some(base),
            Self::Insert(_) | Self::Restore | Self::Refound => None,
        }
    }

    pub(super) fn base_mut(&mut self) -> Option<&mut Version> {
        match self {
            Self::Merge { base, .. }
            | Self::Replace { base, .. }
            | Self::Edit { base, .. }
            | Self::Save { base, .. }
            | Self::Delete { base } => base.as_mut(),
            Self::Settle { base, .. } => Some(base),
            Self::Insert(_) | Self::Restore | Self::Refound => None,
        }
    }
}

/// A write that is on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// The document's id.
    pub id: DocKey,
    /// The commit's place in the change feed; the document's last one if nothing changed.
    pub seq: i64,
    /// The document as this write left it: the base for the caller's next edit.
    pub version: Version,
    /// The paths that changed; empty if the document was like that already.
    pub paths: Vec<String>,
}

/// Updates that one peer handed over.
pub(crate) struct Apply {
    pub(crate) from: Origin,
    pub(crate) updates: Vec<DocUpdate>,
    /// Whether the peer has just committed them; otherwise they are part of a catch-up, at the end
    /// of which all digests are asked for.
    pub(crate) is_live: bool,
    /// Whether they were committed as one there, and are to be here: all or none.
    pub(crate) is_unit: bool,
    pub(crate) reply: Reply<Vec<(DocId, Outcome)>>,
}

/// Who handed something over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The connection, which is not told again what it said.
    pub(crate) link: u64,
    pub(crate) device: DeviceId,
    pub(crate) kind: DeviceKind,
}
