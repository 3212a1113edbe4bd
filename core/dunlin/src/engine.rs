//! One space's engine: its SQLite writer and its open documents, on one thread.
//!
//! Commands come in through two bounded queues: what this device's own callers want goes before
//! what peers cause. Writes that wait at the same moment share one transaction; callers, observers
//! and peers hear of a write only after its commit. Long work comes in slices, between which others
//! have their turn.

mod answers;
mod batch;
mod book;
mod budget;
mod command;
mod desk;
mod documents;
mod followers;
mod foreign;
mod handle;
mod job;
mod lanes;
mod listing;
mod outlets;
mod project;
mod read;
mod refound;
mod refresh;
#[cfg(feature = "sabotage")]
mod sabotage;
mod settle;
mod slice;
mod together;
mod turn;
mod turns;
mod upkeep;
mod write;

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use dunlin_model::DocId;
use dunlin_store::SpaceStore;
use tokio::task::yield_now;

use self::{book::Books, lanes::Lanes, outlets::Announcer, refresh::Rebuilt};
use crate::error::Result;

pub(crate) use self::{
    answers::{Full, Overview},
    command::{Apply, Command, Operation, Order, Origin, Reply, Write},
    desk::{Desk, Identity},
    followers::{Follower, Mark},
    handle::{EngineHandle, EngineOrigin, is_away},
    outlets::{Heads, Listener, Outlets},
    together::Together,
    turns::{Run, Turns},
};
pub use self::{command::Committed, together::Attempt};

/// Everything that one space's writer owns.
pub(crate) struct Engine {
    pub(crate) store: SpaceStore,
    desk: Desk,
    outlets: Announcer,
    /// Documents whose log has grown past the threshold of [`upkeep`].
    overgrown: BTreeSet<DocId>,
    /// When long projections were last rebuilt.
    rebuilt: Rebuilt,
    /// What the writers' books say, as long as that is known to be up to date.
    books: Option<Books>,
}

impl Engine {
    /// The thread of production: blocks while there is nothing to do.
    fn run_blocking(mut self, mut lanes: Lanes) {
        while let Some(command) = self.at_once(&mut lanes).or_else(|| lanes.wait_blocking()) {
            if let Some(stop) = self.serve(command, &mut lanes) {
                return stop(self.close());
            }
        }
    }

    /// The task of a simulation: the same loop, waiting on the runtime.
    async fn run_as_task(mut self, mut lanes: Lanes) {
        loop {
            let command = match self.at_once(&mut lanes) {
                Some(command) => Some(command),
                None => lanes.wait().await,
            };
            let Some(command) = command else { return };
            if let Some(stop) = self.serve(command, &mut lanes) {
                return stop(self.close());
            }
            if lanes.has_begun() {
                // Whoever wants a turn in between may ask for it.
                yield_now().await;
            }
        }
    }

    /// A command that waits already; while none does, there is time for upkeep.
    fn at_once(&mut self, lanes: &mut Lanes) -> Option<Command> {
        loop {
            if lanes.keeps_out() && !self.desk.turns.keeps_somebody_out() {
                lanes.let_in();
            }
            match lanes.at_once() {
                Some(command) => return Some(command),
                None if self.upkeep() => {}
                None => return None,
            }
        }
    }

    /// Carries out a slice of one command, with the writes that wait behind it; returns whom to
    /// tell if that was the end.
    fn serve(&mut self, command: Command, lanes: &mut Lanes) -> Option<Reply<()>> {
        match command {
            Command::Stop(reply) => return Some(reply),
            _ if self.outlets.is_hurried() => {}
            Command::Call(call) => {
                if catch_unwind(AssertUnwindSafe(|| call(self))).is_err() {
                    tracing::error!("a call panicked");
                    self.desk.abandon();
                }
            }
            command => {
                if let Some(job) = command.into_job() {
                    self.commit_with_followers(job, lanes);
                }
            }
        }
        None
    }

    /// Compacts a few documents, so that the next start reads them quickly; checkpoints and closes
    /// the file.
    fn close(mut self) -> Result<()> {
        if !self.outlets.is_hurried() {
            self.compact_for_next_start();
        }
        Ok(self.store.close()?)
    }
}
