//! Work that can share a transaction with others, and be spread over several.

use std::time::Duration;

use dunlin_model::DocId;
use dunlin_proto::session::Outcome;
use dunlin_store::Writer;
use tokio::time::Instant;

use super::{Apply, Command, Committed, Desk, Write, slice::Slice};
use crate::error::{Error, Result};

/// A command that is being carried out, a part at a time: each order or update stands alone.
pub(crate) struct Job {
    work: Work,
    /// Parts whose transactions have been committed.
    committed: usize,
    /// What the last slice cost.
    cost: Duration,
}

enum Work {
    Write(Write, Vec<Result<Committed>>),
    Apply(Apply, Vec<(DocId, Outcome)>),
}

impl Work {
    fn parts(&self) -> usize {
        match self {
            Self::Write(write, _) => write.orders.len(),
            Self::Apply(apply, _) => apply.updates.len(),
        }
    }

    fn done(&self) -> usize {
        match self {
            Self::Write(_, answers) => answers.len(),
            Self::Apply(_, answers) => answers.len(),
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

impl Job {
    fn new(work: Work) -> Self {
        Self { work, committed: 0, cost: Duration::ZERO }
    }

    /// Whose it is; none for local writes.
    pub(super) fn peer(&self) -> Option<dunlin_model::DeviceId> {
        match &self.work {
            Work::Write(..) => None,
            Work::Apply(apply, _) => Some(apply.from.device),
        }
    }

    /// What the last slice cost.
    pub(super) fn cost(&self) -> Duration {
        self.cost
    }

    /// Carries out parts until the slice is spent, at least one.
    pub(super) fn perform(
        &mut self,
        desk: &mut Desk,
        writer: &mut Writer<'_>,
        slice: &mut Slice,
    ) -> Result<()> {
        let start = Instant::now();
        slice.join();
        while self.work.done() < self.work.parts() {
            match &mut self.work {
                Work::Write(write, answers) => {
                    let next = answers.len();
                    answers.extend(desk.write(writer, &write.orders[next..=next])?);
                    slice.add(1);
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
        }
    }

    /// Answers the caller, if that was all; otherwise the command that goes on.
    pub(super) fn committed(mut self) -> Option<Command> {
        self.committed = self.work.done();
        if self.committed < self.work.parts() {
            return Some(Command::Job(self));
        }
        match self.work {
            Work::Write(write, answers) => (write.reply)(Ok(answers)),
            Work::Apply(apply, answers) => (apply.reply)(Ok(answers)),
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
        }
    }
}
