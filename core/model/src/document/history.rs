//! Recent changes of an open document, to map indices that were read at an older version.

use std::collections::{BTreeMap, VecDeque};

use yrs::{Any, Out, types::Delta};

use super::picture::Splice;
use crate::{
    item::ItemId,
    path::RegisterPath,
    view::{Kind, Node, View},
};

/// Most changes remembered; older versions are stale.
const MAX_RECORDS: usize = 4096;
/// Longest list whose order is remembered.
const MAX_LIST: usize = 4096;

/// The order of every list of a document.
pub(super) type ListOrders = BTreeMap<RegisterPath, Vec<ItemId>>;

#[derive(Debug)]
enum Record {
    Text((RegisterPath, u32), Vec<Splice>),
    /// The order before the change; none if it is too long to keep.
    List(RegisterPath, Option<Vec<ItemId>>),
}

/// Changes since some sequence number.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Versions older than this are stale.
    floor: i64,
    durable: VecDeque<(i64, Record)>,
    /// Changes that have no sequence number yet.
    pending: Vec<Record>,
    forget: bool,
}

impl History {
    pub(super) fn since(seq: i64) -> Self {
        Self { floor: seq, ..Self::default() }
    }

    pub(super) fn text(&mut self, place: (RegisterPath, u32), splices: Vec<Splice>) {
        self.pending.push(Record::Text(place, splices));
    }

    /// Notes which lists have another order than before.
    pub(super) fn lists(&mut self, before: ListOrders, after: &ListOrders) {
        for (path, order) in before {
            if after.get(&path) != Some(&order) {
                self.pending.push(Record::List(path, (order.len() <= MAX_LIST).then_some(order)));
            }
        }
    }

    /// Makes all older versions stale.
    pub(super) fn forget(&mut self) {
        self.forget = true;
    }

    pub(super) fn commit(&mut self, seq: i64) {
        self.durable.extend(self.pending.drain(..).map(|record| (seq, record)));
        while self.durable.len() > MAX_RECORDS {
            if let Some((seq, _)) = self.durable.pop_front() {
                self.floor = seq;
            }
        }
        if std::mem::take(&mut self.forget) {
            self.floor = seq;
            self.durable.clear();
        }
    }

    fn since_version(&self, seq: i64) -> Option<impl Iterator<Item = &Record>> {
        let newer = self.durable.iter().filter(move |(at, _)| *at > seq).map(|(_, record)| record);
        (seq >= self.floor && !self.forget).then(|| newer.chain(&self.pending))
    }

    /// What happened to a text since a version, in order; none if that is not known any more.
    pub(super) fn text_since(&self, place: &(RegisterPath, u32), seq: i64) -> Option<Vec<Splice>> {
        let records = self.since_version(seq)?;
        let splices = records.filter_map(|record| match record {
            Record::Text(other, splices) if other == place => Some(splices),
            _ => None,
        });
        Some(splices.flatten().copied().collect())
    }

    /// The order of a list at a version if it has changed since: `Some(None)` if it has not, none
    /// if that is not known any more.
    pub(super) fn list_at(&self, path: &RegisterPath, seq: i64) -> Option<Option<Vec<ItemId>>> {
        let first = self.since_version(seq)?.find_map(|record| match record {
            Record::List(other, order) if other == path => Some(order.clone()),
            _ => None,
        });
        match first {
            None => Some(None),
            Some(None) => None,
            Some(order) => Some(order),
        }
    }
}

/// The order of every list in a view.
pub(super) fn list_orders(view: &View) -> ListOrders {
    fn collect(node: &Node, orders: &mut ListOrders) {
        match &node.kind {
            Kind::Object(fields) => fields.values().for_each(|field| collect(field, orders)),
            Kind::List(items) => {
                orders.insert(node.path.clone(), items.iter().map(|item| item.id).collect());
                items.iter().for_each(|item| collect(&item.node, orders));
            }
            _ => {}
        }
    }
    let mut orders = ListOrders::new();
    collect(&view.root, &mut orders);
    orders
}

/// What a yrs delta says, as replacements to make one after the other.
pub(super) fn splices(delta: &[Delta]) -> Vec<Splice> {
    let mut at = 0;
    let mut splices = Vec::new();
    for step in delta {
        match step {
            Delta::Retain(length, _) => at += length,
            Delta::Deleted(length) => splices.push(Splice { at, delete: *length, insert: 0 }),
            Delta::Inserted(content, _) => {
                let insert = match content {
                    Out::Any(Any::String(text)) => text.encode_utf16().count() as u32,
                    _ => 1,
                };
                splices.push(Splice { at, delete: 0, insert });
                at += insert;
            }
        }
    }
    splices
}
