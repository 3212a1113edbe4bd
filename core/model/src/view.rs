//! What a document's entries say, resolved: one value a path, and what lost against it.

mod resolve;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    entry::{Body, Marker},
    item::{ItemId, Position},
    path::RegisterPath,
    registers::{Registers, Stamp},
    value::Value,
};

/// The root texts and counters that some live entry names.
type Named = BTreeSet<(RegisterPath, u32)>;

/// A resolved document, without the content of its texts.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) root: Node,
    pub(crate) losers: Vec<Loser>,
    pub(crate) texts: Named,
    pub(crate) counters: Named,
}

/// A resolved register.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) path: RegisterPath,
    /// The latest write that speaks for what is here.
    pub(crate) stamp: Option<Stamp>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Absent,
    Scalar(Value),
    Text(u32),
    Counter(u32, i64),
    List(Vec<Item>),
    Object(BTreeMap<String, Node>),
}

impl Kind {
    /// Whether two concurrent writes of these kinds are no conflict.
    fn merges_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::Counter(left, _), Self::Counter(right, _)) => left == right,
            (Self::Scalar(left), Self::Scalar(right)) => left == right,
            _ => false,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) id: ItemId,
    pub(crate) position: Position,
    pub(crate) node: Node,
}

/// What a concurrent writer wrote and readers do not see.
#[derive(Clone, Debug)]
pub(crate) struct Loser {
    pub(crate) node: Node,
    pub(crate) stamp: Option<Stamp>,
}

impl Node {
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self.kind, Kind::Absent)
    }
}

impl View {
    pub(crate) fn new(registers: &Registers) -> Self {
        let mut view = resolve::resolve(registers);
        view.add_late_increments(registers);
        view
    }

    /// Increments of a counter that somebody removed or reset without having seen them.
    fn add_late_increments(&mut self, registers: &Registers) {
        let mut late: BTreeMap<(RegisterPath, u32), (i64, Stamp)> = BTreeMap::new();
        for stored in registers.iter() {
            let (Marker::Subtotal(epoch), Body::Subtotal { plus, minus }) =
                (stored.key.marker, &stored.entry.body)
            else {
                continue;
            };
            let counter = (stored.key.path.clone(), epoch);
            if !self.counters.contains(&counter) {
                let sum = late.entry(counter).or_insert((0, stored.stamp()));
                sum.0 = sum.0.saturating_add(plus - minus);
                sum.1 = sum.1.max(stored.stamp());
            }
        }
        for ((path, epoch), (sum, stamp)) in late {
            let node = Node { kind: Kind::Counter(epoch, sum), path, stamp: Some(stamp) };
            self.losers.push(Loser { node, stamp: Some(stamp) });
        }
    }
}
