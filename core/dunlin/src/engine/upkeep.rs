//! Work for idle moments: compaction.

use dunlin_model::{DocId, Document};
use dunlin_store::{Head, LogSize, SpaceStore};

use super::{
    Desk, Engine, Outlets, desk::load, documents::Open, outlets::Announcer, refresh::Rebuilt,
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
        let (outlets, rebuilt) = (Announcer::new(outlets), Rebuilt::default());
        Ok(Self { store, desk, outlets, overgrown, rebuilt, books: None })
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
}

pub(super) fn not_found(doc: &DocId) -> Error {
    Error::new(
        Code::NotFound,
        format!("there is no document {doc}"),
        "check the collection and the id, or put a new document",
    )
}
