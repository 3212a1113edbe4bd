//! Documents of one collection: reading and writing them.

use std::{collections::HashMap, sync::Arc};

use dunlin::{
    Anchor, CollectionHandle, Decision, DocKey, Error, Forms, JsonText, ListKeys, Selection,
    Version,
};

use crate::{
    counted::Counted,
    document::{Committed, Document, Patch, PutOutcome, Text},
    error::Result,
    followed::FollowedDocument,
    json,
    query::LiveQuery,
    runtime::{call, run},
};

/// The documents of one collection of a space.
///
/// Every write is on disk when it returns. A caller that gives up on a write does not know
/// whether it happened: writing by id again is safe.
#[derive(uniffi::Object)]
pub struct Collection(CollectionHandle, Forms, Counted);

impl Collection {
    pub(crate) fn shared(collection: CollectionHandle, forms: Forms) -> Arc<Self> {
        Arc::new(Self(collection, forms, Counted::new()))
    }

    pub(crate) fn handle(&self) -> &CollectionHandle {
        &self.0
    }

    pub(crate) fn forms(&self) -> Forms {
        self.1
    }
}

#[uniffi::export]
impl Collection {
    /// The collection's name.
    pub fn name(&self) -> String {
        self.0.name().to_string()
    }

    /// Makes a new id: a UUID of version 7, so ids sort by creation.
    ///
    /// Fails with `Internal` where the operating system has no random bytes to give.
    pub fn new_id(&self) -> Result<String> {
        call(|| Ok(self.0.new_id()?.to_string()))
    }

    /// Creates a document, under this id or a new one.
    ///
    /// Refuses with `AlreadyExists` unless the id is free, `InvalidInput` unless the value is an object
    /// that fits, `LimitExceeded`, `Denied`, `StorageFull`.
    pub async fn insert(&self, id: Option<String>, value: String) -> Result<Committed> {
        let (collection, forms) = (self.0.clone(), self.1);
        run(async move {
            let value = json::value(&value, forms)?;
            let committed = match id {
                Some(id) => collection.insert_with_id(&id.parse()?, value).await?,
                None => collection.insert(value).await?,
            };
            Ok::<_, Error>(committed.into())
        })
        .await
    }

    /// Merges a patch into the document (RFC 7396: null removes) or creates it. `keys` says by
    /// which field the items of a list are told apart, for each list's path, such as `/steps` →
    /// `code`; a step `*` in it stands for every item or field.
    ///
    /// Refuses with `InvalidInput` unless the patch is an object, `StaleVersion` where `base` is
    /// too old, `LimitExceeded`, `Denied`, `StorageFull`.
    pub async fn put(
        &self,
        id: String,
        patch: String,
        base: Option<String>,
        keys: HashMap<String, String>,
    ) -> Result<Committed> {
        let (collection, forms) = (self.0.clone(), self.1);
        run(async move {
            let (id, patch, base) = (id.parse()?, json::value(&patch, forms)?, version(base)?);
            let committed = collection.put_based(&id, patch, base, list_keys(keys)?).await?;
            Ok::<_, Error>(committed.into())
        })
        .await
    }

    /// Makes the document this, or creates it: fields that the value does not name are removed, and
    /// null is stored, at every depth. What is there keeps its kind, as under `put`. A field that
    /// somebody added since `base` stays.
    ///
    /// Refuses as `put` does.
    pub async fn replace(
        &self,
        id: String,
        value: String,
        base: Option<String>,
        keys: HashMap<String, String>,
    ) -> Result<Committed> {
        let (collection, forms) = (self.0.clone(), self.1);
        run(async move {
            let (id, value, base) = (id.parse()?, json::value(&value, forms)?, version(base)?);
            let committed = collection.replace_based(&id, value, base, list_keys(keys)?).await?;
            Ok::<_, Error>(committed.into())
        })
        .await
    }

    /// `put` for many documents at once, in one or few commits; each stands or falls alone, and
    /// the answers come in order.
    ///
    /// Refuses with `InvalidInput` for an id or a value that cannot be: then nothing is written.
    pub async fn put_many(
        &self,
        patches: Vec<Patch>,
        keys: HashMap<String, String>,
    ) -> Result<Vec<PutOutcome>> {
        let (collection, forms) = (self.0.clone(), self.1);
        run(async move {
            let read = |patch: Patch| Ok((patch.id.parse()?, json::value(&patch.json, forms)?));
            let patches = patches.into_iter().map(read).collect::<dunlin::Result<Vec<_>>>()?;
            let outcomes = collection.put_many(patches, list_keys(keys)?).await?;
            Ok::<_, Error>(outcomes.into_iter().map(PutOutcome::from).collect())
        })
        .await
    }

