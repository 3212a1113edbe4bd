//! What waits for an engine: this device's own calls go before what peers cause.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use dunlin_model::DeviceId;
use tokio::{sync::mpsc::Receiver, time::Instant};

use super::{Command, budget::Budgets, command::Reply, job::Job};

/// Local commands in a row after which a peer has a turn.
const LOCAL_TURNS: u32 = 16;
/// Updates of peers beyond their budgets that wait here; with more, all peers wait.
const MAX_DEFERRED: usize = 64;
/// A gap between commands after which a caller who waits for each answer is still at it.
const BRISK: Duration = Duration::from_micros(200);
/// How long to stay awake in such a series: about what waking a thread costs.
const AWAKE: Duration = Duration::from_micros(50);

/// The queues of one engine. Within each, what one caller or peer asks for stays in order.
pub(super) struct Lanes {
    local: Receiver<Command>,
    foreign: Receiver<Command>,
    /// Writes that have had a slice and are not done; others have their turns in between.
    begun: VecDeque<Command>,
    /// What goes before all others in the lane of the peers: an update that has had a slice and is
    /// not done, or what was found behind it.
    begun_foreign: VecDeque<Command>,
    /// What peers beyond their budgets sent.
    deferred: VecDeque<Job>,
    /// What has to wait until somebody's turn is over, in order.
    kept_out: VecDeque<Job>,
    budgets: Budgets,
    local_turns: u32,
    is_turn_of_begun: bool,
    /// The command to end, which waits until everything before it is done.
    stop: Option<Reply<()>>,
    is_brisk: bool,
}

impl Lanes {
    pub(super) fn new(local: Receiver<Command>, foreign: Receiver<Command>) -> Self {
        Self {
            local,
            foreign,
            begun: VecDeque::new(),
            begun_foreign: VecDeque::new(),
            deferred: VecDeque::new(),
            kept_out: VecDeque::new(),
            budgets: Budgets::default(),
            local_turns: 0,
            is_turn_of_begun: false,
            stop: None,
            is_brisk: false,
        }
    }

    /// The next command, if one waits.
    pub(super) fn at_once(&mut self) -> Option<Command> {
        if self.local_turns >= LOCAL_TURNS
            && let Some(command) = self.next_foreign()
        {
            self.local_turns = 0;
            return Some(command);
        }
        if let Some(command) = self.next_local() {
            self.local_turns = self.local_turns.saturating_add(1);
            return Some(command);
        }
        self.local_turns = 0;
        self.next_foreign()
            .or_else(|| self.deferred.pop_front().map(Command::Job))
            .or_else(|| self.stop.take().map(Command::Stop))
    }

    fn next_local(&mut self) -> Option<Command> {
        self.is_turn_of_begun = !self.is_turn_of_begun;
        if self.is_turn_of_begun
            && let Some(command) = self.begun.pop_front()
        {
            return Some(command);
        }
        while let Ok(command) = self.local.try_recv() {
            match command {
                Command::Stop(reply) => self.stop = Some(reply),
                command => return Some(command),
            }
        }
        self.begun.pop_front()
    }

    fn next_foreign(&mut self) -> Option<Command> {
        if let Some(command) = self.begun_foreign.pop_front() {
            return Some(command);
        }
        while self.deferred.len() < MAX_DEFERRED {
            match self.foreign.try_recv().ok()? {
                Command::Apply(apply) if self.must_wait(apply.from.device) => {
                    self.deferred.push_back(apply.into());
                }
                command => return Some(command),
            }
        }
        None
    }

    /// A peer's updates are taken in order, so what comes behind one that waits does too.
    fn must_wait(&self, peer: DeviceId) -> bool {
        let mut waiting = self.deferred.iter().chain(&self.kept_out);
        self.budgets.is_spent(peer) || waiting.any(|job| job.peer() == Some(peer))
    }

