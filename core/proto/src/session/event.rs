//! What goes into a session and what comes out of it.

use std::sync::Arc;

use dunlin_model::{DeviceId, Digest, DocHash, DocId, Fingerprint, NoRoom, SpaceId, StateVector};

use crate::{
    error::{CloseCode, RefuseCode},
    frame::KeptOut,
    trust::{Role, Roster},
};

/// What a session needs to know when a connection has been made.
#[derive(Clone, Debug)]
pub struct Config {
    /// This device.
    pub local: DeviceId,
    /// The device at the other end, as TLS proved it.
    pub peer: DeviceId,
    /// Whether this side opened the connection.
    pub dialer: bool,
    /// The TLS exporter of this connection, equal on both sides.
    pub exporter: [u8; 32],
    /// Fresh random bytes, for the padding of the hello.
    pub random: [u8; 32],
    /// The wall clock at the time of `Session::new`, in Unix milliseconds; judges expiry only.
    pub wall_clock_ms: i64,
    /// The spaces of this node.
    pub spaces: Vec<SpaceAccess>,
}

/// A space as one session sees it.
#[derive(Clone)]
pub struct SpaceAccess {
    /// Its members; the chain that this device presents is taken from here too.
    pub roster: Roster,
    /// Its secrets, the current one first: earlier ones stay recognisable.
    pub secrets: Vec<[u8; 32]>,
}

impl std::fmt::Debug for SpaceAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpaceAccess").field("space", &self.roster.space()).finish_non_exhaustive()
    }
}

/// Bytes of one document on their way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DocUpdate {
    /// The document.
    pub doc: DocId,
    /// The generation that the update belongs to.
    pub generation: u32,
    /// In a diff, what the side that made it holds; none in a live update.
    pub state_vector: Option<StateVector>,
    /// In a diff, the digest of the document that its maker holds; none in a live update, which
    /// need not be whole.
    pub digest: Option<Digest>,
    /// The update in yrs V1 encoding.
    pub update: Arc<[u8]>,
}

/// A document that the other side wants, with what it has of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Want {
    /// The document.
    pub document: DocHash,
    /// The generation it holds.
    pub generation: u32,
    /// What it holds of that generation; empty for nothing.
    pub state_vector: StateVector,
}

/// What this replica holds of a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// The document.
    pub document: DocHash,
    /// Its generation, 0 if the document is unknown.
    pub generation: u32,
    /// Its state vector, empty if the document is unknown.
    pub state_vector: StateVector,
}

/// What a device is about at the moment. It is stored nowhere and passed on to nobody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presence {
    /// For how long it holds, in milliseconds; at most
    /// [`MAX_PRESENCE_MS`](crate::limits::MAX_PRESENCE_MS).
    pub ttl_ms: u32,
    /// JSON text, not empty; at most
    /// [`MAX_PRESENCE_BYTES`](crate::limits::MAX_PRESENCE_BYTES). A peer's is not known to parse.
    pub state: Arc<str>,
}

/// How applying one update went.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// Committed, or known before.
    Applied {
        /// What the replica holds afterwards.
        state_vector: StateVector,
    },
    /// It builds on something that is not here.
    Gap {
        /// What the replica holds.
        state_vector: StateVector,
    },
    /// No honest peer sends this: the connection ends.
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// The document would outgrow a bound: it is set aside with this peer until it changes.
    NoRoom {
        /// Which bound.
        no_room: NoRoom,
        /// The digest of the document as it is here.
        here: Digest,
    },
    /// It contradicts what is here, by whose fault ever: the document was forked under one writer.
    Diverged,
    /// It belongs to an older generation than the one here, which is given instead.
    Stale,
    /// It could be applied, but what the peer committed together with it could not.
    Undone,
    /// It could not be stored here (no room, for instance); a later reconciliation tries again.
    Failed,
}

