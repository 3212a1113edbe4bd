//! The engine's queue, as everything outside the engine sees it.

use std::{
    any::Any,
    path::PathBuf,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard},
    thread,
};

use dunlin_model::{DeviceId, SpaceId};
use dunlin_store::{Interrupter, Reader, SpaceStore};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::{
    Apply, Command, Committed, Desk, Engine, Identity, Order, Outlets, Turns, Write, lanes::Lanes,
};
use crate::{
    config::{Config, Engines},
    error::{Code, Error, Result},
    live::Followed,
    lock::lock,
};

/// Commands that may wait in each lane; a sender beyond that waits itself.
const QUEUE: usize = 1024;
/// Documents that are read past the engine at once: each takes a connection to the file, and a
/// thread.
const READS: usize = 2;
/// Queries that run at once, likewise.
const QUERIES: usize = 4;
/// Followed queries that run at once: those that were asked once do not wait behind them.
const FOLLOWED: usize = 2;
/// The stack of an engine's thread: yrs and SQLite at their deepest, with room to spare.
const STACK_BYTES: usize = 8 << 20;

/// A space's engine, which may be suspended and resumed. Cheap to clone.
#[derive(Clone)]
pub(crate) struct EngineHandle(Arc<Shared>);

struct Shared {
    origin: EngineOrigin,
    outlets: Arc<Outlets>,
    turns: Arc<Turns>,
    state: Mutex<State>,
    read_permits: Semaphore,
    query_permits: Semaphore,
    follow_permits: Semaphore,
    followed: Followed,
}

/// What an engine is started from.
pub(crate) struct EngineOrigin {
    pub(crate) path: PathBuf,
    pub(crate) space: SpaceId,
    pub(crate) identity: Identity,
    pub(crate) config: Config,
    /// Held as long as the engine runs: the lock of the node's directory.
    pub(crate) guard: Arc<dyn Any + Send + Sync>,
}

enum State {
    Running(Running),
    /// The file is closed; handles wait for it to be opened again.
    Suspended,
    Closed,
}

#[derive(Clone)]
struct Running {
    /// What this device's own callers want.
    local: mpsc::Sender<Command>,
    /// What peers cause, which waits for that.
    foreign: mpsc::Sender<Command>,
    reader: Reader,
    interrupter: Interrupter,
}

impl EngineHandle {
    /// Opens the space's file on the engine's own thread and starts it.
    pub(crate) async fn start(origin: EngineOrigin) -> Result<Self> {
        let outlets = Arc::new(Outlets::new(origin.space));
        let turns = Arc::new(Turns::new());
        let running = origin.start(&outlets, &turns).await?;
        Ok(Self(Arc::new(Shared {
            origin,
            outlets,
            turns,
            state: Mutex::new(State::Running(running)),
            read_permits: Semaphore::new(READS),
            query_permits: Semaphore::new(QUERIES),
            follow_permits: Semaphore::new(FOLLOWED),
            followed: Followed::default(),
        })))
    }

    pub(crate) fn outlets(&self) -> &Arc<Outlets> {
        &self.0.outlets
    }

    pub(crate) fn turns(&self) -> &Arc<Turns> {
        &self.0.turns
    }

    /// Local writes; the answer comes after the commit.
    pub(crate) async fn write(&self, orders: Vec<Order>) -> Result<Vec<Result<Committed>>> {
        let (answer, answered) = oneshot::channel();
        let reply = Box::new(move |result| drop(answer.send(result)));
        self.send(Command::Write(Write { orders, reply })).await?;
        answered.await.map_err(|_| self.ended())?
    }

    /// Hands over updates from a peer; the apply's own reply answers.
    pub(crate) async fn apply(&self, apply: Apply) -> Result<()> {
        self.send_behind(Command::Apply(apply)).await
    }

