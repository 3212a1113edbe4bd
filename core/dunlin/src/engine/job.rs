//! Work that can share a transaction with others, and be spread over several.

use std::time::Duration;

use dunlin_model::DocId;
use dunlin_proto::session::Outcome;
use dunlin_store::Writer;
use tokio::time::Instant;

use super::{Apply, Attempt, Committed, Desk, Together, Turns, Write, slice::Slice, turns::Party};
use crate::error::{Error, Result};

/// A command that is being carried out, a part at a time: each order or update stands alone.
pub(crate) struct Job {
    work: Work,
    /// Parts whose transactions have been committed.
    committed: usize,
    /// What the last slice cost.
    cost: Duration,
    /// Whether its next part has to wait until somebody's turn is over.
    is_kept_out: bool,
}

enum Work {
    Write(Write, Vec<Result<Committed>>),
    Apply(Apply, Vec<(DocId, Outcome)>),
    Together(Together, Option<Result<Attempt>>),
}

impl Work {
    fn parts(&self) -> usize {
        match self {
            Self::Write(write, _) => write.orders.len(),
            Self::Apply(apply, _) => apply.updates.len(),
            Self::Together(..) => 1,
        }
    }

    fn done(&self) -> usize {
        match self {
            Self::Write(_, answers) => answers.len(),
            Self::Apply(_, answers) => answers.len(),
            Self::Together(_, answer) => usize::from(answer.is_some()),
        }
    }

    /// Whether the next part writes what somebody has read whose turn it is.
    fn is_kept_out(&self, turns: &Turns) -> bool {
        match self {
            Self::Write(write, answers) => {
                turns.keeps_out(Party::Local, &write.orders[answers.len()].doc)
            }
            Self::Apply(apply, _) if apply.is_unit => {
                apply.updates.iter().any(|update| turns.keeps_out(Party::Peer, &update.doc))
            }
            Self::Apply(apply, answers) => {
                turns.keeps_out(Party::Peer, &apply.updates[answers.len()].doc)
            }
            Self::Together(..) => false,
        }
    }
}

impl From<Write> for Job {
    fn from(write: Write) -> Self {
        Self::new(Work::Write(write, Vec::new()))
    }
}

impl From<Apply> for Job {
    fn from(apply: Apply) -> Self {
        Self::new(Work::Apply(apply, Vec::new()))
    }
}

impl From<Together> for Job {
    fn from(unit: Together) -> Self {
        Self::new(Work::Together(unit, None))
    }
}

impl Job {
    fn new(work: Work) -> Self {
        Self { work, committed: 0, cost: Duration::ZERO, is_kept_out: false }
    }

    /// Whose it is; none for local writes.
    pub(super) fn peer(&self) -> Option<dunlin_model::DeviceId> {
        match &self.work {
            Work::Write(..) | Work::Together(..) => None,
            Work::Apply(apply, _) => Some(apply.from.device),
        }
    }

    /// Whether its next part has to wait until somebody's turn is over.
    pub(super) fn is_kept_out(&self) -> bool {
        self.is_kept_out
    }

    /// What the last slice cost.
    pub(super) fn cost(&self) -> Duration {
        self.cost
    }

    /// Carries out parts until the slice is spent, at least one unless that has to wait.
    pub(super) fn perform(
        &mut self,
        desk: &mut Desk,
        writer: &mut Writer<'_>,
        slice: &mut Slice,
    ) -> Result<()> {
        let start = Instant::now();
        slice.join();
        while self.work.done() < self.work.parts() {
            self.is_kept_out = self.work.is_kept_out(&desk.turns);
            if self.is_kept_out {
                break;
            }
            match &mut self.work {
                Work::Write(write, answers) => {
                    let next = answers.len();
                    answers.extend(desk.write(writer, &write.orders[next..=next])?);
                    slice.add(1);
                }
                Work::Apply(apply, answers) if apply.is_unit => {
                    *answers = desk.apply_together(writer, apply)?;
                    let bytes: usize = apply.updates.iter().map(|it| it.update.len()).sum();
                    slice.add(apply.updates.len() + bytes / 1024);
                }
                Work::Together(unit, answer) => {
                    *answer = Some(desk.write_together(writer, unit)?);
                    slice.add(unit.orders.len());
                }
                Work::Apply(apply, answers) => {
                    let next = answers.len();
                    answers.extend(desk.apply(writer, apply, &apply.updates[next..=next])?);
                    slice.add(1 + apply.updates[next].update.len() / 1024);
                }
            }
            if slice.is_spent() {
                break;
            }
        }
        self.cost = start.elapsed();
        Ok(())
    }

    /// Forgets what a transaction that failed has answered.
    pub(super) fn rewind(&mut self) {
        match &mut self.work {
            Work::Write(_, answers) => answers.truncate(self.committed),
            Work::Apply(_, answers) => answers.truncate(self.committed),
            Work::Together(_, answer) => *answer = None,
        }
    }

    /// Answers the caller, if that was all; otherwise the job that goes on.
    pub(super) fn committed(mut self) -> Option<Self> {
        self.committed = self.work.done();
        if self.committed < self.work.parts() {
            return Some(self);
        }
        match self.work {
            Work::Write(write, answers) => (write.reply)(Ok(answers)),
            Work::Apply(apply, answers) => (apply.reply)(Ok(answers)),
            Work::Together(unit, Some(answer)) => (unit.reply)(answer),
            Work::Together(_, None) => {}
        }
        None
    }

    /// Answers that it failed: what was committed before stays.
    pub(super) fn fail(self, error: Error) {
        match self.work {
            Work::Write(write, mut answers) if self.committed > 0 => {
                answers.resize_with(write.orders.len(), || Err(error.clone()));
                (write.reply)(Ok(answers));
            }
            Work::Write(write, _) => (write.reply)(Err(error)),
            Work::Apply(apply, _) => (apply.reply)(Err(error)),
            Work::Together(unit, _) => (unit.reply)(Err(error)),
        }
    }
}