/// What the host must do.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Effect {
    /// Write this frame.
    Send(Vec<u8>),
    /// Both sides have recognised each other as members of the space.
    Opened {
        /// The space.
        space: SpaceId,
        /// The peer's role.
        peer_role: Role,
        /// Our role as the peer has it.
        our_role: Role,
    },
    /// Persist these statements, each after the one it rests on, then tell the other sessions.
    Statements {
        /// The space.
        space: SpaceId,
        /// The statements.
        statements: Vec<Arc<[u8]>>,
    },
    /// Answer with `handle_summary`.
    NeedSummary {
        /// The space.
        space: SpaceId,
    },
    /// Answer with `handle_items`.
    NeedItems {
        /// The space.
        space: SpaceId,
    },
    /// Answer with `handle_vectors`: one for each, in this order.
    NeedVectors {
        /// The space.
        space: SpaceId,
        /// The documents.
        documents: Vec<DocHash>,
    },
    /// Answer with `handle_diffs`: one for each, in this order, ending early once the updates
    /// exceed `budget` bytes; at least one. The rest will be asked for again.
    NeedDiffs {
        /// The space.
        space: SpaceId,
        /// The documents.
        wants: Vec<Want>,
        /// Bytes of updates after which the answer should end.
        budget: usize,
    },
    /// Apply and commit, then answer with `handle_applied`: one outcome for each, in this order.
    Apply {
        /// The space.
        space: SpaceId,
        /// The updates.
        updates: Vec<DocUpdate>,
        /// Whether the peer has just committed them, so that they are more urgent than a
        /// catch-up.
        live: bool,
        /// Whether the peer committed them as one: then all of them are to be applied, or none.
        unit: bool,
    },
    /// Everything that may flow between the two sides has flowed.
    InSync {
        /// The space.
        space: SpaceId,
        /// Whether the two sets of documents were equal. They are not where one side only reads
        /// and has changes of its own, or where documents diverged.
        equal: bool,
    },
    /// Documents that differ although both sides gave everything, or that one side cannot store.
    Diverged {
        /// The space.
        space: SpaceId,
        /// The documents.
        documents: Vec<DocHash>,
    },
    /// The documents that are set aside with this peer, since they do not fit here or there; takes
    /// the place of what was said before.
    SetAside {
        /// The space.
        space: SpaceId,
        /// The documents, by their hash.
        documents: Vec<SetAside>,
    },
    /// The peer did not take what this side handed over.
    Refused {
        /// The space.
        space: SpaceId,
        /// The documents; none if the peer refused this device.
        documents: Vec<DocHash>,
        /// Why.
        code: RefuseCode,
    },
    /// This side did not take what the peer handed over.
    Denied {
        /// The space.
        space: SpaceId,
        /// The documents; none if the peer itself was refused.
        documents: Vec<DocHash>,
        /// Why.
        code: RefuseCode,
    },
    /// The peer said what it is about at the moment.
    Presence {
        /// The space.
        space: SpaceId,
        /// What it said; none if it withdrew what it had said.
        presence: Option<Presence>,
    },
    /// Close the connection with this code. Nothing follows.
    Close {
        /// The code.
        code: CloseCode,
        /// What to log; never sent.
        reason: String,
    },
}

/// A document that is set aside with a peer: it differs, and what the other side has does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetAside {
    /// What does not fit.
    pub kept_out: KeptOut,
    /// Whether it does not fit here; else at the peer.
    pub by_us: bool,
}

/// How far a session is with one space.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpaceStatus {
    /// The peer's role, once it is known to be a member.
    pub peer_role: Option<Role>,
    /// Our role as the peer has it, once it said so.
    pub our_role: Option<Role>,
    /// Whether everything that may flow has flowed and nothing waits.
    pub settled: bool,
    /// Whether that is so and no document is set aside.
    pub in_sync: bool,
    /// Live updates that wait for the peer.
    pub queued: usize,
    /// Documents that wait for the peer as names only.
    pub dirty: usize,
}

/// The answer to `NeedSummary`.
pub type Summary = Fingerprint;
