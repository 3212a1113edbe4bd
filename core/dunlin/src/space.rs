//! A space: its collections, queries, change feed and members.

mod inner;
mod presence;

use std::{future::Future, sync::Arc, time::Duration};

use dunlin_model::{Collection, DeviceId, DeviceKind, DocId, SpaceId};
use dunlin_proto::trust::{Role, Ticket};
use dunlin_store::{IndexPath, Listed, Listing, Plan, Quarantined, Rows};
use serde_json::Value as Json;

pub(crate) use self::inner::{Names, SpaceInner};
pub use self::presence::{Presence, PresenceWatch};
use crate::{
    collection::CollectionHandle,
    engine::Engine,
    error::{Error, Result},
    feed::ChangeFeed,
    live::{LiveQuery, Question},
    node::Core,
    transaction::{Transaction, Turn},
};

/// A set of documents that this device shares with others. Cheap to clone.
#[derive(Clone)]
pub struct Space {
    inner: Arc<SpaceInner>,
    core: Arc<Core>,
}

/// A device that belongs to a space.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// The device.
    pub device: DeviceId,
    /// What it calls itself.
    pub name: String,
    /// What acts through it.
    pub kind: DeviceKind,
    /// What it may do.
    pub role: Role,
    /// When it was given that role, by the clock of whoever gave it; milliseconds since 1970.
    pub since_ms: i64,
}

/// What an invitation allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invitation {
    /// The role of whoever joins with it.
    pub role: Role,
    /// How many devices it admits.
    pub uses: u32,
    /// How long it is good for; without an end if none.
    pub expires_in: Option<Duration>,
}

impl Default for Invitation {
    /// One writer, without an end.
    fn default() -> Self {
        Self { role: Role::Writer, uses: 1, expires_in: None }
    }
}

impl Space {
    pub(crate) fn new(inner: Arc<SpaceInner>, core: Arc<Core>) -> Self {
        Self { inner, core }
    }

    /// The space's id.
    pub fn id(&self) -> SpaceId {
        self.inner.id
    }

    /// The name that all members see.
    pub fn name(&self) -> String {
        self.inner.names().name
    }

    /// This device's own name for it, if it was given one.
    pub fn alias(&self) -> Option<String> {
        self.inner.names().alias
    }

    /// What this device may do here.
    pub fn role(&self) -> Option<Role> {
        self.inner.roster().role(self.core.device.id)
    }

    /// Opens a collection by name; it comes into being with its first document.
    ///
    /// # Errors
    /// `InvalidInput` for a name that does not match `[a-z][a-z0-9_]{0,62}`.
    pub fn collection(&self, name: &str) -> Result<CollectionHandle> {
        Ok(CollectionHandle::new(self.inner.clone(), name.parse()?))
    }

    /// The collections that there are.
    ///
    /// # Errors
    /// `Closed` after shutdown.
    pub async fn collections(&self) -> Result<Vec<Collection>> {
        self.inner.engine().call(|engine| Ok(engine.store.collections())).await
    }

    /// Documents in which something lost against a concurrent write and nobody has settled it, and
    /// deleted ones that somebody wrote without having seen that: of all collections or of one, at
    /// most 1,000, those behind `after`.
    ///
    /// # Errors
    /// `InvalidInput` for a name that no collection can have, `NotFound` where there is no document
    /// `after`, `Closed` after shutdown.
    pub async fn contested(
        &self,
        collection: Option<&str>,
        after: Option<&DocId>,
    ) -> Result<Vec<Listed>> {
        self.list(Listing::Contested, collection, after).await
    }

    /// Documents that are deleted, in the order in which they came into being: of all collections or
    /// of one, at most 1,000, those behind `after`.
    ///
    /// # Errors
    /// As [`contested`](Self::contested).
    pub async fn deleted(
        &self,
        collection: Option<&str>,
        after: Option<&DocId>,
    ) -> Result<Vec<Listed>> {
        self.list(Listing::Deleted, collection, after).await
    }

    async fn list(
        &self,
        listing: Listing,
        collection: Option<&str>,
        after: Option<&DocId>,
    ) -> Result<Vec<Listed>> {
        let collection = collection.map(str::parse::<Collection>).transpose()?;
        self.inner.engine().list(listing, collection, after.cloned()).await
    }

    /// Runs a query. Each collection is a view with the columns `id`, `doc` (JSON) and
    /// `has_conflicts`; JSON functions work on `doc`.
    ///
    /// # Errors
    /// `InvalidInput` for SQL that does not parse, writes or reads anything but collections;
    /// `LimitExceeded` over 10,000 rows, 8 MiB or the time limit.
    pub async fn query(&self, sql: &str, parameters: &[Json]) -> Result<Rows> {
        self.inner.engine().query(sql, parameters).await
    }

