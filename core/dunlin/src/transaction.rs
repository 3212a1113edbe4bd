//! Read, change, write: several documents at once, isolated from what others do here meanwhile.
//!
//! On one space transactions take turns, first come first served. One reads a single moment; where
//! something that it read has changed when it wants to commit, it runs again on what is there. From
//! the third run on peers wait with what was read, from the fifth this device's other writes too, so
//! that the fifth is the last. Other devices are not isolated from: what they do at the same time
//! is merged, and sums across devices are counters.

mod staged;
mod turn;

use std::{future::Future, sync::Arc};

use dunlin_model::{DocKey, Edit, ListKeys, Value, Version};
use dunlin_store::Rows;
use serde_json::Value as Json;

use self::staged::Staged;
pub use self::turn::Turn;
use crate::{
    collection::CollectionHandle,
    document::Document,
    engine::{Attempt, Committed, EngineHandle, Operation, Run},
    error::{Code, Error, Result},
    space::SpaceInner,
};

pub use self::staged::{MAX_TRANSACTION_BYTES, MAX_TRANSACTION_DOCUMENTS, MAX_TRANSACTION_WRITES};

tokio::task_local! {
    /// The spaces in whose transactions this task is.
    static INSIDE: Vec<u64>;
}

/// One run of a transaction: what it reads, and what it means to write. Cheap to clone.
///
/// Nothing is written before the closure has come to its end, so writing only notes what is meant;
/// what is refused is refused at the commit, with the document's name, and then nothing is written.
/// At most 1,000 documents, 4,000 writes and 8 MiB of JSON.
#[derive(Clone)]
pub struct Transaction(Arc<Inner>);

struct Inner {
    engine: EngineHandle,
    run: Run,
    staged: Staged,
}

impl Transaction {
    fn new(engine: EngineHandle, run: Run) -> Self {
        Self(Arc::new(Inner { engine, run, staged: Staged::default() }))
    }

    /// Reads a document as it is behind what this transaction has written to it so far.
    ///
    /// # Errors
    /// `NotFound` if there is none, or it is deleted; `Busy` if something that was read before has
    /// changed (let it through: the transaction runs again) or its turn is over; `LimitExceeded`
    /// over 1,000 documents; `InvalidInput` for a collection of another space.
    pub async fn get(&self, collection: &CollectionHandle, id: &DocKey) -> Result<Document> {
        let document = self.inspect(collection, id).await?;
        if document.is_deleted { Err(Error::deleted(&collection.doc(id))) } else { Ok(document) }
    }

    /// [`get`](Self::get) that returns none where there is no document, or it is deleted.
    ///
    /// # Errors
    /// As [`get`](Self::get), apart from `NotFound`.
    pub async fn find(
        &self,
        collection: &CollectionHandle,
        id: &DocKey,
    ) -> Result<Option<Document>> {
        match self.get(collection, id).await {
            Err(error) if error.code() == Code::NotFound => Ok(None),
            found => found.map(Some),
        }
    }

    /// Reads a document even if it is deleted.
    ///
    /// # Errors
    /// As [`get`](Self::get); `NotFound` if it never existed.
    pub async fn inspect(&self, collection: &CollectionHandle, id: &DocKey) -> Result<Document> {
        self.check_space(collection)?;
        let doc = collection.doc(id);
        self.0.staged.note_read(&doc)?;
        let orders = self.0.staged.orders_of(&doc);
        let engine = &self.0.engine;
        engine.told_why(engine.read_in_turn(self.0.run, doc, orders).await)
    }

    /// Runs a query as [`Space::query`](crate::Space::query) does. It sees what is committed, not
    /// what this transaction has written; the collections that it reads count as read.
    ///
    /// # Errors
    /// As [`Space::query`](crate::Space::query), and `Busy` as [`get`](Self::get).
    pub async fn query(&self, sql: &str, parameters: &[Json]) -> Result<Rows> {
        let engine = &self.0.engine;
        engine.told_why(engine.query_in_turn(self.0.run, sql, parameters).await)
    }

