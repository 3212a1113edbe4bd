//! What all handles of a node share.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use dunlin_model::{DeviceId, SpaceId};
use dunlin_store::NodeDir;
use tokio::{sync::watch, task::JoinSet, time::Instant};

use super::Device;
use crate::{
    config::{Config, Engines},
    error::{Error, Result},
    lock::lock,
    space::SpaceInner,
};

/// The node's directory.
pub(super) enum Dir {
    Open(NodeDir),
    /// Released for now.
    Suspended,
    /// Released for good.
    Closed,
}

impl Dir {
    fn open(&self) -> Result<&NodeDir> {
        match self {
            Self::Open(dir) => Ok(dir),
            Self::Suspended => Err(Error::suspended()),
            Self::Closed => Err(Error::closed()),
        }
    }
}

/// The node without its sync.
pub(crate) struct Core {
    pub(crate) device: Device,
    pub(crate) seed: [u8; 32],
    pub(crate) config: Config,
    pub(super) path: PathBuf,
    /// Engines hold it too, so the directory stays locked while one runs.
    pub(super) dir: Arc<Mutex<Dir>>,
    spaces: Mutex<BTreeMap<SpaceId, Arc<SpaceInner>>>,
    /// Where other devices may reach this node, while it syncs.
    listen: Mutex<Vec<SocketAddr>>,
    /// Counts the changes of the set of spaces, and of this device's memberships.
    memberships: watch::Sender<u64>,
    /// Marked as changed whenever a peer stands otherwise than before.
    peer_news: watch::Sender<()>,
}

impl Core {
    pub(super) fn new(device: Device, seed: [u8; 32], dir: NodeDir, config: Config) -> Self {
        Self {
            device,
            seed,
            config,
            path: dir.path().to_owned(),
            dir: Arc::new(Mutex::new(Dir::Open(dir))),
            spaces: Mutex::default(),
            listen: Mutex::default(),
            memberships: watch::Sender::new(0),
            peer_news: watch::Sender::new(()),
        }
    }

    pub(crate) fn spaces(&self) -> Vec<Arc<SpaceInner>> {
        lock(&self.spaces).values().cloned().collect()
    }

    pub(crate) fn space(&self, id: &SpaceId) -> Option<Arc<SpaceInner>> {
        lock(&self.spaces).get(id).cloned()
    }

    pub(super) fn insert_space(&self, space: Arc<SpaceInner>) {
        lock(&self.spaces).insert(space.id, space);
    }

    /// What a member of some space here calls itself.
    pub(crate) fn member_name(&self, device: DeviceId) -> Option<String> {
        let spaces = self.spaces();
        spaces.iter().find_map(|space| Some(space.roster().member(device)?.profile.name.clone()))
    }

    /// Follows the set of spaces, and this device's memberships.
    pub(crate) fn memberships(&self) -> watch::Receiver<u64> {
        self.memberships.subscribe()
    }

    pub(super) fn memberships_changed(&self) {
        self.memberships.send_modify(|count| *count += 1);
    }

    /// Follows how the peers stand.
    pub(super) fn peer_news(&self) -> watch::Receiver<()> {
        self.peer_news.subscribe()
    }

    pub(crate) fn peers_changed(&self) {
        self.peer_news.send_modify(|()| {});
    }

    pub(crate) fn listen(&self) -> Vec<SocketAddr> {
        lock(&self.listen).clone()
    }

    pub(crate) fn set_listen(&self, addresses: Vec<SocketAddr>) {
        *lock(&self.listen) = addresses;
        self.peers_changed();
    }

    /// Remembers where a member was met.
    pub(crate) async fn remember_peer(&self, device: DeviceId, address: SocketAddr) {
        let now = self.config.clock.now_ms();
        let remembered =
            self.with_dir(move |dir| Ok(dir.remember_peer(&device, &address.to_string(), now)?));
        if let Err(error) = remembered.await {
            tracing::debug!(peer = %device.short(), "address not remembered: {error}");
        }
    }

    /// Runs something on the node's directory, off the runtime's threads where there are some.
    pub(crate) async fn with_dir<T: Send + 'static>(
        &self,
        work: impl FnOnce(&NodeDir) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let dir = self.dir.clone();
        let work = move || lock(&dir).open().and_then(work);
        off_runtime(self.config.engines, work).await
    }

    /// Whether the node was shut down.
    pub(super) fn is_closed(&self) -> bool {
        matches!(*lock(&self.dir), Dir::Closed)
    }

    /// Refuses after shutdown.
    pub(super) fn check_open(&self) -> Result<()> {
        if self.is_closed() { Err(Error::closed()) } else { Ok(()) }
    }

    /// Whether the node is suspended.
    pub(super) fn is_suspended(&self) -> bool {
        matches!(*lock(&self.dir), Dir::Suspended)
    }

    /// Stops all engines and releases the directory.
    pub(crate) async fn close(&self) -> Result<()> {
        let mut outcome = Ok(());
        self.end_soon();
        for space in self.spaces() {
            outcome = outcome.and(space.engine().stop().await);
        }
        self.release(Dir::Closed);
        outcome
    }

    /// Suspends all engines at once and releases the directory for now.
    pub(super) async fn suspend(&self, deadline: Instant) -> Result<()> {
        self.end_soon();
        let mut engines = JoinSet::new();
        for space in self.spaces() {
            engines.spawn(async move { space.engine().suspend(deadline).await });
        }
        let mut outcome = Ok(());
        while let Some(suspended) = engines.join_next().await {
            let suspended = suspended.unwrap_or_else(|error| {
                Err(Error::internal("suspending a space failed").with_source(error))
            });
            outcome = outcome.and(suspended);
        }
        if !self.is_closed() {
            self.release(Dir::Suspended);
        }
        outcome
    }

    pub(super) fn set_dir(&self, dir: NodeDir) {
        *lock(&self.dir) = Dir::Open(dir);
        self.peers_changed();
    }

    /// Tells whoever asks for the directory meanwhile that it will be free soon.
    fn end_soon(&self) {
        if let Dir::Open(dir) = &*lock(&self.dir) {
            dir.end_soon();
        }
    }

    fn release(&self, state: Dir) {
        *lock(&self.dir) = state;
        self.peers_changed();
    }
}

/// Engines let go of the directory when they have ended, a moment later.
impl Drop for Core {
    fn drop(&mut self) {
        self.end_soon();
    }
}

/// Runs something that waits for the disk, off the runtime's threads where there are some.
pub(super) async fn off_runtime<T: Send + 'static>(
    engines: Engines,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match engines {
        Engines::Tasks => work(),
        Engines::Threads => tokio::task::spawn_blocking(work).await.map_err(|error| {
            Error::internal("a task that waits for the disk").with_source(error)
        })?,
    }
}