    /// Reads a document.
    ///
    /// Refuses with `NotFound` if there is none, or it is deleted.
    pub async fn get(&self, id: String) -> Result<Document> {
        let collection = self.0.clone();
        run(async move { collection.get(&id.parse::<DocKey>()?).await.map(Document::from) }).await
    }

    /// Reads a document even if it is deleted.
    ///
    /// Refuses with `NotFound` if it never existed.
    pub async fn inspect(&self, id: String) -> Result<Document> {
        let collection = self.0.clone();
        run(async move { collection.inspect(&id.parse::<DocKey>()?).await.map(Document::from) })
            .await
    }

    /// Reads a text for an editor that follows it: empty where a splice would make it. The path in
    /// the answer names the same text also after items of a list above it have moved.
    ///
    /// Refuses with `NotFound` if there is no such document or list item, or it is deleted,
    /// `WrongKind` where something else is, `InvalidInput` for an index that no item has.
    pub async fn read_text(&self, id: String, path: String) -> Result<Text> {
        let collection = self.0.clone();
        run(async move {
            let text = collection.read_text(&id.parse()?, &path.parse()?).await?;
            Ok::<_, Error>(text.into())
        })
        .await
    }

    /// A cursor before the character at `index` (UTF-16 code units) of a text, which stays there
    /// when others edit. Opaque; good for as long as the text is there.
    ///
    /// Refuses with `NotFound` or `WrongKind` where no text is, `InvalidInput` for an index out of
    /// range.
    pub async fn anchor(&self, id: String, path: String, index: u32) -> Result<String> {
        let collection = self.0.clone();
        run(async move {
            let anchor = collection.anchor(&id.parse()?, &path.parse()?, index).await?;
            Ok::<_, Error>(anchor.to_string())
        })
        .await
    }

    /// Where an anchor stands now, in UTF-16 code units.
    ///
    /// Refuses with `NotFound` if the text is gone, `InvalidInput` for what is not an anchor.
    pub async fn resolve(&self, id: String, anchor: String) -> Result<u32> {
        let collection = self.0.clone();
        run(async move { collection.resolve(&id.parse()?, &anchor.parse::<Anchor>()?).await }).await
    }

    /// Carries out a JSON array of edits in order, all or none. Paths and indices are read as of
    /// `base` and mapped forward; without one they mean the document as it is.
    ///
    /// Refuses with `NotFound`, `WrongKind`, `InvalidInput`, `StaleVersion` (read again and
    /// retry), `LimitExceeded`, `Denied`, `StorageFull`.
    pub async fn edit(&self, id: String, edits: String, base: Option<String>) -> Result<Committed> {
        let (collection, forms) = (self.0.clone(), self.1);
        run(async move {
            let edits = JsonText::new(&edits, "the list of edits").edits(forms)?;
            let committed = collection.edit(&id.parse()?, edits, version(base)?).await?;
            Ok::<_, Error>(committed.into())
        })
        .await
    }

    /// Writes the difference between what an app's model made of a document, `read`, and a changed
    /// copy of that, `new`. `document` is what was read: it gives the kinds and the base. What
    /// others wrote since, and fields that the model does not know, stay.
    ///
    /// Refuses as `edit` does, and with `Unplaceable` where the model shows the document otherwise
    /// than it is stored and a change has no place there.
    pub async fn save(
        &self,
        document: Document,
        read: String,
        new: String,
        keys: HashMap<String, String>,
    ) -> Result<Committed> {
        let (collection, forms) = (self.0.clone(), self.1);
        run(async move {
            let (read, new) = (json::value(&read, forms)?, json::value(&new, forms)?);
            let document = document.read()?;
            let committed = collection.save_model(&document, read, new, list_keys(keys)?).await?;
            Ok::<_, Error>(committed.into())
        })
        .await
    }

    /// What `save` of the same would leave of the document, as JSON like a document's; none where
    /// `read` says only what the document says. From what is returned the model must decode to what
    /// it encodes as `new`: else `save` would write something else than the app means.
    ///
    /// Refuses as `save` does.
    pub fn after_save(
        &self,
        document: Document,
        read: String,
        new: String,
        keys: HashMap<String, String>,
    ) -> Result<Option<String>> {
        call(|| {
            let (read, new) = (json::value(&read, self.1)?, json::value(&new, self.1)?);
            let left = document.read()?.after_save(&read, &new, &list_keys(keys)?)?;
            Ok(left.map(|left| left.to_json_text()))
        })
    }

    /// Deletes a document. An edit that somebody makes meanwhile is kept as a conflict.
    ///
    /// Refuses with `NotFound`, `Denied`, `StorageFull`.
    pub async fn delete(&self, id: String) -> Result<Committed> {
        let collection = self.0.clone();
        run(async move { collection.delete(&id.parse::<DocKey>()?).await.map(Committed::from) })
            .await
    }

