//! What the engine works with inside a transaction: everything but the store itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use dunlin_model::{DeviceId, DeviceKind, Digest, DocId, Document, Incarnation, NoRoom};
use dunlin_store::{DocRow, Head, LogSize, SpaceStore, Stored, Writer};

use super::{Turns, documents::Open, documents::OpenDocuments, outlets::Staged};
use crate::{
    config::{Clock, Config, Entropy},
    error::{Error, Result},
};

/// Who writes here.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) device: DeviceId,
    pub(crate) kind: DeviceKind,
    pub(crate) device_name: String,
    pub(crate) space_name: String,
    /// Whether this device's role allows local writes; follows the roster.
    pub(crate) may_write: Arc<AtomicBool>,
}

/// Open documents and the commits under way.
pub(crate) struct Desk {
    pub(super) identity: Identity,
    pub(super) open: OpenDocuments,
    /// Commits of the transaction under way, announced once it is durable.
    pub(super) staged: Vec<Staged>,
    pub(super) clock: Clock,
    /// Who reads and means to write what it read.
    pub(super) turns: Arc<Turns>,
    /// What did not fit: the digests here and there, and why.
    pub(super) judged: BTreeMap<DocId, (Digest, Digest, NoRoom)>,
    /// Documents that the journal may tell of.
    pub(super) journaled: BTreeSet<DocRow>,
    entropy: Entropy,
    incarnation: Option<Incarnation>,
    /// The incarnations of this run that are in this device's book.
    pub(super) entered: BTreeSet<Incarnation>,
    #[cfg(feature = "sabotage")]
    pub(super) saboteur: super::sabotage::Saboteur,
}

impl Desk {
    pub(crate) fn new(identity: Identity, config: &Config, turns: Arc<Turns>) -> Self {
        Self {
            identity,
            open: OpenDocuments::new(config.open_documents),
            staged: Vec::new(),
            clock: config.clock.clone(),
            turns,
            judged: BTreeMap::new(),
            journaled: BTreeSet::new(),
            entropy: config.entropy.clone(),
            incarnation: None,
            entered: BTreeSet::new(),
            #[cfg(feature = "sabotage")]
            saboteur: super::sabotage::Saboteur::new(config.sabotage),
        }
    }

    pub(super) fn may_write(&self) -> bool {
        self.identity.may_write.load(Ordering::Acquire)
    }

    /// This run's writer id in this space: drawn when first needed, and again once retired.
    pub(super) fn incarnation(&mut self) -> Result<Incarnation> {
        if let Some(incarnation) = self.incarnation {
            return Ok(incarnation);
        }
        let drawn = Incarnation::from_random(self.entropy.bytes()?);
        Ok(*self.incarnation.insert(drawn))
    }

    /// The document, loaded if it was not open; a new one if the store has none.
    pub(super) fn open_in(&mut self, writer: &mut Writer<'_>, doc: &DocId) -> Result<&mut Open> {
        if self.open.peek(doc).is_none() {
            match writer.head(doc)? {
                Some(head) => self.open_stored(writer, doc, &head)?,
                None => {
                    let document = Document::new(self.incarnation()?);
                    let open = Open::new(document, None, 0, LogSize::default());
                    self.open.insert(doc.clone(), open);
                }
            }
        }
        self.open.touch(doc).ok_or_else(|| Error::internal("an open document is missing"))
    }

    /// Loads a document and keeps it open.
    pub(super) fn open_stored(
        &mut self,
        store: &SpaceStore,
        doc: &DocId,
        head: &Head,
    ) -> Result<()> {
        let stored = store.load(head)?;
        let document = load(&stored, self.incarnation()?)?;
        let mut open = Open::new(document, Some(head.row), stored.seq, head.log);
        open.is_journaled = self.journaled.contains(&head.row);
        self.open.insert(doc.clone(), open);
        Ok(())
    }

    /// Throws one document's memory away after a mutation that failed half-way.
    pub(super) fn discard(&mut self, doc: &DocId) {
        self.open.remove(doc);
        self.incarnation = None;
    }

    /// Throws all memory away after a transaction that failed.
    pub(super) fn abandon(&mut self) {
        self.staged.clear();
        self.open.clear();
        self.incarnation = None;
        self.entered.clear();
    }
}

/// Rebuilds a document from what the store holds.
pub(super) fn load(stored: &Stored, incarnation: Incarnation) -> Result<Document> {
    Ok(Document::load(
        stored.generation,
        stored.snapshot.as_deref(),
        &stored.updates,
        incarnation,
        stored.seq,
    )?)
}
