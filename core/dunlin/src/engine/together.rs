//! Several documents at once: what a turn writes, and what a peer wrote as one. All or nothing.

use std::{collections::BTreeMap, sync::Arc};

use dunlin_model::DocId;
use dunlin_proto::session::Outcome;
use dunlin_store::Writer;

use super::{Apply, Committed, Desk, Order, Reply, turns::Run};
use crate::error::{Error, Result};

/// What a run of a turn wants to write.
pub(crate) struct Together {
    pub(crate) run: Run,
    pub(crate) orders: Vec<Arc<Order>>,
    pub(crate) reply: Reply<Attempt>,
}

/// What became of it.
#[derive(Clone, PartialEq, Debug)]
pub enum Attempt {
    /// It is on disk, all of it: an answer for each write, in order.
    Committed(Vec<Committed>),
    /// Something that was read has changed since: nothing was written, and another run has begun.
    Again,
}

/// Why nothing of a unit stays.
enum Undone {
    /// A write is refused, or the turn is over.
    Refused(Error),
    Overtaken,
}

/// Sequence numbers of one document: its last before the unit, and those of the unit's changes.
struct Numbers {
    before: i64,
    own: Vec<i64>,
}

impl Desk {
    /// Carries out what a turn wants to write: all of it, or nothing. The inner error is a refusal
    /// that changed nothing, the outer one is a failure of the store.
    pub(super) fn write_together(
        &mut self,
        writer: &mut Writer<'_>,
        unit: &Together,
    ) -> Result<Result<Attempt>> {
        // What is in the same transaction before it is no less than committed.
        self.turns.note_commits(&self.staged);
        match self.turns.is_overtaken(unit.run) {
            Ok(false) => {}
            Ok(true) => return Ok(Ok(Attempt::Again)),
            Err(busy) => return Ok(Err(busy)),
        }
        let docs = unit.orders.iter().map(|order| &order.doc);
        Ok(match self.as_one(writer, docs, |desk, writer| desk.write_all(writer, unit))? {
            Ok(committed) => Ok(Attempt::Committed(committed)),
            Err(Undone::Refused(error)) => Err(error),
            Err(Undone::Overtaken) => Ok(Attempt::Again),
        })
    }

    /// Does something to documents as one unit. Of what ends with an inner error, its reason, nothing
    /// stays, neither in the store nor in memory.
    fn as_one<'a, T, Reason>(
        &mut self,
        writer: &mut Writer<'_>,
        docs: impl Iterator<Item = &'a DocId>,
        work: impl FnOnce(&mut Self, &mut Writer<'_>) -> Result<Result<T, Reason>>,
    ) -> Result<Result<T, Reason>> {
        let (staged, mut undone) = (self.staged.len(), None);
        let done = writer.unit(|writer| {
            work(self, writer)?.map_err(|reason| {
                undone = Some(reason);
                Error::internal("undone")
            })
        });
        let reason = match (done, undone) {
            (Ok((done, first)), _) => {
                self.staged[staged..].iter_mut().for_each(|commit| commit.unit = Some(first));
                return Ok(Ok(done));
            }
            (Err(_), Some(reason)) => reason,
            (Err(error), None) => return Err(error),
        };
        self.staged.drain(staged..).for_each(|commit| self.open.remove(&commit.doc));
        docs.for_each(|doc| self.open.remove(doc));
        // The writers' book may have been among it; who is in there already is seen by a look.
        self.entered.clear();
        Ok(Err(reason))
    }

    fn write_all(
        &mut self,
        writer: &mut Writer<'_>,
        unit: &Together,
    ) -> Result<Result<Vec<Committed>, Undone>> {
        let mut numbers: BTreeMap<&DocId, Numbers> = BTreeMap::new();
        let mut committed = Vec::with_capacity(unit.orders.len());
        for order in &unit.orders {
            if !numbers.contains_key(&order.doc) {
                let open = self.open_in(writer, &order.doc)?;
                let (before, writer) = (open.seq, open.document.incarnation());
                match self.turns.shown_with(unit.run, &order.doc) {
                    // What it was shown with would be another writer's.
                    Ok(Some(other)) if other != writer => return Ok(Err(Undone::Overtaken)),
                    Ok(_) => {}
                    Err(busy) => return Ok(Err(Undone::Refused(busy))),
                }
                numbers.insert(&order.doc, Numbers { before, own: Vec::new() });
            }
            let Some(numbers) = numbers.get_mut(&order.doc) else { continue };
            let Numbers { before, own } = numbers;
            let replaced = order.with_real_base(*before, own);
            let order = replaced.as_ref().unwrap_or(order);
            let last = own.last().copied().unwrap_or(*before);
            for answer in self.write(writer, std::slice::from_ref(order))? {
                match answer {
                    Ok(answer) => {
                        own.extend((answer.seq > last).then_some(answer.seq));
                        committed.push(answer);
                    }
                    Err(refusal) => return Ok(Err(Undone::Refused(refusal))),
                }
            }
        }
        Ok(Ok(committed))
    }

    /// Applies what a peer committed as one: all of it, or nothing. If something of it cannot be
    /// applied, the outcome says so for that document, and `Undone` for the others.
    pub(super) fn apply_together(
        &mut self,
        writer: &mut Writer<'_>,
        apply: &Apply,
    ) -> Result<Vec<(DocId, Outcome)>> {
        let docs = apply.updates.iter().map(|update| &update.doc);
        let applied = self.as_one(writer, docs, |desk, writer| {
            let mut outcomes = Vec::with_capacity(apply.updates.len());
            for (index, update) in apply.updates.iter().enumerate() {
                match desk.attempt(writer, apply, update)? {
                    Ok(outcome @ Outcome::Applied { .. }) => {
                        outcomes.push((update.doc.clone(), outcome));
                    }
                    other => return Ok(Err((index, other))),
                }
            }
            Ok(Ok(outcomes))
        })?;
        let (index, other) = match applied {
            Ok(outcomes) => return Ok(outcomes),
            Err(stopped) => stopped,
        };
        let update = &apply.updates[index];
        let outcome = match other {
            Ok(outcome) => outcome,
            Err(refused) => self.refuse(writer, apply, update, refused)?,
        };
        let undone = apply.updates.iter().map(|update| (update.doc.clone(), Outcome::Undone));
        let mut outcomes: Vec<_> = undone.collect();
        outcomes[index].1 = outcome;
        Ok(outcomes)
    }
}

impl Order {
    /// The order with the sequence number that its base has come to have, if that was read behind
    /// changes that had none yet: those count up from the document's last one.
    fn with_real_base(&self, before: i64, own: &[i64]) -> Option<Self> {
        let seq = self.operation.base()?.seq;
        let behind = usize::try_from(seq - before - 1).ok()?;
        let mut operation = self.operation.clone();
        operation.base_mut()?.seq = *own.get(behind)?;
        Some(Self { doc: self.doc.clone(), operation })
    }
}

#[cfg(test)]
mod tests;
