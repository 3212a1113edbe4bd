//! The product as a program uses it: a node in a directory, one space.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use dunlin::{
    Carrier, CollectionHandle, Config, DeviceKind, Durability, Engines, Invitation, Node, Space,
    SyncConfig,
};
use tokio::{
    runtime::{Builder, Runtime},
    time::timeout,
};

use crate::Result;

/// The collection of most rows.
pub(crate) const TASKS: &str = "tasks";

/// An open node that is in one space.
pub(crate) struct Product {
    pub(crate) node: Node,
    pub(crate) space: Space,
}

impl Product {
    /// Makes a node that founds a space.
    pub(crate) async fn create(dir: &Path, durability: Durability) -> Result<Self> {
        let node = Node::create(dir, "bench", DeviceKind::Human, config(durability)).await?;
        let space = node.create_space("bench").await?;
        Ok(Self { node, space })
    }

    /// Makes a node whose engines run on the caller's own thread, which then is all there is to
    /// measure.
    pub(crate) async fn create_inline(dir: &Path) -> Result<Self> {
        let config = Config { engines: Engines::Tasks, ..config(Durability::Relaxed) };
        let node = Node::create(dir, "bench", DeviceKind::Human, config).await?;
        let space = node.create_space("bench").await?;
        Ok(Self { node, space })
    }

    /// Makes a node that joins the other's space, offline.
    pub(crate) async fn join(&self, dir: &Path, durability: Durability) -> Result<Self> {
        let ticket = self.space.invite(&Invitation::default()).await?;
        let node = Node::create(dir, "peer", DeviceKind::Human, config(durability)).await?;
        let space = node.join(&ticket, None).await?;
        Ok(Self { node, space })
    }

    /// Opens a node that exists.
    pub(crate) async fn open(dir: &Path, durability: Durability) -> Result<Self> {
        let node = Node::open(dir, config(durability)).await?;
        let space = node.space("bench")?;
        Ok(Self { node, space })
    }

    /// The documents that most rows work on.
    pub(crate) fn tasks(&self) -> Result<CollectionHandle> {
        Ok(self.space.collection(TASKS)?)
    }

    /// Listens on loopback, finding nobody by itself; where to dial.
    pub(crate) async fn listen(&self) -> Result<SocketAddr> {
        self.node.start_sync(sync(Vec::new())).await?;
        let status = self.node.status().await?;
        Ok(status.listen.into_iter().next().ok_or("the node listens nowhere")?)
    }

    /// Dials an address, and whoever answers again and again.
    pub(crate) async fn dial(&self, peer: SocketAddr) -> Result<()> {
        Ok(self.node.start_sync(sync(vec![peer])).await?)
    }

    /// Waits until a peer is there and has nothing that this node lacks, nor the other way round.
    pub(crate) async fn until_in_sync(&self) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(120);
        let mut watch = self.node.watch_peers();
        let in_sync = async {
            while let Some(peers) = watch.next().await {
                if peers.iter().any(|peer| peer.in_sync) {
                    return true;
                }
            }
            false
        };
        match timeout(PATIENCE, in_sync).await {
            Ok(true) => Ok(()),
            Ok(false) => Err("the node was shut down".into()),
            Err(_) => {
                let peers = self.node.peers().await;
                Err(format!("the nodes did not get in sync: {peers:?}").into())
            }
        }
    }

    /// Closes it in good order.
    pub(crate) async fn close(self) -> Result<()> {
        Ok(self.node.shutdown().await?)
    }
}

/// A runtime for [`Product::create_inline`].
pub(crate) fn inline_runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn config(durability: Durability) -> Config {
    Config { durability, ..Config::default() }
}

fn sync(peers: Vec<SocketAddr>) -> SyncConfig {
    SyncConfig {
        carrier: Carrier::Udp((Ipv4Addr::LOCALHOST, 0).into()),
        peers,
        mdns: false,
        ..SyncConfig::default()
    }
}

/// Bytes on disk under a directory, shared memory aside.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DiskBytes {
    /// Write-ahead logs.
    pub(crate) logs: u64,
    /// Everything else.
    pub(crate) files: u64,
}

/// Adds up a directory.
pub(crate) fn disk_bytes(dir: &Path) -> Result<DiskBytes> {
    let mut bytes = DiskBytes::default();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            let below = disk_bytes(&entry.path())?;
            bytes.logs += below.logs;
            bytes.files += below.files;
        } else if name.ends_with("-wal") {
            bytes.logs += entry.metadata()?.len();
        } else if !name.ends_with("-shm") {
            bytes.files += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

/// Copies a closed node's directory.
pub(crate) fn copy_dir(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
