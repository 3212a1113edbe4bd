//! A node: this device, its spaces and its sync.

use std::{path::Path, sync::Arc};

use crate::{
    config::{Config, SyncConfig},
    device::{Device, DeviceKind},
    error::Result,
    peers::{PeerStatus, PeerWatch},
    runtime::{call, run},
    space::Space,
    status::Status,
};

/// A running device: store, sync and discovery.
#[derive(uniffi::Object)]
pub struct Node(dunlin::Node);

#[uniffi::export]
impl Node {
    /// Makes a directory a node: draws the device's key and opens it.
    ///
    /// Refuses with `InvalidInput` if it is one already, or for an improper name; `StorageFull`.
    #[uniffi::constructor]
    pub async fn create(config: Config, name: String, kind: DeviceKind) -> Result<Arc<Self>> {
        run(async move {
            let dir = Path::new(&config.directory);
            dunlin::Node::create(dir, &name, kind.into(), (&config).into()).await
        })
        .await
        .map(|node| Arc::new(Self(node)))
    }

    /// Opens a node with its spaces. Sync waits for `start_sync`.
    ///
    /// Refuses with `NotFound` if the directory is not a node, `AlreadyOpen`, `NewerSchema`,
    /// `Corrupt`.
    #[uniffi::constructor]
    pub async fn open(config: Config) -> Result<Arc<Self>> {
        run(async move { dunlin::Node::open(Path::new(&config.directory), (&config).into()).await })
            .await
            .map(|node| Arc::new(Self(node)))
    }

    /// This device.
    pub fn device(&self) -> Device {
        self.0.device().into()
    }

    /// Founds a space, with this device as its administrator.
    ///
    /// Refuses with `InvalidInput` for an improper name or one that a space here has already;
    /// `StorageFull`.
    pub async fn create_space(&self, name: String) -> Result<Arc<Space>> {
        let node = self.0.clone();
        run(async move { node.create_space(&name).await }).await.map(Space::shared)
    }

    /// Joins a space with a ticket, offline: members learn of it when they meet this device.
    ///
    /// Refuses with `InvalidInput` for a ticket that is expired or none, or an alias that is
    /// taken; `StorageFull`.
    pub async fn join(&self, ticket: String, alias: Option<String>) -> Result<Arc<Space>> {
        let node = self.0.clone();
        run(async move {
            let ticket = ticket.parse::<dunlin::Ticket>().map_err(dunlin::Error::from)?;
            node.join(&ticket, alias.as_deref()).await
        })
        .await
        .map(Space::shared)
    }

    /// This node's spaces, by id.
    pub fn spaces(&self) -> Vec<Arc<Space>> {
        self.0.spaces().into_iter().map(Space::shared).collect()
    }

    /// Finds a space by alias, name, id, or the first characters of its id.
    ///
    /// Refuses with `NotFound` if none fits, `InvalidInput` with the list of matches if several do.
    pub fn space(&self, reference: String) -> Result<Arc<Space>> {
        call(|| Ok(Space::shared(self.0.space(&reference)?)))
    }

    /// Starts to exchange with peers; replaces a sync that runs already.
    ///
    /// Refuses with `InvalidInput` for what is not an address, `Network` where it is in use or not
    /// this host's, `Closed` after shutdown.
    pub async fn start_sync(&self, config: SyncConfig) -> Result<()> {
        let node = self.0.clone();
        run(async move { node.start_sync(config.try_into()?).await }).await
    }

    /// Ends the exchange with peers; nothing happens if there is none.
    pub async fn stop_sync(&self) -> Result<()> {
        let node = self.0.clone();
        run::<_, dunlin::Error>(async move {
            node.stop_sync().await;
            Ok(())
        })
        .await
    }

    /// How the node stands: spaces with their digests, peers with what they lack.
    ///
    /// Refuses with `Closed` after shutdown, `Corrupt` where a document cannot be read.
    pub async fn status(&self) -> Result<Status> {
        let node = self.0.clone();
        run(async move { node.status().await.map(Status::from) }).await
    }

    /// The devices this node is connected to, dials or has met.
    pub async fn peers(&self) -> Result<Vec<PeerStatus>> {
        let node = self.0.clone();
        run::<_, dunlin::Error>(async move {
            Ok(node.peers().await.into_iter().map(PeerStatus::from).collect())
        })
        .await
    }

    /// Follows how the peers stand.
    pub fn watch_peers(&self) -> Arc<PeerWatch> {
        PeerWatch::shared(self.0.watch_peers())
    }

    /// Closes connections and files in good order and releases the directory; whatever is called
    /// afterwards is refused with `Closed`.
    ///
    /// Fails with what kept a file from being checkpointed; nothing is lost, and the node is
    /// closed all the same.
    pub async fn shutdown(&self) -> Result<()> {
        let node = self.0.clone();
        run(async move { node.shutdown().await }).await
    }
}
