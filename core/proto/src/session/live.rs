//! What has been committed here and waits for the peer: bounded, however slow the peer is.
//!
//! Updates wait as they are while they are few, those that were committed as one together. When they
//! exceed their bounds, all collapse into a set of documents, by name only; when even that is full,
//! into one flag: reconcile again.

use std::collections::{BTreeSet, VecDeque};

use dunlin_model::DocHash;

use super::event::DocUpdate;
use crate::limits::{BATCH_BYTES, BATCH_DOCUMENTS, DIRTY_DOCUMENTS, LIVE_QUEUE_BYTES, UNIT_BYTES};

/// Bookkeeping of one waiting update, in bytes: its slot in the queue and its allocations.
const OVERHEAD: usize = 200;
/// What an update takes in a frame beside itself and its name, in bytes.
const ENTRY: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Live {
    active: bool,
    /// Single updates, and several that were committed as one.
    queue: VecDeque<Vec<DocUpdate>>,
    /// Of the single ones.
    bytes: usize,
    /// Of the others.
    unit_bytes: usize,
    dirty: BTreeSet<DocHash>,
    again: bool,
}

/// What goes into one frame.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// Updates that stand alone.
    Each(Vec<DocUpdate>),
    /// Updates that were committed as one.
    Together(Vec<DocUpdate>),
}

impl Live {
    /// Starts to remember changes: from here on nothing is missed.
    pub(super) fn subscribe(&mut self) {
        self.active = true;
    }

    /// Remembers an update, or several that were committed as one.
    pub(super) fn push(&mut self, updates: &[DocUpdate]) {
        if !self.active || self.again {
            return;
        }
        let is_dirty = |update: &DocUpdate| self.dirty.contains(&update.doc.hash());
        if !self.dirty.is_empty() && updates.iter().any(is_dirty) {
            // All of it comes by name then.
            self.dirty.extend(updates.iter().map(|update| update.doc.hash()));
            return self.bound();
        }
        match updates {
            [update] => self.bytes += cost(update),
            _ => self.unit_bytes += cost_together(updates),
        }
        self.queue.push_back(updates.to_vec());
        let is_long = updates.len() > BATCH_DOCUMENTS;
        if is_long || self.bytes > LIVE_QUEUE_BYTES || self.unit_bytes > UNIT_BYTES {
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

    /// Takes the next updates that go into one frame.
    pub(super) fn take(&mut self) -> Option<Told> {
        if self.queue.front()?.len() > 1 {
            let together = self.queue.pop_front()?;
            self.unit_bytes -= cost_together(&together);
            return Some(Told::Together(together));
        }
        let mut bytes = 0;
        let fitting = self.queue.iter().take_while(|updates| {
            bytes += cost(&updates[0]);
            updates.len() == 1 && bytes <= BATCH_BYTES
        });
        let count = fitting.count();
        let taken: Vec<_> = self.queue.drain(..count).flatten().collect();
        self.bytes -= taken.iter().map(cost).sum::<usize>();
        Some(Told::Each(taken))
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
        self.queue.iter().map(Vec::len).sum()
    }

    pub(super) fn dirty(&self) -> usize {
        self.dirty.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.dirty.is_empty() && !self.again
    }

    fn collapse(&mut self) {
        self.dirty.extend(self.queue.iter().flatten().map(|update| update.doc.hash()));
        self.queue = VecDeque::new();
        (self.bytes, self.unit_bytes) = (0, 0);
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
        self.bytes + self.unit_bytes + self.dirty.len() * 2 * size_of::<DocHash>()
    }
}

fn cost(update: &DocUpdate) -> usize {
    let name = update.doc.collection.as_str().len() + update.doc.key.as_str().len();
    update.update.len() + name + OVERHEAD
}

fn cost_together(updates: &[DocUpdate]) -> usize {
    updates.iter().map(|update| cost(update) - OVERHEAD + ENTRY).sum()
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
        live.push(&[update(1, 10)]);
        assert!(live.is_empty());
    }

    #[test]
    fn a_hundred_thousand_edits_of_a_slow_peer_stay_within_sixty_four_kilobytes() {
        for documents in [1, 10, 900, 5_000, 100_000] {
            let mut live = Live::default();
            live.subscribe();
            for edit in 0..100_000 {
                live.push(&[update(edit % documents, 30)]);
                assert!(live.held_bytes() <= 64_000);
            }
            assert_eq!(live.again, documents > DIRTY_DOCUMENTS);
            if documents <= DIRTY_DOCUMENTS {
                let mut named: BTreeSet<_> = live.take_dirty().into_iter().collect();
                while let Some(Told::Each(updates)) = live.take() {
                    named.extend(updates.iter().map(|update| update.doc.hash()));
                }
                assert_eq!(named.len(), documents);
            }
        }
    }

    #[test]
    fn a_large_update_waits_by_name_only() {
        let mut live = Live::default();
        live.subscribe();
        live.push(&[update(1, 1 << 20)]);
        assert_eq!((live.queued(), live.dirty()), (0, 1));
        assert!(live.held_bytes() < 100);
    }

    #[test]
    fn after_the_flag_is_taken_changes_are_remembered_again() {
        let mut live = Live::default();
        live.subscribe();
        for name in 0..2 * DIRTY_DOCUMENTS {
            live.push(&[update(name, LIVE_QUEUE_BYTES)]);
        }
        assert!(live.take_again() && !live.take_again());
        live.push(&[update(7, 10)]);
        assert_eq!(live.take(), Some(Told::Each(vec![update(7, 10)])));
        assert!(live.is_empty());
    }

    #[test]
    fn what_was_committed_as_one_is_told_as_one_in_its_place() {
        let mut live = Live::default();
        live.subscribe();
        let unit = |count| (0..count).map(|name| update(name, 30)).collect::<Vec<_>>();
        live.push(&[update(1, 10)]);
        live.push(&unit(BATCH_DOCUMENTS));
        live.push(&[update(2, 10)]);
        live.push(&[update(3, 10)]);
        assert_eq!(live.queued(), 3 + BATCH_DOCUMENTS);
        assert_eq!(live.take(), Some(Told::Each(vec![update(1, 10)])));
        assert_eq!(live.take(), Some(Told::Together(unit(BATCH_DOCUMENTS))));
        assert_eq!(live.take(), Some(Told::Each(vec![update(2, 10), update(3, 10)])));
        assert_eq!((live.take(), live.held_bytes()), (None, 0));
    }

    #[test]
    fn what_is_too_large_to_be_told_as_one_or_partly_told_by_name_is_all_told_by_name() {
        let mut live = Live::default();
        live.subscribe();
        live.push(&[update(1, UNIT_BYTES), update(2, 1)]);
        assert_eq!((live.queued(), live.dirty()), (0, 2));
        live.push(&[update(2, 1), update(3, 1)]);
        assert_eq!((live.queued(), live.dirty()), (0, 3));
        live.take_dirty();
        let long: Vec<_> = (0..=BATCH_DOCUMENTS).map(|_| update(1, 1)).collect();
        live.push(&long);
        assert_eq!((live.queued(), live.dirty()), (0, 1));
    }

    #[test]
    fn units_that_wait_for_a_slow_peer_are_bounded() {
        let mut live = Live::default();
        live.subscribe();
        for edit in 0..10_000 {
            live.push(&[update(edit % 100, 300), update(100 + edit % 100, 300)]);
            assert!(live.held_bytes() <= UNIT_BYTES + 64_000);
        }
    }
}
