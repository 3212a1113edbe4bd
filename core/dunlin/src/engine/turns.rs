//! Turns: whoever reads, changes and writes back does so one after the other, first come first
//! served, so that they do not overtake each other.
//!
//! What a turn has read is remembered here. A commit that touches it makes the turn begin another
//! run; from its third run on, updates of peers that would do so wait, from its fifth local writes
//! too. One space has one turn at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use dunlin_model::{Collection, DocId, Incarnation};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::AbortHandle,
    time::Instant,
};

use super::outlets::Staged;
use crate::{
    error::{Error, Result},
    lock::lock,
};

/// How long one run may take before its turn is somebody else's.
const LONGEST_RUN: Duration = Duration::from_secs(2);
/// The run from which on updates of peers wait that touch what was read.
const PEERS_WAIT: u32 = 3;
/// The run from which on local writes wait too: so it is the last.
const LAST_RUN: u32 = 5;

/// The turns of one space.
pub(crate) struct Turns {
    /// Tells this space of this node from all others in the process.
    name: u64,
    line: Arc<Semaphore>,
    current: Mutex<Option<Current>>,
}

/// One run of a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    turn: u64,
    number: u32,
}

/// Who wants to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Party {
    /// A caller on this device, outside of the turn.
    Local,
    /// A peer.
    Peer,
}

struct Current {
    run: Run,
    since: Instant,
    /// Whether the closure is done and the engine has its writes.
    is_committing: bool,
    /// Whether something that was read has changed since.
    is_overtaken: bool,
    /// Documents that some run has read; with the writer of the changes that it was shown on top.
    read: BTreeMap<DocId, Option<Incarnation>>,
    /// Collections that some run has queried.
    queried: BTreeSet<Collection>,
    _place: OwnedSemaphorePermit,
    alarm: Option<AbortHandle>,
}

impl Turns {
    pub(crate) fn new() -> Self {
        static NAMES: AtomicU64 = AtomicU64::new(0);
        let name = NAMES.fetch_add(1, Ordering::Relaxed);
        Self { name, line: Arc::new(Semaphore::new(1)), current: Mutex::default() }
    }

    /// What tells this space of this node from all others in the process.
    pub(crate) fn name(&self) -> u64 {
        self.name
    }

    /// Who waits for a turn, in order.
    pub(super) fn line(&self) -> Arc<Semaphore> {
        self.line.clone()
    }

    /// Begins a turn with its first run.
    pub(super) fn begin(&self, place: OwnedSemaphorePermit) -> Run {
        static TURNS: AtomicU64 = AtomicU64::new(0);
        let run = Run { turn: TURNS.fetch_add(1, Ordering::Relaxed), number: 1 };
        *self.current() = Some(Current {
            run,
            since: Instant::now(),
            is_committing: false,
            is_overtaken: false,
            read: BTreeMap::new(),
            queried: BTreeSet::new(),
            _place: place,
            alarm: None,
        });
        run
    }

    /// Notes what ends the turn if it takes too long.
    pub(super) fn set_alarm(&self, run: Run, alarm: AbortHandle) {
        match self.current().as_mut().filter(|current| current.run.turn == run.turn) {
            Some(current) => current.alarm = Some(alarm),
            None => alarm.abort(),
        }
    }

    /// When a turn will have taken too long; none once it is over.
    pub(super) fn due(&self, run: Run) -> Option<Instant> {
        let current = self.current();
        let current = current.as_ref().filter(|current| current.run.turn == run.turn)?;
        let since = if current.is_committing { Instant::now() } else { current.since };
        Some(since + LONGEST_RUN)
    }

    /// Ends a turn that has taken too long; whether it did.
    pub(super) fn expire(&self, run: Run) -> bool {
        let mut current = self.current();
        let expired = current.take_if(|current| {
            current.run.turn == run.turn
                && !current.is_committing
                && current.since.elapsed() >= LONGEST_RUN
        });
        expired.is_some()
    }

