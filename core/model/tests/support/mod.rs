//! Replicas of one document that meet when a test says so.
#![allow(unreachable_pub, clippy::unwrap_used, reason = "shared by several test files")]
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use dunlin_model::{
    Applied, Change, ConflictId, Decision, Document, Edit, EditError, Incarnation, ListKeys, Value,
    Version,
};
use serde_json::{Value as Json, json};

pub struct Device {
    pub document: Document,
    pub now_ms: i64,
    seq: i64,
    /// What items that are gone were, by their paths.
    pub gone: BTreeMap<String, String>,
}

impl Device {
    pub fn new(client: u64) -> Self {
        let incarnation = Incarnation::from_client(client).unwrap();
        Self {
            document: Document::new(incarnation),
            now_ms: 1_000 * client as i64,
            seq: 0,
            gone: BTreeMap::new(),
        }
    }

    pub fn note(&mut self) {
        self.seq += 1;
        self.document.committed(self.seq);
    }

    pub fn keep(&mut self, change: Change) -> Change {
        self.note();
        let gone = change.gone.iter().map(|item| (item.path.clone(), item.name.clone()));
        self.gone.extend(gone);
        change
    }

    pub fn put(&mut self, patch: Json) -> Change {
        let patch = Value::from_json(&patch).unwrap();
        let change = self.document.merge(&patch, None, &ListKeys::new(), self.now_ms).unwrap();
        self.keep(change)
    }

    pub fn edit(&mut self, edits: Json) -> Change {
        self.edit_at(edits, None)
    }

    pub fn edit_at(&mut self, edits: Json, base: Option<&Version>) -> Change {
        let edits = Edit::list_from_json(&edits).unwrap();
        let change = self.document.edit(&edits, base, self.now_ms).unwrap();
        self.keep(change)
    }

    pub fn delete(&mut self) {
        self.document.delete(None, self.now_ms).unwrap();
        self.note();
    }

    pub fn restore(&mut self) {
        self.document.restore(self.now_ms).unwrap();
        self.note();
    }

    /// Settles a conflict as this device sees it, having read the document as it is or as it was.
    pub fn settle(
        &mut self,
        conflict: ConflictId,
        decision: Decision,
        base: Option<&Version>,
    ) -> Result<Change, EditError> {
        let change = self.document.settle(conflict, decision, base, self.now_ms)?;
        Ok(self.keep(change))
    }

    pub fn pull(&mut self, other: &Self) {
        let diff = other.document.diff(&self.document.state_vector());
        if let Applied::Changed(change) = self.document.apply(&diff).unwrap() {
            self.keep(change);
        }
    }

    /// The same document, read back from its bytes by another process.
    pub fn restarted(&self, client: u64) -> Self {
        let incarnation = Incarnation::from_client(client).unwrap();
        let snapshot = self.document.snapshot();
        let document = Document::load(0, Some(&snapshot), &[], incarnation, self.seq).unwrap();
        Self { document, now_ms: self.now_ms, seq: self.seq, gone: self.gone.clone() }
    }

    pub fn json(&self) -> Json {
        self.document.value().to_json()
    }

    /// Of every conflict the item that is gone, if this device had it.
    pub fn gone_items(&self) -> Vec<Option<String>> {
        let mut conflicts = self.document.conflicts();
        self.document.name_items(&mut conflicts, |path| self.gone.get(path).cloned());
        conflicts.into_iter().map(|conflict| conflict.item).collect()
    }

    /// Path and plain value (or "absent") of every conflict.
    pub fn conflicts(&self) -> Json {
        self.document
            .conflicts()
            .into_iter()
            .map(|conflict| {
                let value = conflict.lost.value.map_or(json!("absent"), |value| value.to_json());
                json!([conflict.path, value])
            })
            .collect()
    }
}

/// Lets all devices meet until nobody has news, and checks that they agree.
pub fn meet(devices: &mut [Device]) {
    for _ in 0..2 {
        for from in 0..devices.len() {
            for to in 0..devices.len() {
                if from != to {
                    let (low, high) = devices.split_at_mut(from.max(to));
                    let (left, right) = (&mut low[from.min(to)], &mut high[0]);
                    if from < to { right.pull(left) } else { left.pull(right) }
                }
            }
        }
    }
    for device in &devices[1..] {
        assert_eq!(device.json(), devices[0].json());
        assert_eq!(device.conflicts(), devices[0].conflicts());
        assert_eq!(device.document.digest(), devices[0].document.digest());
        assert_eq!(device.document.is_deleted(), devices[0].document.is_deleted());
    }
    let reloaded = devices[0].restarted(999_999);
    assert_eq!(reloaded.json(), devices[0].json());
    assert_eq!(reloaded.conflicts(), devices[0].conflicts());
    assert_eq!(reloaded.document.digest(), devices[0].document.digest());
}
