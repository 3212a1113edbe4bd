//! What goes into the store and comes out of it.

use dunlin_model::{DeviceId, DeviceKind, Digest, DocId};

/// A document's place in one space's file; means nothing elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DocRow(pub(crate) i64);

/// What the store knows of a document without reading it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Where it is.
    pub row: DocRow,
    /// Its generation.
    pub generation: u32,
    /// The sequence number of its last change; zero before the first.
    pub last_seq: i64,
    /// Whether it is deleted.
    pub deleted: bool,
    /// Whether its projection is older than its log.
    pub stale: bool,
    /// What has come since its snapshot.
    pub log: LogSize,
}

/// How much of a document is not in its snapshot yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LogSize {
    /// Updates.
    pub updates: u32,
    /// Their bytes.
    pub bytes: u64,
}

/// Which documents a list has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listing {
    /// Those in which something lost against a concurrent write and nobody has settled it; deleted
    /// ones that somebody wrote without having seen that.
    Contested,
    /// Those that are deleted.
    Deleted,
}

/// A document of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its name.
    pub doc: DocId,
    /// Whether it is deleted.
    pub is_deleted: bool,
    /// Whether something in it lost against a concurrent write, or came after its deletion.
    pub has_conflicts: bool,
}

/// Everything needed to rebuild a document: the snapshot, then the updates in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Its generation.
    pub generation: u32,
    /// The state up to some point, if there is one yet.
    pub snapshot: Option<Vec<u8>>,
    /// What came after it, oldest first.
    pub updates: Vec<Vec<u8>>,
    /// The sequence number of its last change.
    pub seq: i64,
}

/// One change of a document, as it is committed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit<'a> {
    /// What it adds to the document's log.
    pub update: &'a [u8],
    /// The document's row afterwards.
    pub projection: Projection,
    /// The entry of the change feed.
    pub change: Change,
    /// The document's digest afterwards; none if that is to be computed later.
    pub digest: Option<Digest>,
}

/// What queries see of a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Projection {
    /// Its content, or that it is to be rebuilt.
    pub state: ProjectionState,
    /// Whether it is deleted, and so not seen at all.
    pub deleted: bool,
    /// Whether a value lost against a concurrent one and nobody has settled it.
    pub has_conflicts: bool,
}

impl Projection {
    /// Whether queries see an older row until this one is rebuilt; of a deleted one they see none.
    pub(crate) fn is_stale(&self) -> bool {
        self.state == ProjectionState::Dirty && !self.deleted
    }

    /// Whether it is contested, if that is known.
    pub(crate) fn conflicts(&self) -> Option<bool> {
        (!self.is_stale()).then_some(self.has_conflicts)
    }

    /// The JSON that queries see, if any.
    pub(crate) fn shown(&self) -> Option<&str> {
        match &self.state {
            ProjectionState::Json(json) if !self.deleted => Some(json),
            _ => None,
        }
    }
}

/// A document's row for queries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProjectionState {
    /// Its plain JSON.
    Json(String),
    /// It costs too much to rebuild with every edit: queries keep the old row until
    /// [`Writer::set_projection`](crate::Writer::set_projection).
    Dirty,
}

/// A change as the change feed tells of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The paths that it touched, as JSON pointers.
    pub paths: Vec<String>,
    /// The device that made it, or that handed it over.
    pub device: DeviceId,
    /// What acts through that device.
    pub kind: DeviceKind,
    /// Whether it was made here.
    pub origin: Origin,
    /// When it was committed here, in milliseconds since 1970.
    pub time_ms: i64,
}

/// Where a change came from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Origin {
    /// Made on this device.
    Local,
    /// Received from a peer.
    Remote,
}

/// One entry of the change feed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeRow {
    /// Its sequence number in this file.
    pub seq: i64,
    /// The document.
    pub doc: DocId,
    /// What happened.
    pub change: Change,
}

/// A named reader of the change feed, whose position survives restart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Consumer {
    /// Its name.
    pub name: String,
    /// Everything up to this sequence number has been dealt with.
    pub acked: i64,
}

/// Bytes that a peer sent and that were refused.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Quarantined {
    /// Who sent them.
    pub peer: DeviceId,
    /// The document that they were for.
    pub document: String,
    /// Why they were refused.
    pub reason: String,
    /// How many there were.
    pub size: u64,
    /// The first of them.
    pub bytes: Vec<u8>,
    /// When they came, by this device's clock, in milliseconds since 1970.
    pub time_ms: i64,
}

/// What this device alone had of a document that another generation replaced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Journaled {
    /// The note's place in the journal.
    pub id: i64,
    /// Where, as a register's printed path.
    pub path: String,
    /// What was there, as tagged JSON; none if it had been removed.
    pub value: Option<String>,
    /// When it was written down, in milliseconds since 1970.
    pub time_ms: i64,
}
