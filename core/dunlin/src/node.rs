//! A node: this device, its spaces and its sync.

mod core;
mod join;
mod once;
mod open;
mod peer_watch;
mod resolve;
mod status_watch;

use std::{path::Path, sync::Arc, time::Duration};

use dunlin_model::{DeviceId, DeviceKind};
use dunlin_proto::trust::Ticket;
use tokio::time::{Instant, timeout_at};

pub(crate) use self::core::Core;
pub use self::{once::SyncOutcome, peer_watch::PeerWatch, status_watch::StatusWatch};
use crate::{
    config::Config,
    error::Result,
    space::Space,
    sync::{PeerStatus, Status, Sync, SyncConfig},
};

/// This device, as others see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Its public key.
    pub id: DeviceId,
    /// What it calls itself.
    pub name: String,
    /// What acts through it.
    pub kind: DeviceKind,
}

/// A running device: store, sync and discovery. Cheap to clone.
///
/// Only one node at a time has its directory open, in this process or another. Dropping all clones,
/// and all handles of its spaces, ends the node too; [`shutdown`](Self::shutdown) does it in good
/// order.
#[derive(Clone)]
pub struct Node {
    pub(crate) core: Arc<Core>,
    sync: Arc<tokio::sync::Mutex<SyncSlot>>,
}

/// The sync of a node.
#[derive(Default)]
struct SyncSlot {
    running: Option<Sync>,
    /// What the app asked for: what a resumed node goes on with.
    wanted: Option<SyncConfig>,
    /// Counts the syncs that were started or ended.
    turn: u64,
}

impl SyncSlot {
    async fn start(&mut self, core: &Arc<Core>, config: SyncConfig) -> Result<()> {
        self.stop().await;
        self.running = Some(Sync::start(core.clone(), config).await?);
        Ok(())
    }

    /// Stops, and is not to go on.
    async fn end(&mut self) {
        self.wanted = None;
        self.stop().await;
    }

    async fn stop(&mut self) {
        self.turn += 1;
        if let Some(sync) = self.running.take() {
            sync.stop().await;
        }
    }
}

impl Node {
    /// Makes a directory a node: draws the device's key and opens it.
    ///
    /// # Errors
    /// `AlreadyExists` if it is one already, `InvalidInput` for an improper name; `StorageFull`;
    /// `KeyUnavailable` or `KeyLost` where the sealer refuses.
    pub async fn create(dir: &Path, name: &str, kind: DeviceKind, config: Config) -> Result<Self> {
        Ok(Self::running(Core::create(dir, name, kind, config).await?))
    }

    /// Opens a node with its spaces. Sync waits for [`start_sync`](Self::start_sync).
    ///
    /// # Errors
    /// `NotFound` if the directory is not a node, `NewerSchema`, `Corrupt`. `AlreadyOpen`, retryable if
    /// another process has it open, or this one is about to close it; else share the node that this
    /// process has open. `KeyUnavailable` while the sealer cannot unseal the device's key, `KeyLost` if it
    /// never will, `Denied` if the key is sealed and the configuration has no sealer.
    pub async fn open(dir: &Path, config: Config) -> Result<Self> {
        Ok(Self::running(Core::open(dir, config).await?))
    }

    fn running(core: Core) -> Self {
        Self { core: Arc::new(core), sync: Arc::default() }
    }

    /// This device.
    pub fn device(&self) -> &Device {
        &self.core.device
    }

    /// Founds a space, with this device as its administrator.
    ///
    /// # Errors
    /// `AlreadyExists` for a name that a space here has, `InvalidInput` for an improper one;
    /// `StorageFull`.
    pub async fn create_space(&self, name: &str) -> Result<Space> {
        // Not while the node is being suspended: nothing may be left open then.
        let _turn = self.sync.lock().await;
        let space = self.core.create_space(name).await?;
        Ok(Space::new(space, self.core.clone()))
    }

    /// Joins a space with a ticket, offline: members learn of it when they meet this device.
    ///
    /// `alias` is this device's own name for the space. A ticket of a space that this device is in
    /// already raises its role if it gives a greater one.
    ///
    /// # Errors
    /// `Expired` for a ticket whose time is over, `AlreadyExists` for an alias that is taken;
    /// `InvalidInput`, `StorageFull`. Whether the invitation is used up, members tell when they meet
    /// this device: see [`Status::refusals`].
    pub async fn join(&self, ticket: &Ticket, alias: Option<&str>) -> Result<Space> {
        let _turn = self.sync.lock().await;
        let space = self.core.join(ticket, alias).await?;
        Ok(Space::new(space, self.core.clone()))
    }

    /// This node's spaces, by id.
    pub fn spaces(&self) -> Vec<Space> {
        let spaces = self.core.spaces();
        spaces.into_iter().map(|space| Space::new(space, self.core.clone())).collect()
    }

