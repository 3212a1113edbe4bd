//! Group commit: the writes that wait at one moment share a transaction and its fsync.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dunlin_model::DocId;
use dunlin_proto::session::Outcome;
use dunlin_store::Writer;
use tokio::sync::mpsc;

use super::{Apply, Command, Committed, Desk, Engine, Write};
use crate::error::{Error, Result};

/// Most jobs in one transaction.
const MAX_JOBS: usize = 256;
/// Weight (orders, and kilobytes from peers) beyond which a transaction takes no further job.
const MAX_WEIGHT: usize = 2048;

/// A command that can share a transaction with others.
pub(crate) enum Job {
    Write(Write),
    Apply(Apply),
}

/// What a job will answer if the commit succeeds.
enum Answer {
    Write(Vec<Result<Committed>>),
    Apply(Vec<(DocId, Outcome)>),
}

impl Job {
    fn weight(&self) -> usize {
        match self {
            Self::Write(write) => write.orders.len(),
            Self::Apply(apply) => {
                apply.updates.iter().map(|update| 1 + update.update.len() / 1024).sum()
            }
        }
    }

    fn perform(&self, desk: &mut Desk, writer: &mut Writer<'_>) -> Result<Answer> {
        Ok(match self {
            Self::Write(write) => Answer::Write(desk.write(writer, &write.orders)?),
            Self::Apply(apply) => Answer::Apply(desk.apply(writer, apply)?),
        })
    }

    fn succeed(self, answer: Answer) {
        match (self, answer) {
            (Self::Write(write), Answer::Write(committed)) => (write.reply)(Ok(committed)),
            (Self::Apply(apply), Answer::Apply(outcomes)) => (apply.reply)(Ok(outcomes)),
            (job, _) => job.fail(Error::internal("an answer went to the wrong caller")),
        }
    }

    fn fail(self, error: Error) {
        match self {
            Self::Write(write) => (write.reply)(Err(error)),
            Self::Apply(apply) => (apply.reply)(Err(error)),
        }
    }
}

impl Engine {
    /// Commits a job together with those that wait behind it; returns the first command that
    /// cannot share the transaction.
    pub(super) fn commit_with_followers(
        &mut self,
        first: Job,
        queue: &mut mpsc::Receiver<Command>,
    ) -> Option<Command> {
        let mut weight = first.weight();
        let mut jobs = vec![first];
        let mut next = None;
        while jobs.len() < MAX_JOBS && weight < MAX_WEIGHT {
            let job = match queue.try_recv() {
                Ok(Command::Write(write)) => Job::Write(write),
                Ok(Command::Apply(apply)) => Job::Apply(apply),
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(_) => break,
            };
            weight += job.weight();
            jobs.push(job);
        }
        self.commit(jobs);
        next
    }

    /// One transaction; if it fails, each job is tried once more in a transaction of its own, so
    /// that nobody pays for a neighbour.
    fn commit(&mut self, jobs: Vec<Job>) {
        let attempted = catch_unwind(AssertUnwindSafe(|| self.attempt(&jobs)));
        let attempted = attempted.unwrap_or_else(|_| {
            self.desk.abandon();
            Err(Error::internal("a commit panicked"))
        });
        match attempted {
            Ok(answers) => {
                for (job, answer) in jobs.into_iter().zip(answers) {
                    job.succeed(answer);
                }
            }
            Err(_) if jobs.len() > 1 && !self.outlets.is_hurried() => {
                for job in jobs {
                    self.commit(vec![job]);
                }
            }
            Err(error) => {
                tracing::warn!(code = %error.code(), "a commit failed: {}", error.reason());
                for job in jobs {
                    job.fail(error.clone());
                }
            }
        }
    }

    fn attempt(&mut self, jobs: &[Job]) -> Result<Vec<Answer>> {
        let Self { store, desk, .. } = self;
        let answers =
            store.write(|writer| jobs.iter().map(|job| job.perform(desk, writer)).collect());
        match answers {
            Ok(answers) => {
                self.announce();
                Ok(answers)
            }
            Err(error) => {
                self.desk.abandon();
                Err(error)
            }
        }
    }

    /// Tells observers and peers what has just become durable.
    fn announce(&mut self) {
        let staged = std::mem::take(&mut self.desk.staged);
        if staged.is_empty() {
            return;
        }
        for commit in &staged {
            if commit.is_stale {
                self.outlets.set_stale(true);
            }
            if commit.is_overgrown {
                self.overgrown.insert(commit.doc.clone());
            }
        }
        self.outlets.announce(staged);
    }
}
