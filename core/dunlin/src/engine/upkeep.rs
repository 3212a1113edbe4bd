//! Work for idle moments: compaction. And what is put off until somebody asks: digests and the
//! projections of long texts.

use dunlin_model::{DocId, Document};
use dunlin_store::{Head, LogSize, SpaceStore};

use super::{
    Desk, Engine, Outlets, desk::load, documents::Open, outlets::Announcer, project::rebuild,
};
use crate::error::{Code, Error, Result};

/// Updates that a log may hold whatever their size.
const FREE_UPDATES: u32 = 64;
/// What an update costs to keep beyond its own bytes.
const BYTES_AN_UPDATE: u64 = 40;
/// Log bytes that are not worth compacting, however small the snapshot.
const FREE_BYTES: u64 = 4 << 10;
/// Documents that are compacted at a close, which somebody waits for.
const LAST_MINUTE: usize = 16;
/// Documents whose digest or projection is computed in one transaction.
const SLICE: usize = 256;

/// Whether a document's log is worth compacting. That costs as much as the document is long, so
/// the log must weigh half of it: the cost of an edit then stays the same however long it gets.
pub(super) fn is_overgrown(log: &LogSize, document: &Document) -> bool {
    let weight = log.bytes + BYTES_AN_UPDATE * u64::from(log.updates);
    log.updates >= FREE_UPDATES
        && weight >= FREE_BYTES
        && weight >= document.encoded_len() as u64 / 2
}

impl Engine {
    pub(super) fn new(
        store: SpaceStore,
        desk: Desk,
        outlets: std::sync::Arc<Outlets>,
    ) -> Result<Self> {
        let candidates = store.compaction_candidates(FREE_UPDATES)?;
        let mut desk = desk;
        desk.journaled = store.journaled()?;
        let overgrown = candidates.into_iter().map(|(_, doc)| doc).collect();
        Ok(Self { store, desk, outlets: Announcer::new(outlets), overgrown })
    }

    /// One slice of idle work; whether there may be more.
    pub(super) fn upkeep(&mut self) -> bool {
        let Some(doc) = self.overgrown.pop_first() else { return false };
        if let Err(error) = self.compact(&doc) {
            // The log stays as it is; the next commit of this document tries again.
            tracing::warn!(code = %error.code(), "compaction failed: {}", error.reason());
        }
        !self.overgrown.is_empty()
    }

    /// Compacts documents in memory whose logs are long, though not yet overgrown.
    pub(super) fn compact_for_next_start(&mut self) {
        for doc in self.desk.open.with_log_over(FREE_UPDATES, LAST_MINUTE) {
            if let Err(error) = self.replace_log(&doc, |log, _| log.updates >= FREE_UPDATES) {
                tracing::warn!(code = %error.code(), "compaction failed: {}", error.reason());
            }
        }
    }

    fn compact(&mut self, doc: &DocId) -> Result<()> {
        self.replace_log(doc, is_overgrown)
    }

    /// Replaces a document's log by a snapshot, once that has been read back to the same digest.
    fn replace_log(
        &mut self,
        doc: &DocId,
        is_worth_it: impl FnOnce(&LogSize, &Document) -> bool,
    ) -> Result<()> {
        let incarnation = self.desk.incarnation()?;
        let Some(head) = self.store.head(doc)? else { return Ok(()) };
        let compacted = self.with_document(doc, &head, |Open { document, log, seq, .. }| {
            is_worth_it(log, document).then(|| (document.snapshot(), document.digest(), *seq))
        })?;
        let Some((snapshot, digest, seq)) = compacted else { return Ok(()) };
        let read_back = Document::load(head.generation, Some(&snapshot), &[], incarnation, seq)?;
        if read_back.digest() != digest {
            return Err(Error::internal("a snapshot is another document than the log"));
        }
        self.store.write(|writer| writer.replace_snapshot(head.row, seq, &snapshot))?;
        if let Some(open) = self.desk.open.touch(doc) {
            open.log = LogSize::default();
        }
        Ok(())
    }

    /// Looks at a document without keeping it open if it was not.
    pub(super) fn with_document<T>(
        &mut self,
        doc: &DocId,
        head: &Head,
        look: impl FnOnce(&Open) -> T,
    ) -> Result<T> {
        if let Some(open) = self.desk.open.peek(doc) {
            return Ok(look(open));
        }
        let stored = self.store.load(head)?;
        let document = load(&stored, self.desk.incarnation()?)?;
        let mut open = Open::new(document, Some(head.row), stored.seq, head.log);
        open.is_journaled = self.desk.journaled.contains(&head.row);
        Ok(look(&open))
    }

    /// The same, or none for a document whose stored bytes are damaged: it must not stop what
    /// concerns all documents.
    pub(super) fn with_sound_document<T>(
        &mut self,
        doc: &DocId,
        head: &Head,
        look: impl FnOnce(&Open) -> T,
    ) -> Result<Option<T>> {
        match self.with_document(doc, head, look) {
            Err(error) if error.code() == Code::Corrupt => {
                tracing::error!(document = ?doc.hash(), "left out: {}", error.reason());
                Ok(None)
            }
            outcome => outcome.map(Some),
        }
    }

    /// Computes digests that are not known, some at a time; whether there may be more.
    pub(crate) fn refresh_digests(&mut self) -> Result<bool> {
        let dirty = self.store.dirty_digests(SLICE)?;
        if dirty.is_empty() {
            return Ok(false);
        }
        let mut digests = Vec::with_capacity(dirty.len());
        for (row, doc) in &dirty {
            let head = self.store.head_at(*row)?;
            let digest = self.with_sound_document(doc, &head, |open| open.document.digest())?;
            digests.extend(digest.map(|digest| (*row, digest)));
        }
        let may_be_more = dirty.len() == SLICE && !digests.is_empty();
        self.store.write(|writer| {
            digests.into_iter().try_for_each(|(row, digest)| writer.set_digest(row, digest))
        })?;
        Ok(may_be_more)
    }

    /// Rebuilds the rows of long texts, before a query reads them.
    pub(crate) fn rebuild_projections(&mut self) -> Result<()> {
        loop {
            let dirty = self.store.dirty_projections(SLICE)?;
            let mut rows = Vec::with_capacity(dirty.len());
            for (row, doc) in &dirty {
                let row_of = |open: &Open| {
                    let mut projection = rebuild(&open.document);
                    projection.has_conflicts |= open.is_journaled;
                    (*row, projection)
                };
                let head = self.store.head_at(*row)?;
                rows.extend(self.with_sound_document(doc, &head, row_of)?);
            }
            self.store.write(|writer| {
                rows.iter()
                    .try_for_each(|(row, projection)| writer.set_projection(*row, projection))
            })?;
            if dirty.len() < SLICE || rows.is_empty() {
                self.outlets.set_stale(false);
                return Ok(());
            }
        }
    }
}

pub(super) fn not_found(doc: &DocId) -> Error {
    Error::new(
        Code::NotFound,
        format!("there is no document {doc}"),
        "check the collection and the id, or put a new document",
    )
}