    /// Runs something on the engine, alone, after every local call before it.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Engine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let call = move |engine: &mut Engine| drop(answer.send(call(engine)));
        self.send(Command::Call(Box::new(call))).await?;
        answered.await.map_err(|_| self.ended())?
    }

    /// [`call`](Self::call) that waits for local calls and goes among those of peers, in order.
    pub(crate) async fn call_behind<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Engine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.post_behind(move |engine| drop(answer.send(call(engine)))).await?;
        answered.await.map_err(|_| self.ended())?
    }

    /// Like [`call_behind`](Self::call_behind), without waiting for the answer.
    pub(crate) async fn post_behind(
        &self,
        call: impl FnOnce(&mut Engine) + Send + 'static,
    ) -> Result<()> {
        self.send_behind(Command::Call(Box::new(call))).await
    }

    /// Runs a read-only query beside the writer.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let reader = self.running()?.reader;
        let answer = match self.0.origin.config.engines {
            Engines::Tasks => read(&reader),
            Engines::Threads => tokio::task::spawn_blocking(move || read(&reader))
                .await
                .map_err(|error| Error::internal("a query panicked").with_source(error))?,
        };
        // A query that was interrupted does not know for how long the file is closed.
        answer.map_err(|error| if error.code() == Code::Closed { self.ended() } else { error })
    }

    /// Remembers how far a consumer of the change feed has come.
    pub(crate) async fn acknowledge(&self, consumer: String, seq: i64) -> Result<()> {
        self.call(move |engine| Ok(engine.store.write(|writer| writer.ack(&consumer, seq))?)).await
    }

    /// Checkpoints and closes the file, after everything that was asked for; what still waits at
    /// the deadline is dropped, and what runs is rolled back. Handles stay good.
    pub(crate) async fn suspend(&self, deadline: Instant) -> Result<()> {
        let running = {
            let mut state = self.state();
            let State::Running(running) = &*state else { return Ok(()) };
            let running = running.clone();
            // Before anybody is refused: whoever follows the commits knows why then.
            self.0.outlets.suspend();
            self.0.turns.clear();
            *state = State::Suspended;
            running
        };
        let mut stopped = pin!(running.stop());
        tokio::select! {
            biased;
            outcome = &mut stopped => return outcome,
            () = sleep_until(deadline) => {}
        }
        self.0.outlets.hurry();
        running.interrupter.interrupt();
        stopped.await
    }

    /// Opens the file again, if it was suspended.
    pub(crate) async fn resume(&self) -> Result<()> {
        match &*self.state() {
            State::Running(_) => return Ok(()),
            State::Closed => return Err(Error::closed()),
            State::Suspended => {}
        }
        let running = self.0.origin.start(&self.0.outlets, &self.0.turns).await?;
        *self.state() = State::Running(running);
        self.0.outlets.resume();
        Ok(())
    }

    /// Checkpoints and closes the file for good.
    pub(crate) async fn stop(&self) -> Result<()> {
        // Before anybody is refused: whoever follows the commits ends, and does not fail.
        self.0.outlets.close();
        let before = std::mem::replace(&mut *self.state(), State::Closed);
        // After that: who loses a turn knows why then.
        self.0.turns.clear();
        match before {
            State::Running(running) => running.stop().await,
            State::Suspended | State::Closed => Ok(()),
        }
    }

    pub(super) async fn send(&self, command: Command) -> Result<()> {
        self.running()?.local.send(command).await.map_err(|_| self.ended())
    }

    async fn send_behind(&self, command: Command) -> Result<()> {
        self.running()?.foreign.send(command).await.map_err(|_| self.ended())
    }

    /// The device that this is.
    pub(super) fn device(&self) -> DeviceId {
        self.0.origin.identity.device
    }

    /// Whether engines run as tasks of a simulation.
    pub(super) fn is_simulated(&self) -> bool {
        self.0.origin.config.engines == Engines::Tasks
    }

    /// Who may read a document past the engine.
    pub(super) fn read_permits(&self) -> &Semaphore {
        &self.0.read_permits
    }

    /// Who may run a query.
    pub(super) fn query_permits(&self) -> &Semaphore {
        &self.0.query_permits
    }

    /// Who may run a query that is followed.
    pub(super) fn follow_permits(&self) -> &Semaphore {
        &self.0.follow_permits
    }

    /// The queries that are followed.
    pub(crate) fn followed(&self) -> &Followed {
        &self.0.followed
    }

    /// Refuses while the engine is suspended, and after its end.
    pub(crate) fn check_running(&self) -> Result<()> {
        self.running().map(drop)
    }

    fn running(&self) -> Result<Running> {
        match &*self.state() {
            State::Running(running) => Ok(running.clone()),
            State::Suspended => Err(Error::suspended()),
            State::Closed => Err(Error::closed()),
        }
    }

    /// Makes the engine look at what waits, if it sleeps.
    pub(super) fn wake(&self) {
        if let Ok(running) = self.running() {
            // Where the queue is full, it does not sleep.
            let _ = running.local.try_send(Command::Call(Box::new(|_| ())));
        }
    }

    /// Why there is no answer.
    pub(super) fn ended(&self) -> Error {
        self.running().err().unwrap_or_else(Error::closed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }
}

