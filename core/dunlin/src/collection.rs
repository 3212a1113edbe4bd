//! Documents of one collection: reading and writing them.

use std::{future::Future, sync::Arc};

use dunlin_model::{
    Anchor, Collection, Conflict, ConflictId, Decision, DocId, DocKey, Edit, ListKeys, Path, Value,
    Version,
};
use uuid::Builder;

use crate::{
    document::{Document, Text},
    engine::{Committed, Operation, Order},
    error::{Error, Result},
    followed::FollowedDocument,
    live::LiveQuery,
    selection::Selection,
    space::SpaceInner,
};

/// The documents of one collection of a space.
///
/// Every write is on disk when it returns. A write whose future is dropped before it returns may
/// or may not have happened: writing by id again is safe.
#[derive(Clone)]
pub struct CollectionHandle {
    space: Arc<SpaceInner>,
    name: Collection,
}

impl CollectionHandle {
    pub(crate) fn new(space: Arc<SpaceInner>, name: Collection) -> Self {
        Self { space, name }
    }

    /// The collection's name.
    pub fn name(&self) -> &Collection {
        &self.name
    }

    /// Makes a new id: a UUID of version 7, so ids sort by creation.
    ///
    /// # Errors
    /// `Internal` where the operating system has no random bytes to give.
    pub fn new_id(&self) -> Result<DocKey> {
        let config = self.space.config();
        let millis = u64::try_from(config.clock.now_ms()).unwrap_or_default();
        let random = config.entropy.bytes::<10>()?;
        let uuid = Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Ok(uuid.to_string().parse()?)
    }

    /// Creates a document under a new id.
    ///
    /// # Errors
    /// `InvalidInput` unless the value is an object that fits, `LimitExceeded`, `Denied`,
    /// `StorageFull`.
    pub async fn insert(&self, value: Value) -> Result<Committed> {
        let id = self.new_id()?;
        self.write(&id, Operation::Insert(value)).await
    }

    /// Creates a document under this id.
    ///
    /// # Errors
    /// As [`insert`](Self::insert); `AlreadyExists` where the id is taken.
    pub async fn insert_with_id(&self, id: &DocKey, value: Value) -> Result<Committed> {
        self.write(id, Operation::Insert(value)).await
    }

    /// Merges a patch into the document (RFC 7396: null removes) or creates it.
    ///
    /// Values turn into edits: a string over a text into splices, a number over a counter into an
    /// increment, an array over a list into edits of its items.
    ///
    /// # Errors
    /// `InvalidInput` unless the patch is an object, `LimitExceeded`, `Denied`, `StorageFull`.
    pub async fn put(&self, id: &DocKey, patch: Value) -> Result<Committed> {
        self.put_based(id, patch, None, ListKeys::default()).await
    }

    /// [`put`](Self::put) with a base, as for [`edit`](Self::edit), and with the fields by which
    /// items of lists are told apart: `{"/steps": "id"}`.
    ///
    /// # Errors
    /// As [`put`](Self::put); `StaleVersion` where a text, counter, set or list that the patch names
    /// has changed since the base.
    pub async fn put_based(
        &self,
        id: &DocKey,
        patch: Value,
        base: Option<Version>,
        list_keys: ListKeys,
    ) -> Result<Committed> {
        self.write(id, Operation::Merge { patch, base, list_keys }).await
    }

    /// [`put`](Self::put) for many documents at once, in one or few commits; each stands or falls
    /// alone, and the answers come in order. `list_keys` are the fields by which items are told
    /// apart, as for [`put_based`](Self::put_based).
    ///
    /// # Errors
    /// The outer error where nothing was written at all; an inner one for one document.
    pub async fn put_many(
        &self,
        patches: impl IntoIterator<Item = (DocKey, Value)>,
        list_keys: ListKeys,
    ) -> Result<Vec<Result<Committed>>> {
        let merge = |patch| Operation::Merge { patch, base: None, list_keys: list_keys.clone() };
        self.write_many(patches, merge).await
    }

    /// Makes the document this, or creates it: fields that the value does not name are removed, and
    /// null is stored, at every depth. What is there keeps its kind, as under [`put`](Self::put).
    ///
    /// # Errors
    /// `InvalidInput` unless the value is an object, `LimitExceeded`, `Denied`, `StorageFull`.
    pub async fn replace(&self, id: &DocKey, value: Value) -> Result<Committed> {
        self.replace_based(id, value, None, ListKeys::default()).await
    }

    /// [`replace`](Self::replace) with a base, as for [`edit`](Self::edit), and with the fields by
    /// which items of lists are told apart, as for [`put_based`](Self::put_based).
    ///
    /// # Errors
    /// As [`replace`](Self::replace); `StaleVersion` as [`put_based`](Self::put_based).
    pub async fn replace_based(
        &self,
        id: &DocKey,
        value: Value,
        base: Option<Version>,
        list_keys: ListKeys,
    ) -> Result<Committed> {
        self.write(id, Operation::Replace { new: value, base, list_keys }).await
    }