    /// Brings a deleted document back as it was.
    ///
    /// Refuses with `NotFound` unless it is deleted, `Denied`, `StorageFull`.
    pub async fn restore(&self, id: String) -> Result<Committed> {
        let collection = self.0.clone();
        run(async move { collection.restore(&id.parse::<DocKey>()?).await.map(Committed::from) })
            .await
    }

    /// Settles a conflict of a document that was read at `base`: what is shown stays, and what lost
    /// goes, there and below. In a list item that is gone, it stays gone; a deleted document stays
    /// deleted. What others wrote since then stays a conflict.
    ///
    /// Refuses with `StaleVersion` where the conflict is settled already, or what is shown is not as
    /// it was read, `Denied`, `LimitExceeded`, `StorageFull`.
    pub async fn keep(&self, id: String, conflict: String, base: String) -> Result<Committed> {
        self.settle(id, conflict, base, Decision::Keep).await
    }

    /// Settles a conflict of a document that was read at `base`: what lost takes the place of what is
    /// shown, whole. A list item that is gone comes back with what was late, and so does a deleted
    /// document.
    ///
    /// Refuses as `keep` does.
    pub async fn take(&self, id: String, conflict: String, base: String) -> Result<Committed> {
        self.settle(id, conflict, base, Decision::Take).await
    }

    /// Begins a document anew from its present content, where removing gives no room any more
    /// (too many writers or texts), or where two copies contradict each other. Its history goes,
    /// and bases read before are stale. On every device it takes the place of the old one; what a
    /// device alone had shows there among the conflicts.
    ///
    /// Refuses with `NotFound` if there is none or it is deleted, `LimitExceeded`, `Denied`,
    /// `StorageFull`.
    pub async fn refound(&self, id: String) -> Result<Committed> {
        let collection = self.0.clone();
        run(async move { collection.refound(&id.parse::<DocKey>()?).await.map(Committed::from) })
            .await
    }

    /// Follows documents: rows of the columns `id` and `doc` (JSON as text). `condition` is SQL over
    /// `id`, `doc` and `has_conflicts`, `order` what stands behind `ORDER BY`; `parameters` is a JSON
    /// array of the values for the `?` in both. All by id, where they say nothing; the first `limit`.
    ///
    /// Refuses with `InvalidInput` for parameters that are not a JSON array.
    pub fn watch(
        &self,
        condition: Option<String>,
        parameters: String,
        order: Option<String>,
        limit: Option<u32>,
    ) -> Result<Arc<LiveQuery>> {
        call(|| {
            let mut selection = selection(condition, &parameters)?;
            if let Some(order) = order {
                selection = selection.order_by(order);
            }
            if let Some(limit) = limit {
                selection = selection.limit(limit as usize);
            }
            Ok(LiveQuery::shared(self.0.watch(&selection)))
        })
    }

    /// Follows how many documents there are for which a condition holds: one row, one column.
    ///
    /// Refuses as `watch` does.
    pub fn watch_count(
        &self,
        condition: Option<String>,
        parameters: String,
    ) -> Result<Arc<LiveQuery>> {
        call(|| {
            let selection = selection(condition, &parameters)?;
            Ok(LiveQuery::shared(self.0.watch_count(&selection)))
        })
    }

    /// Follows one document, which need not be there yet.
    ///
    /// Refuses with `InvalidInput` for what is no id.
    pub fn watch_document(&self, id: String) -> Result<Arc<FollowedDocument>> {
        call(|| Ok(FollowedDocument::shared(self.0.watch_document(&id.parse()?))))
    }
}

fn selection(condition: Option<String>, parameters: &str) -> Result<Selection> {
    // An order may have parameters where there is no condition.
    let condition = condition.unwrap_or_else(|| "TRUE".to_owned());
    Ok(Selection::default().filter(condition, json::parameters(parameters)?))
}

impl Collection {
    async fn settle(
        &self,
        id: String,
        conflict: String,
        base: String,
        decision: Decision,
    ) -> Result<Committed> {
        let collection = self.0.clone();
        run(async move {
            let (id, conflict, base) = (id.parse()?, conflict.parse()?, base.parse()?);
            let committed = collection.settle(&id, conflict, decision, base).await?;
            Ok::<_, Error>(committed.into())
        })
        .await
    }
}

pub(crate) fn version(text: Option<String>) -> Result<Option<Version>, Error> {
    Ok(text.map(|text| text.parse()).transpose()?)
}

pub(crate) fn list_keys(keys: HashMap<String, String>) -> Result<ListKeys, Error> {
    keys.into_iter().map(|(list, field)| Ok((list.parse()?, field))).collect()
}
