//! How a node runs and syncs.

use std::{sync::Arc, time::Duration};

use dunlin::{InvalidInput, link::Link};

use crate::{
    address,
    discovery::{self, Discovery},
    links::{self, PacketLink},
    sealer::{self, KeySealer},
};

/// How a node is opened.
#[derive(Clone, uniffi::Record)]
pub struct Config {
    /// The node's directory, in the device's private storage.
    pub directory: String,
    /// When a commit counts as durable.
    pub durability: Durability,
    /// How long to wait for another process to release the directory, in milliseconds; five
    /// seconds if none.
    #[uniffi(default)]
    pub lock_wait_ms: Option<u32>,
    /// The number of documents that one space keeps in memory; 256 if none.
    #[uniffi(default)]
    pub open_documents: Option<u32>,
    /// What seals the seed of the device's key where it is stored; a seed that was stored before
    /// without one is sealed when the node is opened.
    #[uniffi(default = None)]
    pub sealer: Option<Arc<dyn KeySealer>>,
}

/// When a commit counts as durable.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum Durability {
    /// After it has reached the disk.
    Flushed,
    /// After it has reached the operating system: survives a crash of the app, not a power
    /// failure, after which peers hand the lost tail back.
    Relaxed,
}

/// How to reach peers and be reached.
#[derive(Clone, uniffi::Record)]
pub struct SyncConfig {
    /// The UDP address to listen on, such as `127.0.0.1:0`; any free port of all addresses if none.
    #[uniffi(default)]
    pub listen: Option<String>,
    /// Addresses to dial, and to dial again whenever nobody is connected there.
    #[uniffi(default)]
    pub peers: Vec<String>,
    /// Whether to announce this node on the local network, and to look for others.
    #[uniffi(default = true)]
    pub mdns: bool,
    /// Discovery by the platform, beside or instead of mDNS.
    #[uniffi(default = None)]
    pub discovery: Option<Arc<dyn Discovery>>,
    /// What carries packets beside the socket.
    #[uniffi(default)]
    pub links: Vec<Arc<dyn PacketLink>>,
}

impl From<&Config> for dunlin::Config {
    fn from(config: &Config) -> Self {
        let mut core = Self { durability: config.durability.into(), ..Self::default() };
        if let Some(wait) = config.lock_wait_ms {
            core.lock_wait = Duration::from_millis(wait.into());
        }
        if let Some(count) = config.open_documents {
            core.open_documents = count as usize;
        }
        let sealer = config.sealer.clone();
        core.sealer = sealer.map(|sealer| dunlin::Sealer::new(sealer::Foreign(sealer)));
        core
    }
}

impl From<Durability> for dunlin::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Flushed => Self::Flushed,
            Durability::Relaxed => Self::Relaxed,
        }
    }
}

impl TryFrom<SyncConfig> for dunlin::SyncConfig {
    type Error = InvalidInput;

    fn try_from(config: SyncConfig) -> Result<Self, InvalidInput> {
        let mut core = Self { mdns: config.mdns, ..Self::default() };
        if let Some(discovery) = config.discovery {
            core.platform = Some(Arc::new(discovery::Foreign(discovery)));
        }
        if let Some(listen) = config.listen {
            core.carrier = dunlin::Carrier::Udp(address::parse(&listen)?);
        }
        core.peers = address::parse_all(&config.peers)?;
        let links = config.links.into_iter();
        core.links = links.map(|link| Arc::new(links::Foreign(link)) as Arc<dyn Link>).collect();
        Ok(core)
    }
}
