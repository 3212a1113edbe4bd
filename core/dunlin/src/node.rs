//! A node: this device, its spaces and its sync.

mod core;
mod join;
mod open;
mod peer_watch;
mod resolve;

use std::{path::Path, sync::Arc};

use dunlin_model::{DeviceId, DeviceKind};
use dunlin_proto::trust::Ticket;

pub(crate) use self::core::Core;
pub use self::peer_watch::PeerWatch;
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
/// Only one process at a time has a node's directory open. Dropping all clones, and all handles of
/// its spaces, ends the node too; [`shutdown`](Self::shutdown) does it in good order.
#[derive(Clone)]
pub struct Node {
    pub(crate) core: Arc<Core>,
    sync: Arc<tokio::sync::Mutex<Option<Sync>>>,
}

impl Node {
    /// Makes a directory a node: draws the device's key and opens it.
    ///
    /// # Errors
    /// `InvalidInput` if it is one already, or for an improper name; `StorageFull`.
    pub async fn create(dir: &Path, name: &str, kind: DeviceKind, config: Config) -> Result<Self> {
        Ok(Self::running(Core::create(dir, name, kind, config).await?))
    }

    /// Opens a node with its spaces. Sync waits for [`start_sync`](Self::start_sync).
    ///
    /// # Errors
    /// `NotFound` if the directory is not a node, `AlreadyOpen`, `NewerSchema`, `Corrupt`.
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
    /// `InvalidInput` for an improper name or one that a space here has already; `StorageFull`.
    pub async fn create_space(&self, name: &str) -> Result<Space> {
        let space = self.core.create_space(name).await?;
        Ok(Space::new(space, self.core.clone()))
    }

    /// Joins a space with a ticket, offline: members learn of it when they meet this device.
    ///
    /// `alias` is this device's own name for the space. A ticket of a space that this device is in
    /// already raises its role if it gives a greater one.
    ///
    /// # Errors
    /// `InvalidInput` for a ticket that is expired, or an alias that is taken; `StorageFull`.
    pub async fn join(&self, ticket: &Ticket, alias: Option<&str>) -> Result<Space> {
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
    /// `Network` where the address is in use or not this host's; `Closed` after shutdown.
    pub async fn start_sync(&self, config: SyncConfig) -> Result<()> {
        let mut sync = self.sync.lock().await;
        if let Some(old) = sync.take() {
            old.stop().await;
        }
        *sync = Some(Sync::start(self.core.clone(), config).await?);
        Ok(())
    }

    /// Ends the exchange with peers; nothing happens if there is none.
    pub async fn stop_sync(&self) {
        if let Some(sync) = self.sync.lock().await.take() {
            sync.stop().await;
        }
    }

    /// How the node stands: spaces with their digests, peers with what they lack.
    ///
    /// # Errors
    /// `Closed` after shutdown, `Corrupt` where a document cannot be read.
    pub async fn status(&self) -> Result<Status> {
        let sync = self.sync.lock().await;
        Status::gather(&self.core, sync.as_ref()).await
    }

    /// The devices this node is connected to, dials, or has met since sync was started; while it
    /// does not sync, those it has met before.
    pub async fn peers(&self) -> Vec<PeerStatus> {
        PeerStatus::gather(&self.core, self.sync.lock().await.as_ref()).await
    }

    /// Follows how the peers stand.
    pub fn watch_peers(&self) -> PeerWatch {
        PeerWatch::new(self.clone())
    }

    /// Why nobody can be found on the local network, while discovery does not work there.
    pub async fn discovery_problem(&self) -> Option<String> {
        self.sync.lock().await.as_ref().and_then(Sync::discovery_problem)
    }

    /// Closes connections and files in good order and releases the directory; whatever is called
    /// afterwards answers `Closed`.
    ///
    /// # Errors
    /// What kept a file from being checkpointed; nothing is lost, and the node is closed all the
    /// same.
    pub async fn shutdown(&self) -> Result<()> {
        self.stop_sync().await;
        self.core.close().await
    }
}