    /// Creates a document under this id, as
    /// [`insert_with_id`](CollectionHandle::insert_with_id) does.
    ///
    /// # Errors
    /// `LimitExceeded` beyond the bounds of a transaction; `InvalidInput` for a collection of
    /// another space. The same goes for all that write.
    pub fn insert(&self, collection: &CollectionHandle, id: &DocKey, value: Value) -> Result<()> {
        self.stage(collection, id, Operation::Insert(value))
    }

    /// Merges a patch into a document or creates it, as
    /// [`put_based`](CollectionHandle::put_based) does.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn put(
        &self,
        collection: &CollectionHandle,
        id: &DocKey,
        patch: Value,
        base: Option<Version>,
        list_keys: ListKeys,
    ) -> Result<()> {
        self.stage(collection, id, Operation::Merge { patch, base, list_keys })
    }

    /// Makes a document this, or creates it, as
    /// [`replace_based`](CollectionHandle::replace_based) does.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn replace(
        &self,
        collection: &CollectionHandle,
        id: &DocKey,
        value: Value,
        base: Option<Version>,
        list_keys: ListKeys,
    ) -> Result<()> {
        self.stage(collection, id, Operation::Replace { new: value, base, list_keys })
    }

    /// Carries out edits in order, as [`edit`](CollectionHandle::edit) does.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn edit(
        &self,
        collection: &CollectionHandle,
        id: &DocKey,
        edits: Vec<Edit>,
        base: Option<Version>,
    ) -> Result<()> {
        self.stage(collection, id, Operation::Edit { edits, base })
    }

    /// Writes the difference between a document as it was read here and a changed copy of it.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn save(
        &self,
        collection: &CollectionHandle,
        read: &Document,
        new: Value,
        list_keys: ListKeys,
    ) -> Result<()> {
        self.save_model(collection, read, read.value.clone(), new, list_keys)
    }

    /// [`save`](Self::save) for typed models, as
    /// [`CollectionHandle::save_model`] does.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn save_model(
        &self,
        collection: &CollectionHandle,
        document: &Document,
        read: Value,
        new: Value,
        list_keys: ListKeys,
    ) -> Result<()> {
        let (stored, base) = (document.value.clone(), Some(document.version.clone()));
        let save = Operation::Save { stored, read, new, base, list_keys };
        self.stage(collection, &document.id, save)
    }

    /// Deletes a document.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn delete(&self, collection: &CollectionHandle, id: &DocKey) -> Result<()> {
        self.stage(collection, id, Operation::Delete { base: None })
    }

    /// Brings a deleted document back as it was.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn restore(&self, collection: &CollectionHandle, id: &DocKey) -> Result<()> {
        self.stage(collection, id, Operation::Restore)
    }

    fn stage(
        &self,
        collection: &CollectionHandle,
        id: &DocKey,
        operation: Operation,
    ) -> Result<()> {
        self.check_space(collection)?;
        self.0.staged.add(collection.doc(id), operation)
    }

    fn check_space(&self, collection: &CollectionHandle) -> Result<()> {
        if collection.turns_name() == self.0.engine.turns().name() {
            return Ok(());
        }
        Err(Error::invalid(
            format!("the collection {} is another space's", collection.name()),
            "use one transaction for each space",
        ))
    }
}

impl SpaceInner {
    /// Runs a closure in a turn until it could be committed; see
    /// [`Space::transaction`](crate::Space::transaction).
    pub(crate) async fn transact<T, E, F, Fut>(
        &self,
        mut change: F,
    ) -> Result<(T, Vec<Committed>), E>
    where
        F: FnMut(Transaction) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        let name = self.engine().turns().name();
        let mut inside = INSIDE.try_with(Clone::clone).unwrap_or_default();
        let turn = Turn::begin(self.engine().clone(), &inside).await?;
        inside.push(name);
        loop {
            let value = INSIDE.scope(inside.clone(), change(turn.transaction())).await;
            match (turn.again(), value) {
                (Ok(true), _) => {}
                (_, Err(error)) => return Err(error),
                (Err(busy), _) => return Err(busy.into()),
                (Ok(false), Ok(value)) => {
                    if let Attempt::Committed(committed) = turn.commit().await? {
                        return Ok((value, committed));
                    }
                }
            }
        }
    }
}
