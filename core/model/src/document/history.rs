//! Recent changes of an open document, to map indices that were read at an older version.

use std::collections::VecDeque;

use super::picture::Splice;
use crate::{entry::TextRoot, item::ItemId, path::RegisterPath, view::ListChange};

/// Most changes remembered; older versions are stale.
const MAX_RECORDS: usize = 4096;

#[derive(Debug)]
enum Record {
    Text(TextRoot, Vec<Splice>),
    /// What has become of a text is not known.
    TextLost(TextRoot),
    List(RegisterPath, ListChange),
    /// Lists below were replaced by others.
    ListsReplaced(RegisterPath),
}

/// Changes since some sequence number.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Versions older than this are stale.
    floor: i64,
    durable: VecDeque<(i64, Record)>,
    /// Changes that have no sequence number yet.
    pending: Vec<Record>,
}

impl History {
    pub(super) fn since(seq: i64) -> Self {
        Self { floor: seq, ..Self::default() }
    }

    pub(super) fn text(&mut self, root: TextRoot, splices: Vec<Splice>) {
        self.pending.push(Record::Text(root, splices));
    }

    /// Notes that indices of a text cannot be mapped over this change.
    pub(super) fn text_lost(&mut self, root: TextRoot) {
        self.pending.push(Record::TextLost(root));
    }

    /// Notes a change of a list's order.
    pub(super) fn list(&mut self, path: RegisterPath, change: ListChange) {
        self.pending.push(Record::List(path, change));
    }

    /// Notes that there are other lists below a path than before.
    pub(super) fn lists_replaced(&mut self, path: RegisterPath) {
        self.pending.push(Record::ListsReplaced(path));
    }

    /// How many changes have no sequence number yet.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Forgets changes that were taken back.
    pub(super) fn take_back(&mut self, pending: usize) {
        self.pending.truncate(pending);
    }

    pub(super) fn commit(&mut self, seq: i64) {
        self.durable.extend(self.pending.drain(..).map(|record| (seq, record)));
        while self.durable.len() > MAX_RECORDS {
            if let Some((seq, _)) = self.durable.pop_front() {
                self.floor = seq;
            }
        }
    }

    fn since_version(&self, seq: i64) -> Option<impl DoubleEndedIterator<Item = &Record> + Clone> {
        let first = self.durable.partition_point(|(at, _)| *at <= seq);
        let newer = self.durable.range(first..).map(|(_, record)| record);
        (seq >= self.floor).then(|| newer.chain(&self.pending))
    }

    /// What happened to a text since a version, in order; none if that is not known any more.
    pub(super) fn text_since(&self, root: &TextRoot, seq: i64) -> Option<Vec<Splice>> {
        let mut found = Vec::new();
        for record in self.since_version(seq)? {
            match record {
                Record::Text(other, splices) if other == root => found.extend(splices),
                Record::TextLost(other) if other == root => return None,
                _ => {}
            }
        }
        Some(found)
    }

    /// Whether a list has had another order since a version; true if that is not known any more.
    pub(super) fn has_list_changed(&self, path: &RegisterPath, seq: i64) -> bool {
        self.since_version(seq).is_none_or(|mut records| {
            records.any(|record| match record {
                Record::List(other, _) => other == path,
                Record::ListsReplaced(above) => above.is_above(path),
                _ => false,
            })
        })
    }

    /// The order of a list at a version, from its present one; none if that is not known any more.
    pub(super) fn list_at(
        &self,
        path: &RegisterPath,
        seq: i64,
        present: &[ItemId],
    ) -> Option<Vec<ItemId>> {
        let mut order = present.to_vec();
        for record in self.since_version(seq)?.rev() {
            match record {
                Record::ListsReplaced(above) if above.is_above(path) => return None,
                Record::List(other, change) if other == path => match change {
                    ListChange::Replaced(before) => order.clone_from(before),
                    ListChange::Inserted(at) if *at < order.len() => drop(order.remove(*at)),
                    ListChange::Removed(at, id) if *at <= order.len() => order.insert(*at, *id),
                    _ => return None,
                },
                _ => {}
            }
        }
        Some(order)
    }
}
