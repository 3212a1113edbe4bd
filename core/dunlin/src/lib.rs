//! Dunlin: documents that live on the device and merge with those of its peers.
//!
//! The invariant: **durable before visible.** What a call returned, an observer saw or a peer was
//! sent is on this device's disk; what failed has changed nothing. Nobody in the middle decides
//! who was first: replicas that have exchanged everything hold the same documents.
//!
//! A [`Node`] is a device with its spaces. A [`Space`] is shared by its members; its documents
//! are JSON objects in collections, merged field by field, text by text, list item by list item.
//!
//! ```
//! use dunlin::{Config, DeviceKind, Node, Value};
//! use serde_json::json;
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
//! # let dir = tempfile::tempdir()?;
//! let node = Node::create(dir.path(), "barn", DeviceKind::Human, Config::default()).await?;
//! let tasks = node.create_space("farm").await?.collection("tasks")?;
//!
//! let id = "count-waders".parse()?;
//! tasks.put(&id, Value::from_json(&json!({"title": "Count waders", "done": false}))?).await?;
//! tasks.put(&id, Value::from_json(&json!({"done": true}))?).await?;
//! assert_eq!(tasks.get(&id).await?.to_json(), json!({"title": "Count waders", "done": true}));
//!
//! let done = "SELECT id FROM tasks WHERE json_extract(doc, '$.done')";
//! assert_eq!(node.space("farm")?.query(done, &[]).await?.rows, [[json!("count-waders")]]);
//! node.shutdown().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod collection;
mod config;
mod document;
mod engine;
mod error;
mod feed;
mod followed;
mod live;
mod lock;
mod node;
mod selection;
mod space;
mod sync;
mod transaction;

pub use dunlin_model::{
    Anchor, Author, Collection, Conflict, ConflictId, Decision, DeviceId, DeviceKind, Digest,
    DocId, DocKey, Edit, Evidence, Forms, InvalidInput, JsonText, Large, ListKeys, Measure, Path,
    Side, SpaceId, Value, Version, rfc3339,
};
pub use dunlin_net::{Carrier, link, memory};
pub use dunlin_proto::{
    error::RefuseCode,
    trust::{Role, Ticket, TicketContent, TicketError},
};
pub use dunlin_store::{Listed, Plan, Quarantined, Row, Rows};

#[cfg(feature = "sabotage")]
pub use self::config::Sabotage;
pub use self::{
    collection::CollectionHandle,
    config::{Clock, Config, Durability, Engines, Entropy, KeySealer, SealError, Sealer},
    document::{Document, Text},
    engine::{Attempt, Committed},
    error::{Code, Error, Result},
    feed::{ChangeFeed, Event, Origin},
    followed::{DocumentState, FollowedDocument},
    live::{Difference, LiveQuery, Placed, QueryChange, Relocated},
    node::{Device, Node, PeerWatch, StatusWatch, SyncOutcome},
    selection::Selection,
    space::{Invitation, Member, Presence, PresenceWatch, Space},
    sync::{
        DiscoveredPeers, FullDocument, PeerState, PeerStatus, PlatformDiscovery, Refusal,
        SpaceStatus, Status, SyncConfig,
    },
    transaction::{
        MAX_TRANSACTION_BYTES, MAX_TRANSACTION_DOCUMENTS, MAX_TRANSACTION_WRITES, Transaction, Turn,
    },
};
