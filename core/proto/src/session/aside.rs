//! Documents that differ because one side has no room for what the other has.
//!
//! Nothing of them is pushed, offered or taken, since every update would build on what the other
//! side lacks. When one of them has changed here or there, another reconciliation tries it again,
//! at most once in [`RETRY_MS`].

use std::collections::BTreeMap;

use dunlin_model::DocHash;

use super::event::SetAside;
use crate::limits::{DIRTY_DOCUMENTS, RETRY_MS};

#[derive(Debug, Default)]
pub(super) struct Aside {
    documents: BTreeMap<DocHash, SetAside>,
    /// Whether one of them has changed since it was tried.
    changed: bool,
    tried_at: u64,
    /// What the host was told last.
    told: Vec<SetAside>,
}

impl Aside {
    /// Sets a document aside. Beyond the bound it is not remembered, and tried more often.
    pub(super) fn insert(&mut self, document: SetAside, now: u64) {
        let hash = document.kept_out.document;
        if self.documents.len() < DIRTY_DOCUMENTS || self.documents.contains_key(&hash) {
            self.documents.insert(hash, document);
            self.tried_at = now;
        }
    }

    pub(super) fn contains(&self, document: DocHash) -> bool {
        self.documents.contains_key(&document)
    }

    /// Notes that a document has changed, here or there; whether it is set aside.
    pub(super) fn note_change(&mut self, document: DocHash) -> bool {
        let is_aside = self.contains(document);
        self.changed |= is_aside;
        is_aside
    }

    /// Forgets those that do not differ any more.
    pub(super) fn retain(&mut self, differs: impl Fn(&DocHash) -> bool) {
        self.documents.retain(|document, _| differs(document));
    }

    pub(super) fn clear(&mut self) {
        self.documents.clear();
        self.changed = false;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    pub(super) fn documents(&self) -> Vec<DocHash> {
        self.documents.keys().copied().collect()
    }

    /// When to try again, if there is reason to.
    pub(super) fn due(&self) -> Option<u64> {
        (self.changed && !self.is_empty()).then(|| self.tried_at.saturating_add(RETRY_MS))
    }

    /// Whether to try again now; asked once.
    pub(super) fn take_due(&mut self, now: u64) -> bool {
        let is_due = self.due().is_some_and(|due| now >= due);
        if is_due {
            (self.changed, self.tried_at) = (false, now);
        }
        is_due
    }

    /// What to tell the host, if that has changed.
    pub(super) fn take_news(&mut self) -> Option<Vec<SetAside>> {
        let documents: Vec<SetAside> = self.documents.values().copied().collect();
        if documents == self.told {
            return None;
        }
        self.told.clone_from(&documents);
        Some(documents)
    }
}
