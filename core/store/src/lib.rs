//! The store: one SQLite file for the device, one for each space.
//!
//! **Invariant: durable before visible.** An update, the row that queries see of it, its entry in
//! the change feed and the mark that its digest is out of date are committed in one transaction;
//! a call that returned has all four on disk, a call that failed has none.
//!
//! The store is synchronous and starts no thread. It has one writer a file and keeps updates,
//! statements and join material as bytes that it does not read.
//!
//! ```
//! use dunlin_model::{DeviceId, DeviceKind, DocId};
//! use dunlin_store::{
//!     Change, Commit, Durability, Limits, Origin, Projection, ProjectionState, SpaceStore, StoreError,
//! };
//!
//! # let directory = tempfile::tempdir()?;
//! let mut space = SpaceStore::open(&directory.path().join("space.sqlite"), Durability::Flushed)?;
//! let doc = DocId::parse("tasks", "1")?;
//! let seq = space.write(|writer| {
//!     let projection = Projection {
//!         state: ProjectionState::Json(r#"{"title":"Count waders"}"#.to_owned()),
//!         deleted: false,
//!         has_conflicts: false,
//!     };
//!     let change = Change {
//!         paths: vec!["/title".to_owned()],
//!         device: DeviceId([7; 32]),
//!         kind: DeviceKind::Human,
//!         origin: Origin::Local,
//!         time_ms: 1_700_000_000_000,
//!     };
//!     let commit = Commit { update: b"the update", projection, change, digest: None };
//!     Ok::<_, StoreError>(writer.create(&doc, 0, commit)?.1)
//! })?;
//! assert_eq!(space.changes(0, 10)?[0].seq, seq);
//!
//! let found = space.reader().query(
//!     "SELECT json_extract(doc, '$.title') FROM tasks WHERE id = ?",
//!     &["1".into()],
//!     &Limits::default(),
//! )?;
//! assert_eq!(found.rows[0][0], "Count waders");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod files;
mod names;
mod node_dir;
mod query;
mod schema;
mod space;
mod sqlite;
mod types;

pub use error::{OpenError, StoreError};
pub use names::sql_name;
pub use node_dir::{Device, KnownPeer, NodeDir, Seed, SpaceRow};
pub use query::{Beyond, Failed, Limits, Plan, QueryError, Reader, Row, Rows, Run};
pub use space::{
    IndexPath, Interrupter, KEPT, MAX_COLLECTIONS, MAX_GONE_NOTED, MAX_NOTES, MAX_QUARANTINED,
    MAX_QUARANTINED_BYTES, SpaceStore, Writer,
};
pub use sqlite::Durability;
pub use types::{
    Change, ChangeRow, Commit, Consumer, DocRow, Head, Journaled, Listed, Listing, LogSize, Origin,
    Projection, ProjectionState, Quarantined, Stored,
};