    /// Finds a space by alias, name, id, or the first characters of its id.
    ///
    /// # Errors
    /// `NotFound` if none fits, `InvalidInput` with the list of matches if several do.
    pub fn space(&self, reference: &str) -> Result<Space> {
        Ok(Space::new(self.core.resolve(reference)?, self.core.clone()))
    }

    /// Starts to exchange with peers; replaces a sync that runs already.
    ///
    /// # Errors
    /// `Network` where the address is in use or not this host's; `Suspended`; `Closed` after
    /// shutdown.
    pub async fn start_sync(&self, config: SyncConfig) -> Result<()> {
        let mut sync = self.sync.lock().await;
        sync.start(&self.core, config.clone()).await?;
        sync.wanted = Some(config);
        Ok(())
    }

    /// Ends the exchange with peers; nothing happens if there is none.
    pub async fn stop_sync(&self) {
        self.sync.lock().await.end().await;
    }

    /// Starts the sync that runs anew, with a new socket: for a host whose network has changed.
    /// Nothing happens if there is none.
    ///
    /// # Errors
    /// As [`start_sync`](Self::start_sync); another attempt starts it. A suspended node takes a new
    /// socket when it is resumed: that is no error.
    pub async fn restart_sync(&self) -> Result<()> {
        let mut sync = self.sync.lock().await;
        self.core.check_open()?;
        match sync.wanted.clone() {
            Some(config) if !self.core.is_suspended() => sync.start(&self.core, config).await,
            _ => Ok(()),
        }
    }

    /// Ends sync, finishes what was asked for, and closes every file and socket, until
    /// [`resume`](Self::resume): for an app that goes to the background, where some systems kill a
    /// process that sleeps with a file locked. Nothing happens if the node is suspended.
    ///
    /// At the deadline, what still waits is refused, and what runs is rolled back; closing takes a
    /// moment more. While suspended, calls are refused with `Suspended`, live queries and change
    /// feeds wait, and another process may open the directory. All handles stay good.
    ///
    /// # Errors
    /// What kept a file from being checkpointed; nothing is lost, and the node is suspended all
    /// the same. `Closed` after shutdown.
    pub async fn suspend(&self, deadline: Duration) -> Result<()> {
        let deadline = Instant::now() + deadline;
        let mut sync = self.sync.lock().await;
        self.core.check_open()?;
        // What is not over by then is dropped, which ends it without a goodbye.
        let _ = timeout_at(deadline, sync.stop()).await;
        self.core.suspend(deadline).await
    }

    /// Opens the files of a suspended node again, and starts the sync that ran; nothing happens if
    /// it is not suspended.
    ///
    /// # Errors
    /// `AlreadyOpen` if somebody else has the directory now, `StorageFull`, `Corrupt`; `Network`
    /// if only sync could not be started: another attempt tries again. `Closed` after shutdown.
    pub async fn resume(&self) -> Result<()> {
        let mut sync = self.sync.lock().await;
        self.core.resume().await?;
        match (&sync.running, sync.wanted.clone()) {
            (None, Some(config)) => sync.start(&self.core, config).await,
            _ => Ok(()),
        }
    }

    /// How the node stands: spaces with their digests, peers with what they lack.
    ///
    /// # Errors
    /// `Closed` after shutdown, `Corrupt` where a document cannot be read.
    pub async fn status(&self) -> Result<Status> {
        let sync = self.sync.lock().await;
        Status::gather(&self.core, sync.running.as_ref()).await
    }

    /// The devices this node is connected to, dials, or has met since sync was started; while it
    /// does not sync, those it has met before.
    pub async fn peers(&self) -> Vec<PeerStatus> {
        PeerStatus::gather(&self.core, self.sync.lock().await.running.as_ref()).await
    }

    /// Follows how the peers stand.
    pub fn watch_peers(&self) -> PeerWatch {
        PeerWatch::new(self.clone())
    }

    /// Follows how the node stands.
    pub fn watch_status(&self) -> StatusWatch {
        StatusWatch::new(self.clone())
    }

    /// Why nobody can be found on the local network, while discovery does not work there.
    pub async fn discovery_problem(&self) -> Option<String> {
        self.sync.lock().await.running.as_ref().and_then(Sync::discovery_problem)
    }

    /// Closes connections and files in good order and releases the directory; whatever is called
    /// afterwards answers `Closed`.
    ///
    /// # Errors
    /// What kept a file from being checkpointed; nothing is lost, and the node is closed all the
    /// same.
    pub async fn shutdown(&self) -> Result<()> {
        let mut sync = self.sync.lock().await;
        sync.end().await;
        self.core.close().await
    }
}
