//! What one run of a transaction means to write, and how much that may be.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
};

use dunlin_model::{DocId, Edit, Value};

use crate::{
    engine::{Operation, Order},
    error::{Code, Error, Result},
    lock::lock,
};

/// Most documents that one transaction reads or writes.
pub const MAX_TRANSACTION_DOCUMENTS: usize = 1000;
/// Most writes in one transaction; a document may be written several times.
pub const MAX_TRANSACTION_WRITES: usize = 4000;
/// Most that one transaction writes, in bytes of JSON.
pub const MAX_TRANSACTION_BYTES: usize = 8 << 20;

#[derive(Default)]
pub(super) struct Staged(Mutex<Content>);

#[derive(Default)]
struct Content {
    orders: Vec<Arc<Order>>,
    documents: BTreeSet<DocId>,
    bytes: usize,
}

impl Staged {
    /// Counts a document that is read.
    pub(super) fn note_read(&self, doc: &DocId) -> Result<()> {
        self.content().count(doc)
    }

    pub(super) fn add(&self, doc: DocId, operation: Operation) -> Result<()> {
        let mut content = self.content();
        let bytes = content.bytes + length(&operation);
        if bytes > MAX_TRANSACTION_BYTES {
            return Err(too_much("8 MiB of JSON"));
        }
        if content.orders.len() >= MAX_TRANSACTION_WRITES {
            return Err(too_much("4,000 writes"));
        }
        content.count(&doc)?;
        content.bytes = bytes;
        content.orders.push(Arc::new(Order { doc, operation }));
        Ok(())
    }

    /// What is meant for one document, in order.
    pub(super) fn orders_of(&self, doc: &DocId) -> Vec<Arc<Order>> {
        let content = self.content();
        content.orders.iter().filter(|order| order.doc == *doc).cloned().collect()
    }

    /// All that is meant, in order.
    pub(super) fn orders(&self) -> Vec<Arc<Order>> {
        self.content().orders.clone()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        lock(&self.0)
    }
}

impl Content {
    fn count(&mut self, doc: &DocId) -> Result<()> {
        if self.documents.contains(doc) {
            return Ok(());
        }
        if self.documents.len() >= MAX_TRANSACTION_DOCUMENTS {
            return Err(too_much("1,000 documents"));
        }
        self.documents.insert(doc.clone());
        Ok(())
    }
}

fn too_much(bound: &str) -> Error {
    let reason = format!("a transaction has at most {bound}");
    Error::new(Code::LimitExceeded, reason, "make several transactions of it")
}

fn length(operation: &Operation) -> usize {
    match operation {
        Operation::Insert(value)
        | Operation::Merge { patch: value, .. }
        | Operation::Replace { new: value, .. }
        | Operation::Save { new: value, .. } => length_of(value),
        Operation::Edit { edits, .. } => edits.iter().map(length_of_edit).sum(),
        Operation::Delete { .. }
        | Operation::Restore
        | Operation::Settle { .. }
        | Operation::Refound => 0,
    }
}

fn length_of_edit(edit: &Edit) -> usize {
    let content = match edit {
        Edit::Set { value, .. } | Edit::Insert { value, .. } => length_of(value),
        Edit::Splice { insert, .. } => insert.len(),
        Edit::Add { element, .. } | Edit::Discard { element, .. } => length_of(element.value()),
        Edit::Remove { .. }
        | Edit::Increment { .. }
        | Edit::Move { .. }
        | Edit::DeleteItem { .. } => 0,
    };
    edit.path().to_string().len() + content
}

fn length_of(value: &Value) -> usize {
    value.to_tagged_json().to_string().len()
}