    /// [`replace`](Self::replace) for many documents at once, as [`put_many`](Self::put_many).
    ///
    /// # Errors
    /// As [`put_many`](Self::put_many).
    pub async fn replace_many(
        &self,
        values: impl IntoIterator<Item = (DocKey, Value)>,
        list_keys: ListKeys,
    ) -> Result<Vec<Result<Committed>>> {
        let replace = |new| Operation::Replace { new, base: None, list_keys: list_keys.clone() };
        self.write_many(values, replace).await
    }

    /// Reads a document.
    ///
    /// # Errors
    /// `NotFound` if there is none, or it is deleted.
    pub async fn get(&self, id: &DocKey) -> Result<Document> {
        let document = self.inspect(id).await?;
        if document.is_deleted {
            return Err(Error::deleted(&self.doc(id)));
        }
        Ok(document)
    }

    /// Reads a document even if it is deleted.
    ///
    /// # Errors
    /// `NotFound` if it never existed.
    pub async fn inspect(&self, id: &DocKey) -> Result<Document> {
        let doc = self.doc(id);
        self.space.engine().read_document(doc).await
    }

    /// Reads a text for an editor that follows it: empty where a splice would make it. The path in
    /// the answer names the same text also after items of a list above it have moved.
    ///
    /// # Errors
    /// `NotFound` if there is no such document or list item, or it is deleted; `WrongKind` where
    /// something else is; `InvalidInput` for an index that no item has.
    pub async fn read_text(&self, id: &DocKey, path: &Path) -> Result<Text> {
        let (doc, path) = (self.doc(id), path.clone());
        let read = move |document: &dunlin_model::Document| {
            let (path, content) = document.text(&path)?;
            Ok(Text { path, content, version: document.version() })
        };
        self.space.engine().call(move |engine| engine.ask(&doc, read)).await
    }

    /// A cursor before the character at `index` (UTF-16 code units) of a text, which stays there
    /// when others edit.
    ///
    /// # Errors
    /// `NotFound` or `WrongKind` where no text is, `InvalidInput` for an index out of range.
    pub async fn anchor(&self, id: &DocKey, path: &Path, index: u32) -> Result<Anchor> {
        let (doc, path) = (self.doc(id), path.clone());
        self.space
            .engine()
            .call(move |engine| engine.ask(&doc, |document| document.anchor(&path, index)))
            .await
    }

    /// Where an anchor stands now, in UTF-16 code units.
    ///
    /// # Errors
    /// `NotFound` if the text is gone.
    pub async fn resolve(&self, id: &DocKey, anchor: &Anchor) -> Result<u32> {
        let (doc, anchor) = (self.doc(id), anchor.clone());
        self.space
            .engine()
            .call(move |engine| engine.ask(&doc, |document| document.resolve(&anchor)))
            .await
    }

    /// Carries out edits in order, all or none. Paths, and indices into texts and lists, are read
    /// as of `base` and mapped forward; without one they mean the document as it is.
    ///
    /// # Errors
    /// `NotFound`, `WrongKind`, `InvalidInput` (an index out of range or inside a character),
    /// `StaleVersion` (read again and retry), `LimitExceeded`, `Denied`, `StorageFull`.
    pub async fn edit(
        &self,
        id: &DocKey,
        edits: Vec<Edit>,
        base: Option<Version>,
    ) -> Result<Committed> {
        self.write(id, Operation::Edit { edits, base }).await
    }

    /// Reads a document, has it changed, and writes the difference; what this device writes meanwhile
    /// is not lost. As [`Space::transaction`](crate::Space::transaction) of one document: `change` runs
    /// again where the document has changed since it was read, five times at most.
    ///
    /// # Errors
    /// What `change` returns; else as [`save`](Self::save) and
    /// [`Space::transaction`](crate::Space::transaction), `NotFound` if there is no such document.
    pub async fn update<E, F, Fut>(
        &self,
        id: &DocKey,
        list_keys: ListKeys,
        change: F,
    ) -> Result<Committed, E>
    where
        F: Fn(Document) -> Fut,
        Fut: Future<Output = Result<Value, E>>,
        E: From<Error>,
    {
        let updated = self.space.transact(|transaction| {
            let (change, list_keys) = (&change, list_keys.clone());
            async move {
                let read = transaction.get(self, id).await?;
                let new = change(read.clone()).await?;
                transaction.save(self, &read, new, list_keys)?;
                Ok::<_, E>(())
            }
        });
        let ((), committed) = updated.await?;
        let committed = committed.into_iter().next();
        committed.ok_or_else(|| Error::internal("an engine answered without a result").into())
    }

    /// Writes the difference between a document as it was read and a changed copy of it: what
    /// others wrote since, and fields that the caller does not know, stay.
    ///
    /// # Errors
    /// As [`edit`](Self::edit).
    pub async fn save(
        &self,
        read: &Document,
        new: Value,
        list_keys: ListKeys,
    ) -> Result<Committed> {
        self.save_model(read, read.value.clone(), new, list_keys).await
    }