    /// A job that may share the transaction of this one. Updates of peers do not hold up a local
    /// write's commit, nor do they go on where a local command waits.
    pub(super) fn follower(&mut self, first: &Job) -> Option<Job> {
        let is_foreign = first.peer().is_some();
        if is_foreign && !self.local.is_empty() {
            return None;
        }
        if is_foreign && !self.begun_foreign.is_empty() {
            return None;
        }
        let lane = if is_foreign { &mut self.foreign } else { &mut self.local };
        let next = lane.try_recv().ok()?;
        match next {
            Command::Apply(apply) if self.must_wait(apply.from.device) => {
                self.deferred.push_back(apply.into());
                None
            }
            Command::Write(write) => Some(write.into()),
            Command::Together(unit) => Some(unit.into()),
            Command::Apply(apply) => Some(apply.into()),
            Command::Stop(reply) => {
                self.stop = Some(reply);
                None
            }
            other => {
                // It is the next in its lane.
                if is_foreign {
                    self.begun_foreign.push_back(other);
                } else {
                    self.begun.push_front(other);
                    self.is_turn_of_begun = false;
                }
                None
            }
        }
    }

    /// Takes back what is left of a job after its slice.
    pub(super) fn resume(&mut self, rest: Job) {
        if rest.is_kept_out() {
            self.kept_out.push_back(rest);
        } else if rest.peer().is_some() {
            self.begun_foreign.push_front(Command::Job(rest));
        } else {
            self.begun.push_back(Command::Job(rest));
        }
    }

    /// Whether something waits until a turn is over.
    pub(super) fn keeps_out(&self) -> bool {
        !self.kept_out.is_empty()
    }

    /// Lets go on what had to wait, in order.
    pub(super) fn let_in(&mut self) {
        while let Some(job) = self.kept_out.pop_back() {
            let lane = if job.peer().is_some() { &mut self.begun_foreign } else { &mut self.begun };
            lane.push_front(Command::Job(job));
        }
    }

    /// Whether a job goes on that has had a slice.
    pub(super) fn has_begun(&self) -> bool {
        !self.begun.is_empty() || !self.begun_foreign.is_empty()
    }

    /// Notes what a peer's updates have cost.
    pub(super) fn charge(&mut self, peer: DeviceId, work: Duration) {
        self.budgets.charge(peer, work);
    }

    /// Waits for the next command on a thread; none once the queues are closed. Being put to sleep
    /// and woken costs more than a small commit, so while commands come in quick succession, the
    /// thread stays awake for a moment after each.
    pub(super) fn wait_blocking(&mut self) -> Option<Command> {
        let start = Instant::now();
        while self.is_brisk && start.elapsed() < AWAKE {
            if let Some(command) = self.at_once() {
                return Some(command);
            }
            // Where there is one core only, the caller gets it.
            thread::yield_now();
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let command = loop {
            match pin!(self.wait()).as_mut().poll(&mut context) {
                Poll::Ready(command) => break command,
                Poll::Pending => thread::park(),
            }
        };
        self.is_brisk = start.elapsed() < BRISK;
        command
    }

    /// Waits for the next command; none once the queues are closed.
    pub(super) async fn wait(&mut self) -> Option<Command> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Command>> {
        if let Some(command) = self.at_once() {
            return Poll::Ready(Some(command));
        }
        // Nothing waits, so what these give is the next in either lane.
        let local = self.local.poll_recv(context);
        if let Poll::Ready(Some(Command::Stop(reply))) = local {
            self.stop = Some(reply);
            return Poll::Ready(self.at_once());
        }
        if let Poll::Ready(Some(_)) = local {
            return local;
        }
        let foreign = self.foreign.poll_recv(context);
        match (&local, &foreign) {
            (_, Poll::Ready(Some(_))) | (Poll::Ready(None), _) => foreign,
            _ => Poll::Pending,
        }
    }
}

/// Wakes a thread that waits for its next command.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests;
