//! Deliberate bugs, see [`Sabotage`]: compiled in for the tests of the tests only.

use std::sync::{Arc, Mutex};

use dunlin_model::{Applied, DocId};

use crate::{config::Sabotage, lock::lock};

/// Commits the bug that it was told to.
#[derive(Clone)]
pub(super) struct Saboteur {
    bug: Option<Sabotage>,
    deeds: Arc<Mutex<Deeds>>,
}

#[derive(Default)]
struct Deeds {
    writes: u64,
    victim: Option<DocId>,
}

impl Saboteur {
    pub(super) fn new(bug: Option<Sabotage>) -> Self {
        Self { bug, deeds: Arc::default() }
    }

    /// Whether this local write is to be lost.
    pub(super) fn drops_write(&self) -> bool {
        let mut deeds = lock(&self.deeds);
        deeds.writes += 1;
        self.bug == Some(Sabotage::DropDelta(deeds.writes))
    }

    /// Whether this update from a peer, which brought nothing but deletions, is to be ignored.
    pub(super) fn ignores_delete(
        &self,
        doc: &DocId,
        adds_nothing: bool,
        applied: &Applied,
    ) -> bool {
        let is_deletion = adds_nothing && matches!(applied, Applied::Changed(_));
        if self.bug != Some(Sabotage::IgnoreDelete) || !is_deletion {
            return false;
        }
        let mut deeds = lock(&self.deeds);
        deeds.victim.get_or_insert_with(|| doc.clone()) == doc
    }
}
