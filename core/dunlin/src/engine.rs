//! One space's engine: its SQLite writer and its open documents, on one thread.
//!
//! Commands come in through a bounded queue. Writes that wait at the same moment share one
//! transaction; callers, observers and peers hear of a write only after its commit.

mod answers;
mod batch;
mod command;
mod desk;
mod documents;
mod foreign;
mod handle;
mod outlets;
mod project;
mod refound;
#[cfg(feature = "sabotage")]
mod sabotage;
mod upkeep;
mod waiting;
mod write;

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use dunlin_model::DocId;
use dunlin_store::SpaceStore;
use tokio::sync::mpsc::{Receiver, error::TryRecvError};

use self::{batch::Job, outlets::Announcer, waiting::Waiting};
use crate::error::Result;

pub use self::command::Committed;
pub(crate) use self::{
    answers::{Full, Overview},
    command::{Apply, Command, Operation, Order, Origin, Reply, Write},
    desk::{Desk, Identity},
    handle::{EngineHandle, EngineOrigin, is_away},
    outlets::{Heads, Listener, Outlets},
};

/// Everything that one space's writer owns.
pub(crate) struct Engine {
    pub(crate) store: SpaceStore,
    desk: Desk,
    outlets: Announcer,
    /// Documents whose log has grown past the threshold of [`upkeep`].
    overgrown: BTreeSet<DocId>,
}

impl Engine {
    /// The thread of production: blocks while there is nothing to do.
    fn run_blocking(mut self, mut queue: Receiver<Command>) {
        let mut waiting = Waiting::default();
        while let Some(command) = self.at_once(&mut queue).or_else(|| waiting.next(&mut queue)) {
            if let Some(stop) = self.serve(command, &mut queue) {
                return stop(self.close());
            }
        }
    }

    /// The task of a simulation: the same loop, waiting on the runtime.
    async fn run_as_task(mut self, mut queue: Receiver<Command>) {
        loop {
            let command = match self.at_once(&mut queue) {
                Some(command) => Some(command),
                None => queue.recv().await,
            };
            let Some(command) = command else { return };
            if let Some(stop) = self.serve(command, &mut queue) {
                return stop(self.close());
            }
        }
    }

    /// A command that waits already; while none does, there is time for upkeep.
    fn at_once(&mut self, queue: &mut Receiver<Command>) -> Option<Command> {
        loop {
            match queue.try_recv() {
                Ok(command) => return Some(command),
                Err(TryRecvError::Empty) if self.upkeep() => {}
                Err(_) => return None,
            }
        }
    }

    /// Carries out one command and the writes that wait behind it; returns whom to tell if that
    /// was the end.
    fn serve(&mut self, command: Command, queue: &mut Receiver<Command>) -> Option<Reply<()>> {
        let mut next = Some(command);
        while let Some(command) = next.take() {
            match command {
                Command::Write(_) | Command::Apply(_) | Command::Call(_)
                    if self.outlets.is_hurried() => {}
                Command::Write(write) => {
                    next = self.commit_with_followers(Job::Write(write), queue);
                }
                Command::Apply(apply) => {
                    next = self.commit_with_followers(Job::Apply(apply), queue);
                }
                Command::Call(call) => {
                    if catch_unwind(AssertUnwindSafe(|| call(self))).is_err() {
                        tracing::error!("a call panicked");
                        self.desk.abandon();
                    }
                }
                Command::Stop(reply) => return Some(reply),
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