    /// [`save`](Self::save) for typed models, which may not encode what they decoded: `read` is
    /// the model's encoding of the document as it was read, `new` that of the changed model. What
    /// both say alike is not written, whatever the document says; what differs is written to the
    /// one place that it can stand for.
    ///
    /// # Errors
    /// As [`edit`](Self::edit), and `Unplaceable` where a change has no such place.
    pub async fn save_model(
        &self,
        document: &Document,
        read: Value,
        new: Value,
        list_keys: ListKeys,
    ) -> Result<Committed> {
        let (stored, base) = (document.value.clone(), Some(document.version.clone()));
        let save = Operation::Save { stored, read, new, base, list_keys };
        self.write(&document.id, save).await
    }

    /// Deletes a document. An edit that somebody makes meanwhile is kept as a conflict.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, `StorageFull`.
    pub async fn delete(&self, id: &DocKey) -> Result<Committed> {
        self.write(id, Operation::Delete { base: None }).await
    }

    /// Brings a deleted document back as it was.
    ///
    /// # Errors
    /// `NotFound` unless it is deleted, `Denied`, `StorageFull`.
    pub async fn restore(&self, id: &DocKey) -> Result<Committed> {
        self.write(id, Operation::Restore).await
    }

    /// Settles a conflict of a document that was read: what is shown stays, and what lost goes, there
    /// and below. In a list item that is gone, it stays gone; a deleted document stays deleted. What
    /// others wrote since the document was read stays a conflict.
    ///
    /// # Errors
    /// `StaleVersion` where the conflict is settled already, or what is shown is not as it was read;
    /// `Denied`, `LimitExceeded`, `StorageFull`.
    pub async fn keep(&self, read: &Document, conflict: &Conflict) -> Result<Committed> {
        self.settle(&read.id, conflict.id, Decision::Keep, read.version.clone()).await
    }

    /// Settles a conflict of a document that was read: what lost takes the place of what is shown,
    /// whole. A list item that is gone comes back with what was late, and so does a deleted document.
    ///
    /// # Errors
    /// As [`keep`](Self::keep), where what lost is not as it was read.
    pub async fn take(&self, read: &Document, conflict: &Conflict) -> Result<Committed> {
        self.settle(&read.id, conflict.id, Decision::Take, read.version.clone()).await
    }

    /// [`keep`](Self::keep) or [`take`](Self::take), by the conflict's id and the version at which
    /// it was read.
    ///
    /// # Errors
    /// As these.
    pub async fn settle(
        &self,
        id: &DocKey,
        conflict: ConflictId,
        decision: Decision,
        base: Version,
    ) -> Result<Committed> {
        self.write(id, Operation::Settle { conflict, decision, base }).await
    }

    /// Follows some of the documents, such as those that are shown on a screen: rows of the columns
    /// `id` and `doc` (JSON as text), the documents that are not deleted.
    pub fn watch(&self, selection: &Selection) -> LiveQuery {
        LiveQuery::new(self.space.engine(), selection.documents(&self.name))
    }

    /// Follows how many documents are selected, whatever the selection's order and limit: one row
    /// with the column `count`.
    pub fn watch_count(&self, selection: &Selection) -> LiveQuery {
        LiveQuery::new(self.space.engine(), selection.count(&self.name))
    }

    /// Follows one document, which need not be there yet: what it is, then each time that it has
    /// changed.
    pub fn watch_document(&self, id: &DocKey) -> FollowedDocument {
        let engine = self.space.engine();
        FollowedDocument::new(engine, engine.outlets().follow(self.doc(id)))
    }

    async fn write_many(
        &self,
        values: impl IntoIterator<Item = (DocKey, Value)>,
        operation: impl Fn(Value) -> Operation,
    ) -> Result<Vec<Result<Committed>>> {
        let order = |(key, value)| Order { doc: self.doc(&key), operation: operation(value) };
        let orders: Vec<Order> = values.into_iter().map(order).collect();
        self.space.engine().write(orders).await
    }

    /// Begins a document anew from its present content, where removing gives no room any more
    /// (too many writers or texts), or where two copies contradict each other.
    ///
    /// Its history goes, and bases read before are stale. On every device the new document takes
    /// the place of the old one; what a device alone had shows there among the conflicts. Of two
    /// devices that do this at once, both contents are merged.
    ///
    /// # Errors
    /// `NotFound` if there is none or it is deleted, `LimitExceeded` where the content is too
    /// large to be written at once, `Denied`, `StorageFull`.
    pub async fn refound(&self, id: &DocKey) -> Result<Committed> {
        self.write(id, Operation::Refound).await
    }

    async fn write(&self, id: &DocKey, operation: Operation) -> Result<Committed> {
        let order = Order { doc: self.doc(id), operation };
        let committed = self.space.engine().write(vec![order]).await?;
        committed
            .into_iter()
            .next()
            .unwrap_or_else(|| Err(Error::internal("an engine answered without a result")))
    }

    /// What tells the space of this node from all others in the process.
    pub(crate) fn turns_name(&self) -> u64 {
        self.space.engine().turns().name()
    }

    pub(crate) fn doc(&self, id: &DocKey) -> DocId {
        DocId { collection: self.name.clone(), key: id.clone() }
    }
}
