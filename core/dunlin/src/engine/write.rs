//! Local writes: one order becomes one delta, one projection and one row of the change feed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dunlin_model::{Change, DeviceId, DeviceKind, Digest, DocId, Document, EditError};
use dunlin_store::{self as store, Writer};

use super::{
    Committed, Desk, Identity, Operation, Order, documents::Open, outlets::Staged,
    project::project, refound::settle_journal, settle::settle_repeated, upkeep::is_overgrown,
};
use crate::error::{Code, Error, Result};

/// Who made a change, as the change feed tells it.
pub(super) struct Author {
    pub(super) device: DeviceId,
    pub(super) kind: DeviceKind,
    /// The connection it came by, if it was not made here.
    pub(super) link: Option<u64>,
    /// This device's clock.
    pub(super) time_ms: i64,
}

impl Desk {
    /// Carries out a batch of orders; the inner results are refusals that changed nothing, the
    /// outer one is a failure of the store, which ends the transaction.
    pub(super) fn write(
        &mut self,
        writer: &mut Writer<'_>,
        orders: &[Order],
    ) -> Result<Vec<Result<Committed>>> {
        if !self.may_write() {
            let denied = Error::denied(&self.identity.space_name);
            return Ok(orders.iter().map(|_| Err(denied.clone())).collect());
        }
        let mut committed = Vec::with_capacity(orders.len());
        for order in orders {
            let before = self.staged.len();
            committed.push(match self.write_one(writer, order) {
                // Only this document's stored bytes are damaged.
                Err(error) if error.code() == Code::Corrupt => Err(error.about(&order.doc)),
                outcome => outcome?,
            });
            if self.staged.len() > before {
                self.enter_writer(writer, &order.doc)?;
            }
        }
        Ok(committed)
    }

    fn write_one(&mut self, writer: &mut Writer<'_>, order: &Order) -> Result<Result<Committed>> {
        if let Operation::Refound = order.operation {
            return self.refound(writer, order);
        }
        if let Some(settled) = self.settle_note(writer, order)? {
            return Ok(settled);
        }
        let time_ms = self.clock.now_ms();
        let Identity { device, kind, .. } = self.identity;
        #[cfg(feature = "sabotage")]
        let saboteur = self.saboteur.clone();
        let open = self.open_in(writer, &order.doc)?;
        let changed = catch_unwind(AssertUnwindSafe(|| {
            perform(&mut open.document, &order.operation, time_ms)
        }));
        let refusal = match changed {
            Ok(Ok(change)) => {
                #[cfg(feature = "sabotage")]
                if !change.is_empty() && saboteur.drops_write() {
                    let (seq, version, paths) = (open.seq, open.document.version(), change.paths);
                    self.discard(&order.doc);
                    return Ok(Ok(Committed { id: order.doc.key.clone(), seq, version, paths }));
                }
                if change.is_empty() {
                    settle_repeated(open, writer, &order.operation)?;
                }
                let author = Author { device, kind, link: None, time_ms };
                let (committed, staged) = finish(open, writer, &order.doc, change, author)?;
                self.staged.extend(staged);
                return Ok(Ok(committed));
            }
            Ok(Err(refusal)) if !open.document.is_poisoned() => {
                return Ok(Err(Error::from(refusal).about(&order.doc)));
            }
            Ok(Err(refusal)) => Error::from(refusal),
            Err(_) => Error::internal("an edit panicked"),
        };
        self.discard(&order.doc);
        Ok(Err(refusal.about(&order.doc)))
    }
}

/// What a caller is told of its change of an open document; the change is written into the
/// transaction under way, unless it is empty.
pub(super) fn finish(
    open: &mut Open,
    writer: &mut Writer<'_>,
    doc: &DocId,
    change: Change,
    author: Author,
) -> Result<(Committed, Option<Staged>)> {
    let paths = change.paths.clone();
    let staged = match change.is_empty() {
        true => None,
        false => Some(stage(open, writer, doc, change, author, None)?),
    };
    let (id, version) = (doc.key.clone(), open.document.version());
    Ok((Committed { id, seq: open.seq, version, paths }, staged))
}

/// Writes a change of an open document into the transaction under way; with the digest that it
/// leaves, if that is known.
pub(super) fn stage(
    open: &mut Open,
    writer: &mut Writer<'_>,
    doc: &DocId,
    change: Change,
    author: Author,
    digest: Option<Digest>,
) -> Result<Staged> {
    let generation = open.document.generation();
    let Author { device, kind, link, time_ms } = author;
    if let (Some(row), None, true) = (open.row, link, open.is_journaled) {
        open.is_journaled = settle_journal(writer, row, &change.paths)?;
    }
    let origin = match link {
        None => store::Origin::Local,
        Some(_) => store::Origin::Remote,
    };
    let feed = store::Change { paths: change.paths, device, kind, origin, time_ms };
    let mut projection = project(open, doc, change.update.len());
    projection.has_conflicts |= open.is_journaled;
    let is_stale = projection.state == store::ProjectionState::Dirty;
    let commit = store::Commit { update: &change.update, projection, change: feed, digest };
    let seq = match open.row {
        Some(row) => {
            let seq = writer.append(row, commit)?;
            open.log.updates += 1;
            open.log.bytes += change.update.len() as u64;
            seq
        }
        None => {
            let (row, seq) = writer.create(doc, generation, commit)?;
            open.row = Some(row);
            seq
        }
    };
    if let (Some(row), false) = (open.row, change.gone.is_empty()) {
        let gone = change.gone.iter().map(|item| (item.path.as_str(), item.name.as_str()));
        writer.note_gone(row, gone)?;
    }
    open.seq = seq;
    open.document.committed(seq);
    Ok(Staged {
        doc: doc.clone(),
        generation,
        seq,
        update: change.update.into(),
        is_stale,
        from: link,
        is_overgrown: is_overgrown(&open.log, &open.document),
        unit: None,
    })
}

pub(super) fn perform(
    document: &mut Document,
    operation: &Operation,
    now: i64,
) -> Result<Change, EditError> {
    match operation {
        Operation::Insert(value) => document.insert(value, now),
        Operation::Merge { patch, base, list_keys } => {
            document.merge(patch, base.as_ref(), list_keys, now)
        }
        Operation::Replace { new, base, list_keys } => {
            document.replace(new, base.as_ref(), list_keys, now)
        }
        Operation::Edit { edits, base } => document.edit(edits, base.as_ref(), now),
        Operation::Save { stored, read, new, base, list_keys } => {
            document.save(stored, read, new, base.as_ref(), list_keys, now)
        }
        Operation::Delete { base } => document.delete(base.as_ref(), now),
        Operation::Restore => document.restore(now),
        Operation::Settle { conflict, decision, base } => {
            document.settle(*conflict, *decision, Some(base), now)
        }
        // Another document takes its place, which is no edit of this one.
        Operation::Refound => Ok(Change::default()),
    }
}
