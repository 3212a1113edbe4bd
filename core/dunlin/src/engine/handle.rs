//! The engine's queue, as everything outside the engine sees it.

use std::{path::PathBuf, sync::Arc, thread};

use dunlin_model::SpaceId;
use dunlin_store::{Limits, Reader, Rows, SpaceStore};
use serde_json::Value as Json;
use tokio::sync::{mpsc, oneshot};

use super::{Apply, Command, Committed, Desk, Engine, Identity, Order, Outlets, Write};
use crate::{
    config::{Config, Engines},
    error::{Error, Result},
};

/// Commands that may wait; a sender beyond that waits itself.
const QUEUE: usize = 1024;
/// Collections that one followed query may make known.
const MAX_ENSURED: usize = 8;
/// The stack of an engine's thread: yrs and SQLite at their deepest, with room to spare.
const STACK_BYTES: usize = 8 << 20;

/// A running engine.
#[derive(Clone)]
pub(crate) struct EngineHandle {
    queue: mpsc::Sender<Command>,
    reader: Reader,
    outlets: Arc<Outlets>,
    mode: Engines,
}

impl EngineHandle {
    /// Opens the space's file on the engine's own thread and starts it.
    ///
    /// `guard` is held as long as the engine runs: the lock of the node's directory.
    pub(crate) async fn start(
        path: PathBuf,
        space: SpaceId,
        identity: Identity,
        config: &Config,
        guard: Arc<dyn std::any::Any + Send + Sync>,
    ) -> Result<Self> {
        let outlets = Arc::new(Outlets::new(space));
        let (queue, commands) = mpsc::channel(QUEUE);
        let desk = Desk::new(identity, config);
        let durability = config.durability.into();
        let reader = match config.engines {
            Engines::Tasks => {
                let (engine, reader) = open(path, durability, desk, outlets.clone())?;
                tokio::spawn(async move {
                    engine.run_as_task(commands).await;
                    drop(guard);
                });
                reader
            }
            Engines::Threads => {
                let (ready, opened) = oneshot::channel();
                let outlets = outlets.clone();
                thread::Builder::new()
                    .name("dunlin-engine".to_owned())
                    .stack_size(STACK_BYTES)
                    .spawn(move || {
                        match open(path, durability, desk, outlets) {
                            Ok((engine, reader)) => {
                                if ready.send(Ok(reader)).is_ok() {
                                    engine.run_blocking(commands);
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
        Ok(Self { queue, reader, outlets, mode: config.engines })
    }

    pub(crate) fn outlets(&self) -> &Arc<Outlets> {
        &self.outlets
    }

    /// Local writes; the answer comes after the commit.
    pub(crate) async fn write(&self, orders: Vec<Order>) -> Result<Vec<Result<Committed>>> {
        let (answer, answered) = oneshot::channel();
        let reply = Box::new(move |result| drop(answer.send(result)));
        self.send(Command::Write(Write { orders, reply })).await?;
        answered.await.map_err(|_| Error::closed())?
    }

    /// Hands over updates from a peer; the apply's own reply answers.
    pub(crate) async fn apply(&self, apply: Apply) -> Result<()> {
        self.send(Command::Apply(apply)).await
    }

    /// Runs something on the engine, alone, after everything before it has been committed.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Engine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.post(move |engine| drop(answer.send(call(engine)))).await?;
        answered.await.map_err(|_| Error::closed())?
    }

    /// Like [`call`](Self::call), without waiting for the answer.
    pub(crate) async fn post(&self, call: impl FnOnce(&mut Engine) + Send + 'static) -> Result<()> {
        self.send(Command::Call(Box::new(call))).await
    }

    /// Runs a read-only query beside the writer.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match self.mode {
            Engines::Tasks => read(&self.reader),
            Engines::Threads => {
                let reader = self.reader.clone();
                tokio::task::spawn_blocking(move || read(&reader))
                    .await
                    .map_err(|error| Error::internal("a query panicked").with_source(error))?
            }
        }
    }

    /// Runs a query on current projections; tells which collections it read.
    pub(crate) async fn query(&self, sql: &str, parameters: &[Json]) -> Result<Rows> {
        if self.outlets.is_stale() {
            self.call(Engine::rebuild_projections).await?;
        }
        let (sql, parameters) = (sql.to_owned(), parameters.to_vec());
        self.read(move |reader| Ok(reader.query(&sql, &parameters, &Limits::default())?)).await
    }

    /// [`query`](Self::query) that makes the collections known which it names, so that following
    /// a collection can begin before its first document.
    pub(crate) async fn query_or_ensure(&self, sql: &str, parameters: &[Json]) -> Result<Rows> {
        for _ in 0..MAX_ENSURED {
            let unknown = match self.query(sql, parameters).await {
                Err(error) => error.unknown_collection().ok_or(error)?,
                rows => return rows,
            };
            self.call(move |engine| {
                Ok(engine.store.write(|writer| writer.ensure_collection(&unknown))?)
            })
            .await?;
        }
        self.query(sql, parameters).await
    }

    /// Remembers how far a consumer of the change feed has come.
    pub(crate) async fn acknowledge(&self, consumer: String, seq: i64) -> Result<()> {
        self.call(move |engine| Ok(engine.store.write(|writer| writer.ack(&consumer, seq))?)).await
    }

    /// Checkpoints and closes the file.
    pub(crate) async fn stop(&self) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        let reply = Box::new(move |result| drop(answer.send(result)));
        if self.queue.send(Command::Stop(reply)).await.is_err() {
            return Ok(());
        }
        answered.await.unwrap_or(Ok(()))
    }

    async fn send(&self, command: Command) -> Result<()> {
        self.queue.send(command).await.map_err(|_| Error::closed())
    }
}

fn open(
    path: PathBuf,
    durability: dunlin_store::Durability,
    desk: Desk,
    outlets: Arc<Outlets>,
) -> Result<(Engine, Reader)> {
    let store = SpaceStore::open(&path, durability)?;
    let reader = store.reader();
    outlets.start_at(store.last_seq()?);
    Ok((Engine::new(store, desk, outlets)?, reader))
}
