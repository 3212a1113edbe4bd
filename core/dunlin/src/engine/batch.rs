//! Group commit: the writes that wait at one moment share a transaction and its fsync.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Engine, job::Job, lanes::Lanes, slice::Slice};
use crate::error::{Error, Result};

impl Engine {
    /// Commits a job together with those that wait behind it in its lane, for one slice; what is
    /// left of the last one goes back to its lane.
    pub(super) fn commit_with_followers(&mut self, first: Job, lanes: &mut Lanes) {
        let mut jobs = vec![first];
        let followers = |jobs: &mut Vec<Job>| match lanes.follower(&jobs[0]) {
            Some(job) => {
                jobs.push(job);
                true
            }
            None => false,
        };
        let committed = self.commit(&mut jobs, followers);
        for job in &jobs {
            if let Some(peer) = job.peer() {
                lanes.charge(peer, job.cost());
            }
        }
        let alone = jobs.len() == 1 || self.outlets.is_hurried();
        match committed {
            Ok(()) => jobs.into_iter().filter_map(Job::committed).for_each(|job| lanes.resume(job)),
            // Each is tried once more by itself, so that nobody pays for a neighbour.
            Err(_) if !alone => jobs.into_iter().for_each(|job| self.commit_alone(job, lanes)),
            Err(error) => fail(jobs, &error),
        }
    }

    /// Commits a job to its end, in transactions of its own; or until it has to wait.
    fn commit_alone(&mut self, job: Job, lanes: &mut Lanes) {
        let mut jobs = vec![job];
        while jobs.iter().any(|job| !job.is_kept_out()) {
            match self.commit(&mut jobs, |_| false) {
                Ok(()) => jobs = jobs.into_iter().filter_map(Job::committed).collect(),
                Err(error) => return fail(jobs, &error),
            }
        }
        jobs.into_iter().for_each(|job| lanes.resume(job));
    }

    /// One transaction; if it fails, no job has got anywhere in it.
    fn commit(
        &mut self,
        jobs: &mut Vec<Job>,
        followers: impl FnMut(&mut Vec<Job>) -> bool,
    ) -> Result<()> {
        let attempted = catch_unwind(AssertUnwindSafe(|| self.attempt(jobs, followers)));
        let attempted = attempted.unwrap_or_else(|_| Err(Error::internal("a commit panicked")));
        match &attempted {
            Ok(()) => self.announce(),
            Err(_) => {
                self.desk.abandon();
                jobs.iter_mut().for_each(Job::rewind);
            }
        }
        attempted
    }

    fn attempt(
        &mut self,
        jobs: &mut Vec<Job>,
        mut followers: impl FnMut(&mut Vec<Job>) -> bool,
    ) -> Result<()> {
        let Self { store, desk, .. } = self;
        store.write(|writer| {
            // Begun where the file is ours: waiting for another process is no work.
            let (mut slice, mut next) = (Slice::begin(), 0);
            loop {
                jobs[next].perform(desk, writer, &mut slice)?;
                next += 1;
                // Behind one that has to wait may stand what builds on it.
                let is_over = slice.is_spent() || jobs[next - 1].is_kept_out();
                if is_over || next == jobs.len() && !followers(jobs) {
                    return Ok(());
                }
            }
        })
    }

    /// Tells observers and peers what has just become durable.
    fn announce(&mut self) {
        let staged = std::mem::take(&mut self.desk.staged);
        if staged.is_empty() {
            return;
        }
        self.desk.turns.note_commits(&staged);
        for commit in &staged {
            if commit.is_stale {
                self.outlets.set_stale(true);
            }
            if commit.is_overgrown {
                self.overgrown.insert(commit.doc.clone());
            }
            if commit.doc.collection.is_system() {
                self.books = None;
            }
        }
        self.outlets.announce(staged);
    }
}

fn fail(jobs: Vec<Job>, error: &Error) {
    tracing::warn!(code = %error.code(), "a commit failed: {}", error.reason());
    for job in jobs {
        job.fail(error.clone());
    }
}
