//! A node: this device, its spaces and its sync.

use std::{path::Path, sync::Arc, time::Duration};

use crate::{
    cancellation::Cancellation,
    config::{Config, SyncConfig},
    counted::Counted,
    device::{Device, DeviceKind},
    error::Result,
    peers::{PeerStatus, PeerWatch},
    runtime::{call, run},
    space::Space,
    status::{Status, StatusWatch},
};

/// A running device: store, sync and discovery.
#[derive(uniffi::Object)]
pub struct Node(dunlin::Node, Counted);

#[uniffi::export]
impl Node {
    /// Makes a directory a node: draws the device's key and opens it.
    ///
    /// Refuses with `AlreadyExists` if it is one already, `InvalidInput` for an improper name;
    /// `StorageFull`; `KeyUnavailable` or `KeyLost` where the sealer refuses.
    #[uniffi::constructor]
    pub async fn create(config: Config, name: String, kind: DeviceKind) -> Result<Arc<Self>> {
        run(async move {
            let dir = Path::new(&config.directory);
            dunlin::Node::create(dir, &name, kind.into(), (&config).into()).await
        })
        .await
        .map(|node| Arc::new(Self(node, Counted::new())))
    }

    /// Opens a node with its spaces. Sync waits for `start_sync`.
    ///
    /// Refuses with `NotFound` if the directory is not a node, `NewerSchema`, `Corrupt`; `AlreadyOpen`,
    /// retryable unless this process has it open; `KeyUnavailable` while the sealer cannot unseal the
    /// device's key, `KeyLost` if it never will, `Denied` for a sealed key without a sealer.
    #[uniffi::constructor]
    pub async fn open(config: Config) -> Result<Arc<Self>> {
        run(async move { dunlin::Node::open(Path::new(&config.directory), (&config).into()).await })
            .await
            .map(|node| Arc::new(Self(node, Counted::new())))
    }

    /// This device.
    pub fn device(&self) -> Device {
        self.0.device().into()
    }

    /// Founds a space, with this device as its administrator.
    ///
    /// Refuses with `AlreadyExists` for a name that a space here has, `InvalidInput` for an improper
    /// one; `StorageFull`.
    pub async fn create_space(&self, name: String) -> Result<Arc<Space>> {
        let node = self.0.clone();
        run(async move { node.create_space(&name).await }).await.map(Space::shared)
    }

    /// Joins a space with a ticket, offline: members learn of it when they meet this device.
    ///
    /// Refuses with `Expired` for a ticket whose time is over, `AlreadyExists` for an alias that is
    /// taken; `InvalidInput`, `StorageFull`.
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

    /// Starts the sync that runs anew, with a new socket: for a host whose network has changed.
    /// Nothing happens if there is none.
    ///
    /// Fails as `start_sync`; another attempt starts it.
    pub async fn restart_sync(&self) -> Result<()> {
        let node = self.0.clone();
        run(async move { node.restart_sync().await }).await
    }

    /// Syncs until everybody within reach has been in sync for a moment, or for this time at most:
    /// for a launch in the background. Opens a suspended node and suspends it again; a sync that
    /// runs already is waited for and left running. A caller that gives up cancels: then it ends
    /// as at the deadline.
    ///
    /// Fails as `resume` and `start_sync`.
    pub async fn sync_once(
        &self,
        config: SyncConfig,
        deadline_ms: u32,
        cancellation: Arc<Cancellation>,
    ) -> Result<SyncOutcome> {
        let node = self.0.clone();
        let deadline = Duration::from_millis(deadline_ms.into());
        let cancelled = cancellation.cancelled();
        run(async move {
            let outcome = node.sync_once_unless(config.try_into()?, deadline, cancelled).await?;
            Ok::<_, dunlin::Error>(SyncOutcome::from(outcome))
        })
        .await
    }

    /// Ends sync, finishes what was asked for, and closes every file and socket, until `resume`:
    /// for an app that goes to the background. After this time, what still waits is refused, and
    /// what runs is rolled back. Calls are refused with `Suspended` then, subscriptions wait, and
    /// all handles stay good. Nothing happens if the node is suspended.
    ///
    /// Fails with what kept a file from being checkpointed; nothing is lost, and the node is
    /// suspended all the same. `Closed` after shutdown.
    pub async fn suspend(&self, deadline_ms: u32) -> Result<()> {
        let node = self.0.clone();
        run(async move { node.suspend(Duration::from_millis(deadline_ms.into())).await }).await
    }

    /// Opens the files of a suspended node again, and starts the sync that ran; nothing happens if
    /// it is not suspended.
    ///
    /// Refuses with `AlreadyOpen` if somebody else has the directory now; `Network` if only sync
    /// could not be started: another attempt tries again. `Closed` after shutdown.
    pub async fn resume(&self) -> Result<()> {
        let node = self.0.clone();
        run(async move { node.resume().await }).await
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

    /// Follows how the node stands.
    pub fn watch_status(&self) -> Arc<StatusWatch> {
        StatusWatch::shared(self.0.watch_status())
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

/// What came of `Node::sync_once`.
#[derive(Clone, Debug, uniffi::Record)]
pub struct SyncOutcome {
    /// Whether a peer was met, and everybody who was met has the same documents now.
    pub in_sync: bool,
    /// The peers as they were at the end.
    pub peers: Vec<PeerStatus>,
}

impl From<dunlin::SyncOutcome> for SyncOutcome {
    fn from(outcome: dunlin::SyncOutcome) -> Self {
        let dunlin::SyncOutcome { in_sync, peers } = outcome;
        Self { in_sync, peers: peers.into_iter().map(PeerStatus::from).collect() }
    }
}