    /// Reads and writes several documents, all or nothing: in one commit, and in one batch of the
    /// change feed. What others on this device write meanwhile is not lost: the closure reads one
    /// moment, and runs again, five times at most, where something that it has read has changed.
    ///
    /// Transactions and updates on one space take turns, so do what takes time before or after: a run
    /// of 2 seconds loses its turn. The closure must be fit to run several times. Peers that are
    /// connected see all of it at once, where it is at most 256 KiB and 1,000 writes; otherwise, and
    /// when they fetch it later, document by document.
    ///
    /// ```
    /// # use dunlin::{Config, DeviceKind, Error, ListKeys, Node, Value};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
    /// # let dir = tempfile::tempdir()?;
    /// # let node = Node::create(dir.path(), "barn", DeviceKind::Human, Config::default()).await?;
    /// # let space = node.create_space("farm").await?;
    /// let boxes = space.collection("boxes")?;
    /// let (full, empty) = ("full".parse()?, "empty".parse()?);
    /// boxes.put(&full, Value::from_json(&json!({"eggs": 6}))?).await?;
    /// boxes.put(&empty, Value::from_json(&json!({"eggs": 0}))?).await?;
    /// space
    ///     .transaction(|tx| {
    ///         let (boxes, full, empty) = (&boxes, &full, &empty);
    ///         async move {
    ///             for (id, more) in [(full, -1), (empty, 1)] {
    ///                 let read = tx.get(boxes, id).await?;
    ///                 let eggs = read.to_json()["eggs"].as_i64().unwrap_or_default() + more;
    ///                 let new = Value::from_json(&json!({ "eggs": eggs }))?;
    ///                 tx.save(boxes, &read, new, ListKeys::default())?;
    ///             }
    ///             Ok::<_, Error>(())
    ///         }
    ///     })
    ///     .await?;
    /// assert_eq!(boxes.get(&empty).await?.to_json(), json!({"eggs": 1}));
    /// # node.shutdown().await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// What the closure returns, and then nothing is written. What refused a write, with the
    /// document's name. `Busy` (try again) after 2 seconds in one run, or if others kept writing;
    /// `InvalidInput` inside another transaction or update on this space; `Denied`, `StorageFull`,
    /// `Suspended`, `Closed`.
    pub async fn transaction<T, E, F, Fut>(&self, change: F) -> Result<T, E>
    where
        F: FnMut(Transaction) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        Ok(self.inner.transact(change).await?.0)
    }

    /// Waits for its turn to read, change and write: a transaction in single steps. `inside` says in
    /// whose turns the caller is, by [`turn_name`](Self::turn_name): inside one on this space, another
    /// one would wait for itself.
    ///
    /// # Errors
    /// `InvalidInput` inside a turn on this space; `Suspended`, `Closed`.
    pub async fn turn(&self, inside: &[u64]) -> Result<Turn> {
        Turn::begin(self.inner.engine().clone(), inside).await
    }

    /// What turns on this space of this node are called, as nothing else in this process is.
    pub fn turn_name(&self) -> u64 {
        self.inner.engine().turns().name()
    }

    /// Tells how a query would be carried out, with a warning for each whole collection read.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn explain_query(&self, sql: &str) -> Result<Plan> {
        let sql = sql.to_owned();
        self.inner.engine().read(move |reader| Ok(reader.explain(&sql)?)).await
    }

    /// Follows a query: a snapshot first, then what changed. Where it has more rows than
    /// [`query`](Self::query) allows, it gives the first ones and says so.
    pub fn watch(&self, sql: &str, parameters: &[Json]) -> LiveQuery {
        LiveQuery::new(self.inner.engine(), Question::new(sql, parameters, usize::MAX))
    }

    /// Makes queries by `json_extract(doc, PATH)` fast, where `path` is such as `$.due`; false if
    /// there is such an index already.
    ///
    /// # Errors
    /// `InvalidInput` for a path that SQLite does not know, `LimitExceeded`, `StorageFull`.
    pub async fn create_index(&self, collection: &str, path: &str) -> Result<bool> {
        let collection = collection.parse::<Collection>()?;
        let path = path.parse::<IndexPath>()?;
        self.inner
            .engine()
            .call(move |engine| {
                Ok(engine.store.write(|writer| writer.create_index(&collection, &path))?)
            })
            .await
    }

    /// Follows the change feed as a named consumer, from where it last acknowledged; a new one is
    /// told of every document that is there.
    ///
    /// # Errors
    /// `InvalidInput` for an improper name, `LimitExceeded` for too many consumers.
    pub async fn changes(&self, consumer: &str) -> Result<ChangeFeed> {
        let name = consumer.to_owned();
        let after = self
            .inner
            .engine()
            .call(move |engine| Ok(engine.store.write(|writer| writer.add_consumer(&name))?))
            .await?;
        Ok(ChangeFeed::new(self.inner.engine().clone(), Some(consumer.to_owned()), after))
    }

    /// Follows the change feed without a name, after this sequence number or from now on.
    pub fn changes_after(&self, seq: Option<i64>) -> ChangeFeed {
        let engine = self.inner.engine();
        let after = seq.unwrap_or_else(|| engine.outlets().heads().borrow().seq);
        ChangeFeed::new(engine.clone(), None, after)
    }

    /// Acknowledges changes for a named consumer.
    ///
    /// # Errors
    /// `NotFound` for a name that never followed the feed, `InvalidInput` for a number that no
    /// change has.
    pub async fn acknowledge(&self, consumer: &str, seq: i64) -> Result<()> {
        self.inner.engine().acknowledge(consumer.to_owned(), seq).await
    }

    /// Limits the size of the space's file, so that a host can give it a budget; none lifts the
    /// limit, which lasts until the node is closed. A write that would go over it fails as if the
    /// disk were full.
    ///
    /// # Errors
    /// `Closed` after shutdown.
    pub async fn limit_size(&self, max_bytes: Option<u64>) -> Result<()> {
        let limit = move |engine: &mut Engine| Ok(engine.store.set_max_bytes(max_bytes)?);
        self.inner.engine().call(limit).await
    }

    /// What peers sent that no honest one sends, and was refused: the latest of it, oldest first.
    /// It is kept for whoever looks into it, and nothing reads it.
    ///
    /// # Errors
    /// `Closed` after shutdown.
    pub async fn quarantined(&self) -> Result<Vec<Quarantined>> {
        self.inner.engine().call(|engine| Ok(engine.store.quarantined()?)).await
    }

    /// Forgets all that is in quarantine; returns how many refused updates that were.
    ///
    /// # Errors
    /// `StorageFull`; `Closed` after shutdown.
    pub async fn empty_quarantine(&self) -> Result<u64> {
        let empty =
            |engine: &mut Engine| Ok(engine.store.write(|writer| writer.empty_quarantine())?);
        self.inner.engine().call(empty).await
    }

    /// Tells the connected members what this device is about at the moment, such as where its
    /// cursor is or what an agent works on: any JSON of at most 4 KiB, in the place of what it
    /// said before. It reaches members that connect later too, but is not passed on by them, and
    /// is gone after `ttl`, at most an hour, unless it is said again.
    ///
    /// # Errors
    /// `LimitExceeded` for what is too long, `InvalidInput` for a time that cannot be;
    /// `Suspended`; `Closed` after shutdown.
    pub fn set_presence(&self, state: &Json, ttl: Duration) -> Result<()> {
        self.inner.engine().check_running()?;
        let announcement = self.inner.presence().say(state, ttl)?;
        self.inner.engine().outlets().announce_presence(Some(&announcement));
        Ok(())
    }

    /// Takes back what this device said with [`set_presence`](Self::set_presence), if it did.
    ///
    /// # Errors
    /// `Suspended`; `Closed` after shutdown.
    pub fn clear_presence(&self) -> Result<()> {
        self.inner.engine().check_running()?;
        self.inner.presence().unsay();
        self.inner.engine().outlets().announce_presence(None);
        Ok(())
    }

    /// What other devices said of themselves and still holds, by device.
    pub fn presence(&self) -> Vec<Presence> {
        self.inner.present()
    }

    /// Follows what other devices are about.
    pub fn watch_presence(&self) -> PresenceWatch {
        PresenceWatch::new(self.inner.clone())
    }

    /// The devices that belong to the space, as far as this device has heard.
    pub fn members(&self) -> Vec<Member> {
        self.inner.members()
    }

    /// Makes a ticket: whoever holds it can join, offline, and any member admits it.
    ///
    /// # Errors
    /// `Denied` unless this device administers the space; `InvalidInput` for zero uses.
    pub async fn invite(&self, invitation: &Invitation) -> Result<Ticket> {
        self.core.invite(&self.inner, invitation).await
    }
}
