//! What has been committed here and waits for the peer: bounded, however slow the peer is.
//!
//! Updates wait as they are while they are few. When they exceed their bound, all collapse into a
//! set of documents, by name only; when even that is full, into one flag: reconcile again.

use std::collections::{BTreeSet, VecDeque};

use dunlin_model::DocHash;

use super::event::DocUpdate;
use crate::limits::{BATCH_BYTES, DIRTY_DOCUMENTS, LIVE_QUEUE_BYTES};

/// Bookkeeping of one waiting update, in bytes: its slot in the queue and its allocations.
const OVERHEAD: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Live {
    active: bool,
    queue: VecDeque<DocUpdate>,
    bytes: usize,
    dirty: BTreeSet<DocHash>,
    again: bool,
}

impl Live {
    /// Starts to remember changes: from here on nothing is missed.
    pub(super) fn subscribe(&mut self) {
        self.active = true;
    }

    pub(super) fn push(&mut self, update: &DocUpdate) {
        if !self.active || self.again {
            return;
        }
        let document = (!self.dirty.is_empty()).then(|| update.doc.hash());
        if document.is_some_and(|document| self.dirty.contains(&document)) {
            return;
        }
        self.bytes += cost(update);
        self.queue.push_back(update.clone());
        if self.bytes > LIVE_QUEUE_BYTES {
            self.collapse();
        }
    }

    /// Marks a document as changed without its update.
    pub(super) fn mark(&mut self, document: DocHash) {
        if self.active && !self.again {
            self.dirty.insert(document);
            self.bound();
        }
    }

    /// Takes the next updates that fit into one frame.
    pub(super) fn take_updates(&mut self) -> Vec<DocUpdate> {
        let mut bytes = 0;
        let fitting = self.queue.iter().take_while(|update| {
            bytes += cost(update);
            bytes <= BATCH_BYTES
        });
        let count = fitting.count();
        let taken: Vec<_> = self.queue.drain(..count).collect();
        self.bytes -= taken.iter().map(cost).sum::<usize>();
        taken
    }

    /// Takes the names of the documents that changed while the peer was slow.
    pub(super) fn take_dirty(&mut self) -> Vec<DocHash> {
        std::mem::take(&mut self.dirty).into_iter().collect()
    }

    /// Takes the flag that only another reconciliation can tell what changed; changes are
    /// remembered again from here on.
    pub(super) fn take_again(&mut self) -> bool {
        std::mem::take(&mut self.again)
    }

    /// Forgets everything: the peer will not take it.
    pub(super) fn clear(&mut self) {
        *self = Self { active: self.active, ..Self::default() };
    }

    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn dirty(&self) -> usize {
        self.dirty.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.dirty.is_empty() && !self.again
    }

    fn collapse(&mut self) {
        self.dirty.extend(self.queue.iter().map(|update| update.doc.hash()));
        self.queue = VecDeque::new();
        self.bytes = 0;
        self.bound();
    }

    fn bound(&mut self) {
        if self.dirty.len() > DIRTY_DOCUMENTS {
            *self = Self { active: self.active, again: true, ..Self::default() };
        }
    }

    #[cfg(test)]
    fn held_bytes(&self) -> usize {
        // A BTreeSet's leaves are at least half full.
        self.bytes + self.dirty.len() * 2 * size_of::<DocHash>()
    }
}

fn cost(update: &DocUpdate) -> usize {
    let name = update.doc.collection.as_str().len() + update.doc.key.as_str().len();
    update.update.len() + name + OVERHEAD
}

#[cfg(test)]
mod tests {
    use dunlin_model::DocId;

    use super::*;

    fn update(name: usize, length: usize) -> DocUpdate {
        DocUpdate {
            doc: DocId::parse("tasks", &name.to_string()).unwrap(),
            generation: 0,
            state_vector: None,
            digest: None,
            update: vec![0; length].into(),
        }
    }

    #[test]
    fn before_subscribing_nothing_waits() {
        let mut live = Live::default();
        live.push(&update(1, 10));
        assert!(live.is_empty());
    }

    #[test]
    fn a_hundred_thousand_edits_of_a_slow_peer_stay_within_sixty_four_kilobytes() {
        for documents in [1, 10, 900, 5_000, 100_000] {
            let mut live = Live::default();
            live.subscribe();
            for edit in 0..100_000 {
                live.push(&update(edit % documents, 30));
                assert!(live.held_bytes() <= 64_000);
            }
            assert_eq!(live.again, documents > DIRTY_DOCUMENTS);
            if documents <= DIRTY_DOCUMENTS {
                let mut named: BTreeSet<_> = live.take_dirty().into_iter().collect();
                named.extend(live.take_updates().iter().map(|update| update.doc.hash()));
                assert_eq!(named.len(), documents);
            }
        }
    }

    #[test]
    fn a_large_update_waits_by_name_only() {
        let mut live = Live::default();
        live.subscribe();
        live.push(&update(1, 1 << 20));
        assert_eq!((live.queued(), live.dirty()), (0, 1));
        assert!(live.held_bytes() < 100);
    }

    #[test]
    fn after_the_flag_is_taken_changes_are_remembered_again() {
        let mut live = Live::default();
        live.subscribe();
        for name in 0..2 * DIRTY_DOCUMENTS {
            live.push(&update(name, LIVE_QUEUE_BYTES));
        }
        assert!(live.take_again() && !live.take_again());
        live.push(&update(7, 10));
        assert_eq!(live.take_updates(), [update(7, 10)]);
        assert!(live.is_empty());
    }
}