/// Whether an engine gave no answer because it is suspended or closed; the heads that its outlets
/// show say so then.
pub(crate) fn is_away(error: &Error) -> bool {
    matches!(error.code(), Code::Suspended | Code::Closed)
}

impl Running {
    async fn stop(&self) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        let reply = Box::new(move |result| drop(answer.send(result)));
        if self.local.send(Command::Stop(reply)).await.is_err() {
            return Ok(());
        }
        answered.await.unwrap_or(Ok(()))
    }
}

impl EngineOrigin {
    async fn start(&self, outlets: &Arc<Outlets>, turns: &Arc<Turns>) -> Result<Running> {
        let (local, local_commands) = mpsc::channel(QUEUE);
        let (foreign, foreign_commands) = mpsc::channel(QUEUE);
        let lanes = Lanes::new(local_commands, foreign_commands);
        let desk = Desk::new(self.identity.clone(), &self.config, turns.clone());
        let durability = self.config.durability.into();
        let (path, outlets, guard) = (self.path.clone(), outlets.clone(), self.guard.clone());
        let (reader, interrupter) = match self.config.engines {
            Engines::Tasks => {
                let (engine, reader, interrupter) = open(path, durability, desk, outlets)?;
                tokio::spawn(async move {
                    engine.run_as_task(lanes).await;
                    drop(guard);
                });
                (reader, interrupter)
            }
            Engines::Threads => {
                let (ready, opened) = oneshot::channel();
                thread::Builder::new()
                    .name("dunlin-engine".to_owned())
                    .stack_size(STACK_BYTES)
                    .spawn(move || {
                        match open(path, durability, desk, outlets) {
                            Ok((engine, reader, interrupter)) => {
                                if ready.send(Ok((reader, interrupter))).is_ok() {
                                    engine.run_blocking(lanes);
                                }
                            }
                            Err(error) => drop(ready.send(Err(error))),
                        }
                        drop(guard);
                    })
                    .map_err(|error| {
                        Error::internal("no thread for a space's engine").with_source(error)
                    })?;
                opened.await.map_err(|_| Error::internal("an engine ended while it opened"))??
            }
        };
        Ok(Running { local, foreign, reader, interrupter })
    }
}

fn open(
    path: PathBuf,
    durability: dunlin_store::Durability,
    desk: Desk,
    outlets: Arc<Outlets>,
) -> Result<(Engine, Reader, Interrupter)> {
    let store = SpaceStore::open(&path, durability)?;
    let (reader, interrupter) = (store.reader(), store.interrupter());
    outlets.start_at(store.last_seq()?);
    Ok((Engine::new(store, desk, outlets)?, reader, interrupter))
}
