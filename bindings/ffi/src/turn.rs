//! Turns: reading, changing and writing back, with the closure over there.

use std::{collections::HashMap, sync::Arc};

use dunlin::{Attempt, DocKey, Error, JsonText};

use crate::{
    collection::{Collection, list_keys, version},
    counted::Counted,
    document::{Committed, Document},
    error::Result,
    json,
    query::Rows,
    runtime::{call, run},
};

/// A turn on a space: nobody else's transaction runs there until it is over.
#[derive(uniffi::Object)]
pub struct Turn(Arc<dunlin::Turn>, Counted);

/// One run of a turn: what it reads, and what it means to write. Writing only notes what is meant;
/// what is refused is refused at the commit, with the document's name, and then nothing is written.
#[derive(uniffi::Object)]
pub struct Transaction(dunlin::Transaction, Counted);

impl Turn {
    pub(crate) fn shared(turn: dunlin::Turn) -> Arc<Self> {
        Arc::new(Self(Arc::new(turn), Counted::new()))
    }
}

#[uniffi::export]
impl Turn {
    /// The present run.
    pub fn transaction(&self) -> Arc<Transaction> {
        Arc::new(Transaction(self.0.transaction(), Counted::new()))
    }

    /// Whether something that the run has read has changed since; then another run has begun, and the
    /// closure is to be called again whatever it said.
    ///
    /// Refuses with `Busy` after the fifth run, and where the turn is over.
    pub fn again(&self) -> Result<bool> {
        call(|| Ok(self.0.again()?))
    }

    /// Commits what the run means to write, all of it or nothing; after that the turn is over. None
    /// where something that was read has changed: another run has begun then.
    ///
    /// Refuses with what refused one of the writes; `Busy` after the fifth run, and where the turn is
    /// over; `Denied`, `StorageFull`.
    pub async fn commit(&self) -> Result<Option<Vec<Committed>>> {
        let turn = self.0.clone();
        run(async move {
            Ok::<_, Error>(match turn.commit().await? {
                Attempt::Committed(all) => Some(all.into_iter().map(Committed::from).collect()),
                Attempt::Again => None,
            })
        })
        .await
    }

    /// Ends the turn at once; nothing is written.
    pub fn give_back(&self) {
        self.0.give_back();
    }
}

#[uniffi::export]
impl Transaction {
    /// Reads a document as it is behind what was written to it in this run.
    ///
    /// Refuses with `NotFound` if there is none, or it is deleted; `Busy` where what was read before
    /// has changed, and where the turn is over; `LimitExceeded` over 1,000 documents.
    pub async fn get(&self, collection: Arc<Collection>, id: String) -> Result<Document> {
        let transaction = self.0.clone();
        run(async move {
            let read = transaction.get(collection.handle(), &id.parse::<DocKey>()?).await?;
            Ok::<_, Error>(read.into())
        })
        .await
    }

    /// Reads a document even if it is deleted.
    ///
    /// Refuses as `get` does.
    pub async fn inspect(&self, collection: Arc<Collection>, id: String) -> Result<Document> {
        let transaction = self.0.clone();
        run(async move {
            let read = transaction.inspect(collection.handle(), &id.parse::<DocKey>()?).await?;
            Ok::<_, Error>(read.into())
        })
        .await
    }

    /// Runs a query on what is committed; `parameters` is a JSON array.
    ///
    /// Refuses as a space's `query` does, and with `Busy` as `get`.
    pub async fn query(&self, sql: String, parameters: String) -> Result<Rows> {
        let transaction = self.0.clone();
        run(async move {
            let parameters = json::parameters(&parameters)?;
            transaction.query(&sql, &parameters).await.map(Rows::from)
        })
        .await
    }

    /// Creates a document under this id.
    ///
    /// Refuses with `LimitExceeded` beyond the bounds of a transaction, `InvalidInput`. So does all
    /// that writes.
    pub fn insert(&self, collection: Arc<Collection>, id: String, value: String) -> Result<()> {
        call(|| {
            let value = json::value(&value, collection.forms())?;
            Ok(self.0.insert(collection.handle(), &id.parse::<DocKey>()?, value)?)
        })
    }

    /// Merges a patch into a document or creates it, as a collection's `put` does.
    pub fn put(
        &self,
        collection: Arc<Collection>,
        id: String,
        patch: String,
        base: Option<String>,
        keys: HashMap<String, String>,
    ) -> Result<()> {
        call(|| {
            let patch = json::value(&patch, collection.forms())?;
            let (id, base, keys) = (id.parse::<DocKey>()?, version(base)?, list_keys(keys)?);
            Ok(self.0.put(collection.handle(), &id, patch, base, keys)?)
        })
    }

    /// Makes a document this, or creates it, as a collection's `replace` does.
    pub fn replace(
        &self,
        collection: Arc<Collection>,
        id: String,
        value: String,
        base: Option<String>,
        keys: HashMap<String, String>,
    ) -> Result<()> {
        call(|| {
            let value = json::value(&value, collection.forms())?;
            let (id, base, keys) = (id.parse::<DocKey>()?, version(base)?, list_keys(keys)?);
            Ok(self.0.replace(collection.handle(), &id, value, base, keys)?)
        })
    }

    /// Carries out a JSON array of edits in order, as a collection's `edit` does.
    pub fn edit(
        &self,
        collection: Arc<Collection>,
        id: String,
        edits: String,
        base: Option<String>,
    ) -> Result<()> {
        call(|| {
            let edits = JsonText::new(&edits, "the list of edits").edits(collection.forms())?;
            let (id, base) = (id.parse::<DocKey>()?, version(base)?);
            Ok(self.0.edit(collection.handle(), &id, edits, base)?)
        })
    }

    /// Writes the difference between what a model made of a document that was read here and a changed
    /// copy of that, as a collection's `save` does.
    pub fn save(
        &self,
        collection: Arc<Collection>,
        document: Document,
        read: String,
        new: String,
        keys: HashMap<String, String>,
    ) -> Result<()> {
        call(|| {
            let forms = collection.forms();
            let (read, new) = (json::value(&read, forms)?, json::value(&new, forms)?);
            let (document, keys) = (document.read()?, list_keys(keys)?);
            Ok(self.0.save_model(collection.handle(), &document, read, new, keys)?)
        })
    }

    /// Deletes a document.
    pub fn delete(&self, collection: Arc<Collection>, id: String) -> Result<()> {
        call(|| Ok(self.0.delete(collection.handle(), &id.parse::<DocKey>()?)?))
    }

    /// Brings a deleted document back as it was.
    pub fn restore(&self, collection: Arc<Collection>, id: String) -> Result<()> {
        call(|| Ok(self.0.restore(collection.handle(), &id.parse::<DocKey>()?)?))
    }
}
