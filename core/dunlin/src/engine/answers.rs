//! What the engine answers to readers and to the sync protocol.

use std::cmp::Ordering;

use dunlin_model::{Digest, DocHash, DocId, EditError, Fingerprint, Large, StateVector};
use dunlin_proto::session::{DocUpdate, Held, Want};
use dunlin_store::StoreError;

use super::{Engine, EngineHandle, documents::Open, upkeep::not_found};
use crate::error::{Error, Result};

/// A space in brief.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Overview {
    pub(crate) documents: u64,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) seq: i64,
    pub(crate) diverged: Vec<DocId>,
    pub(crate) full: Vec<Full>,
}

/// A document that something does not fit into, and what is large in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Full {
    pub(crate) document: DocId,
    pub(crate) largest: Vec<Large>,
}

impl EngineHandle {
    /// Counts and hashes, computed in slices so that writers do not wait for all of them.
    pub(crate) async fn overview(
        &self,
        suspects: Vec<DocHash>,
        full: Vec<DocHash>,
    ) -> Result<Overview> {
        self.settle_digests().await?;
        self.call(move |engine| engine.overview(&suspects, &full)).await
    }

    /// Computes the digests that are not known, a slice at a time. Under steady writing a few
    /// are left for whoever needs them all.
    pub(crate) async fn settle_digests(&self) -> Result<()> {
        while self.call_behind(Engine::refresh_digests).await? {}
        Ok(())
    }
}

impl Engine {
    /// A document that was committed once, open from here on.
    pub(super) fn stored(&mut self, doc: &DocId) -> Result<&dunlin_model::Document> {
        if self.desk.open.peek(doc).is_none() {
            let head = self.store.head(doc)?.ok_or_else(|| not_found(doc))?;
            self.desk.open_stored(&self.store, doc, &head)?;
        }
        let open = self.desk.open.touch(doc).ok_or_else(|| not_found(doc))?;
        if open.row.is_none() {
            return Err(not_found(doc));
        }
        Ok(&open.document)
    }

    /// Something that a document, not a deleted one, says of itself.
    pub(crate) fn ask<T>(
        &mut self,
        doc: &DocId,
        question: impl FnOnce(&dunlin_model::Document) -> Result<T, EditError>,
    ) -> Result<T> {
        let document = self.stored(doc)?;
        if document.is_deleted() {
            return Err(not_found(doc));
        }
        question(document).map_err(|error| Error::from(error).about(doc))
    }

    fn overview(&mut self, suspects: &[DocHash], full: &[DocHash]) -> Result<Overview> {
        Ok(Overview {
            documents: self.store.document_count()?,
            fingerprint: self.fingerprint()?,
            seq: self.store.last_seq()?,
            diverged: self.name(suspects)?,
            full: self.largest(full)?,
        })
    }

    /// What is large in those documents that are known here.
    fn largest(&mut self, documents: &[DocHash]) -> Result<Vec<Full>> {
        let mut full = Vec::with_capacity(documents.len());
        for hash in documents {
            let Some((document, head)) = self.store.find(*hash)? else { continue };
            let largest = |open: &Open| open.document.largest();
            let largest = self.with_sound_document(&document, &head, largest)?;
            full.push(Full { document, largest: largest.unwrap_or_default() });
        }
        Ok(full)
    }

    /// The names of those documents that are known here.
    pub(crate) fn name(&self, documents: &[DocHash]) -> Result<Vec<DocId>> {
        let found = documents.iter().filter_map(|hash| self.store.find(*hash).transpose());
        Ok(found.map(|found| Ok(found?.0)).collect::<Result<_, StoreError>>()?)
    }

    /// The fingerprint of all documents as they are.
    pub(crate) fn fingerprint(&mut self) -> Result<Fingerprint> {
        while self.refresh_digests()? {}
        Ok(self.store.fingerprint())
    }

    /// The digests of all documents as they are.
    pub(crate) fn items(&mut self) -> Result<Vec<(DocHash, Digest)>> {
        while self.refresh_digests()? {}
        Ok(self.store.items()?)
    }

    /// Reads documents anew from the disk and recomputes their digests; whether one has changed,
    /// because what was in memory was not what is on disk.
    pub(crate) fn recheck(&mut self, documents: &[DocHash]) -> Result<bool> {
        let mut has_changed = false;
        for doc in self.name(documents)? {
            self.desk.open.remove(&doc);
            let Some(head) = self.store.head(&doc)? else { continue };
            let before = self.store.digest(head.row)?;
            let Some(digest) =
                self.with_sound_document(&doc, &head, |open| open.document.digest())?
            else {
                continue;
            };
            if before.is_some_and(|before| before != digest) {
                self.store.write(|writer| writer.set_digest(head.row, digest))?;
                has_changed = true;
            }
        }
        Ok(has_changed)
    }

    /// What is held of these documents, each in its place.
    pub(crate) fn vectors(&mut self, documents: &[DocHash]) -> Result<Vec<Held>> {
        documents
            .iter()
            .map(|hash| {
                let held = |open: &Open| Held {
                    document: *hash,
                    generation: open.document.generation(),
                    state_vector: open.document.state_vector(),
                };
                let known = match self.store.find(*hash)? {
                    Some((doc, head)) => self.with_sound_document(&doc, &head, held)?,
                    None => None,
                };
                let (document, state_vector) = (*hash, StateVector::default());
                Ok(known.unwrap_or(Held { document, generation: 0, state_vector }))
            })
            .collect()
    }

    /// What a peer lacks of these documents, each in its place, up to a budget of bytes.
    pub(crate) fn diffs(
        &mut self,
        wants: &[Want],
        budget: usize,
    ) -> Result<Vec<Option<DocUpdate>>> {
        let mut bytes = 0;
        let mut diffs = Vec::new();
        for want in wants {
            if bytes > budget {
                break;
            }
            let diff = match self.store.find(want.document)? {
                None => None,
                Some((doc, head)) => {
                    let digest = self.store.digest(head.row)?;
                    self.with_sound_document(&doc, &head, |open| diff(&doc, open, want, digest))?
                }
            };
            bytes += diff.as_ref().map_or(0, |diff| diff.update.len());
            diffs.push(diff);
        }
        Ok(diffs)
    }
}

/// What a peer lacks of a document. Of an older generation than its own it gets nothing but the
/// sign that this side has that; of a newer one it gets all.
fn diff(doc: &DocId, open: &Open, want: &Want, digest: Option<Digest>) -> DocUpdate {
    let document = &open.document;
    let held = match want.generation.cmp(&document.generation()) {
        Ordering::Less => StateVector::default(),
        Ordering::Equal => want.state_vector.clone(),
        Ordering::Greater => document.state_vector(),
    };
    DocUpdate {
        doc: doc.clone(),
        generation: document.generation(),
        state_vector: Some(document.state_vector()),
        digest: Some(digest.unwrap_or_else(|| document.digest())),
        update: document.diff(&held).into(),
    }
}
