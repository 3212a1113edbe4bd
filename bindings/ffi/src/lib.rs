//! The surface through which Kotlin and Swift call Dunlin.
//!
//! The invariant: **no logic**. Each function converts what it was given, calls the crate
//! [`dunlin`], and converts the answer; what needs a test of behaviour belongs there. Apps never
//! see this layer: they use the hand-written libraries over it.
//!
//! - Every async function awaits a task of the library's own runtime and nothing else, so that a
//!   foreign caller who gives up never leaves work half done.
//! - Data is pulled: a subscription is a handle with `next`, which waits, and `stop`, which makes
//!   `next` answer none.
//! - Documents, rows and parameters cross as JSON text; see `docs/adr/0006`.
//! - One error, [`DunlinError`], with the codes that all languages share. A panic becomes its
//!   `Internal`.

mod address;
mod cancellation;
mod collection;
mod config;
mod counted;
mod device;
mod discovery;
mod document;
mod error;
mod feed;
mod followed;
mod json;
mod links;
mod log;
mod node;
mod peers;
mod presence;
mod pull;
mod query;
mod runtime;
mod sealer;
mod space;
mod status;
mod turn;

pub use self::{
    cancellation::Cancellation,
    collection::Collection,
    config::{Config, Durability, SyncConfig},
    counted::live_objects,
    device::{Device, DeviceKind},
    discovery::{DiscoveredPeers, Discovery},
    document::{
        Author, Committed, Conflict, Document, Evidence, Listed, Patch, PutOutcome, Side, Text,
    },
    error::{DunlinError, ErrorCode},
    feed::{ChangeFeed, Event, Origin},
    followed::{DocumentState, FollowedDocument},
    links::{LinkInbox, PacketLink},
    log::{LogLevel, LogSink, set_log_sink},
    node::{Node, SyncOutcome},
    peers::{PeerState, PeerStatus, PeerWatch},
    presence::{Presence, PresenceWatch},
    query::{LiveQuery, Placed, Plan, QueryChange, Relocated, Rows},
    sealer::{KeySealer, SealError},
    space::{Invitation, Member, Role, Space},
    status::{FullDocument, Large, Refusal, SpaceStatus, Status, StatusWatch},
    turn::{Transaction, Turn},
};

uniffi::setup_scaffolding!();