    /// Ends a turn, if it is not over.
    pub(super) fn give_back(&self, run: Run) {
        self.current().take_if(|current| current.run.turn == run.turn);
    }

    /// Ends whatever turn there is: nobody can go on.
    pub(super) fn clear(&self) {
        *self.current() = None;
    }

    /// Whether a run must begin anew, since something that it read has changed.
    ///
    /// # Errors
    /// `Busy` if its turn is over.
    pub(crate) fn is_overtaken(&self, run: Run) -> Result<bool> {
        self.with(run, |current| current.is_overtaken)
    }

    /// Refuses to read on behind something that has changed since it was read.
    pub(super) fn check(&self, run: Run) -> Result<()> {
        if self.is_overtaken(run)? { Err(Error::overtaken()) } else { Ok(()) }
    }

    /// Notes that a document is read, and whose changes it is shown with that are not committed.
    pub(super) fn note_read(
        &self,
        run: Run,
        doc: &DocId,
        changed_by: Option<Incarnation>,
    ) -> Result<()> {
        self.with(run, |current| {
            let known = current.read.entry(doc.clone()).or_default();
            *known = changed_by.or(*known);
        })
    }

    /// The writer of the changes with which a document was shown in this turn.
    pub(super) fn shown_with(&self, run: Run, doc: &DocId) -> Result<Option<Incarnation>> {
        self.with(run, |current| current.read.get(doc).copied().flatten())
    }

    /// Notes that collections are queried.
    pub(super) fn note_queried(&self, run: Run, collections: &BTreeSet<Collection>) -> Result<()> {
        self.with(run, |current| current.queried.extend(collections.iter().cloned()))
    }

    /// Says that the run must begin anew.
    pub(super) fn overtake(&self, run: Run) -> Result<()> {
        self.with(run, |current| current.is_overtaken = true)
    }

    /// Says that the closure is done: from here on it is the engine's time.
    pub(super) fn begin_commit(&self, run: Run) -> Result<()> {
        self.with(run, |current| current.is_committing = true)
    }

    /// Begins the next run of a turn.
    ///
    /// # Errors
    /// `Busy` after the last one, and if the turn is over.
    pub(crate) fn run_again(&self, run: Run) -> Result<Run> {
        if run.number >= LAST_RUN {
            return Err(Error::busy("others kept writing what it read"));
        }
        self.with(run, |current| {
            current.run.number += 1;
            current.since = Instant::now();
            (current.is_committing, current.is_overtaken) = (false, false);
            current.run
        })
    }

    /// Notes commits: who has read what they changed is overtaken.
    pub(super) fn note_commits(&self, commits: &[Staged]) {
        if let Some(current) = self.current().as_mut() {
            current.is_overtaken |= commits.iter().any(|commit| current.has_read(&commit.doc));
        }
    }

    /// Whether a write to this document has to wait until the turn is over.
    pub(super) fn keeps_out(&self, party: Party, doc: &DocId) -> bool {
        let current = self.current();
        let Some(current) = current.as_ref() else { return false };
        let from = match party {
            Party::Peer => PEERS_WAIT,
            Party::Local => LAST_RUN,
        };
        current.run.number >= from && current.has_read(doc)
    }

    /// Whether somebody may have to wait.
    pub(super) fn keeps_somebody_out(&self) -> bool {
        self.current().as_ref().is_some_and(|current| current.run.number >= PEERS_WAIT)
    }

    fn with<T>(&self, run: Run, act: impl FnOnce(&mut Current) -> T) -> Result<T> {
        match self.current().as_mut().filter(|current| current.run == run) {
            Some(current) => Ok(act(current)),
            None => Err(Error::busy("it took longer than 2 seconds and lost its turn")),
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        lock(&self.current)
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        if let Some(alarm) = &self.alarm {
            alarm.abort();
        }
    }
}

impl Current {
    fn has_read(&self, doc: &DocId) -> bool {
        self.read.contains_key(doc) || self.queried.contains(&doc.collection)
    }
}
