//! One device of the simulation: its directory, its clock, and the node while it is up.

use std::{
    collections::VecDeque,
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use dunlin::{
    Clock, Config, DeviceId, DeviceKind, Document, Durability, Engines, Entropy, Error, Node,
    Result, Space, SyncConfig,
};
use dunlin_net::memory::Network;
use tokio::time::{Instant, sleep};

use super::{coverage::Coverage, random::Random};

/// 2026-01-01.
const EPOCH_MS: i64 = 1_767_225_600_000;
const YEAR_MS: i64 = 365 * 24 * 3_600_000;
/// The name of the one space.
pub(super) const SPACE: &str = "hall";
/// How long the endpoint of an ended node may hold on to its address, in seconds: QUIC drains a
/// connection for three probe timeouts (RFC 9000, section 10.2), which are long on a bad link. A
/// process that ended for real would hold on to nothing.
const MAX_RELEASE_S: u64 = 300;

pub(super) struct Site {
    pub(super) index: usize,
    pub(super) address: SocketAddr,
    pub(super) id: DeviceId,
    /// Whom it dials.
    pub(super) dials: Vec<SocketAddr>,
    pub(super) node: Option<Node>,
    /// The node while it is suspended.
    asleep: Option<Node>,
    pub(super) has_joined: bool,
    /// Writes that were acknowledged and changed something, and how many there must be.
    pub(super) writes: usize,
    pub(super) quota: usize,
    /// What these writes were.
    pub(super) coverage: Coverage,
    /// Numbers what it writes.
    pub(super) serial: usize,
    /// Operations that it will do next, in turn.
    pub(super) deck: Vec<&'static str>,
    /// What it read some time ago.
    pub(super) reads: VecDeque<Document>,
    /// Marks that it may remove: document and key.
    pub(super) removable: Vec<(String, String)>,
    /// The notes that it has made.
    pub(super) notes: Vec<String>,
    root: PathBuf,
    dir: PathBuf,
    crashes: usize,
    skew_ms: Arc<AtomicI64>,
    start: Instant,
}

impl Site {
    pub(super) async fn create(
        index: usize,
        root: &Path,
        random: &mut Random,
        config: &dyn Fn(Config) -> Config,
    ) -> Result<Self> {
        let skew_ms = Arc::new(AtomicI64::new(0));
        let start = Instant::now();
        let root = root.join(format!("device-{index}"));
        let dir = root.join("0");
        fs::create_dir_all(&root).map_err(io_error)?;
        let kinds = [DeviceKind::Human, DeviceKind::Agent, DeviceKind::Sensor];
        let made = config(surroundings(random.next(), skew_ms.clone(), start));
        let node = Node::create(&dir, &format!("device {index}"), kinds[index % 3], made).await?;
        let mut site = Self {
            index,
            address: address(index),
            id: node.device().id,
            dials: Vec::new(),
            node: Some(node),
            asleep: None,
            has_joined: false,
            writes: 0,
            quota: 0,
            coverage: Coverage::default(),
            serial: 0,
            deck: Vec::new(),
            reads: VecDeque::new(),
            removable: Vec::new(),
            notes: Vec::new(),
            root,
            dir,
            crashes: 0,
            skew_ms,
            start,
        };
        site.jump(random);
        Ok(site)
    }

    pub(super) fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    pub(super) fn is_up(&self) -> bool {
        self.node.is_some()
    }

    pub(super) fn is_asleep(&self) -> bool {
        self.asleep.is_some()
    }

    pub(super) fn may_write(&self) -> bool {
        self.is_up() && self.has_joined
    }

    pub(super) fn space(&self) -> Result<Space> {
        self.node()?.space(SPACE)
    }

    pub(super) fn node(&self) -> Result<&Node> {
        self.node.as_ref().ok_or_else(|| Error::new(dunlin::Code::Closed, "is down", "start it"))
    }

    /// Sets the clock up to ten years off.
    pub(super) fn jump(&mut self, random: &mut Random) {
        let skew = (random.fraction() * 2.0 - 1.0) * 10.0 * YEAR_MS as f64;
        self.skew_ms.store(skew as i64, Ordering::Relaxed);
    }

    pub(super) fn skew_years(&self) -> i64 {
        self.skew_ms.load(Ordering::Relaxed) / YEAR_MS
    }

    /// Opens the node if it is down or suspended, and lets it sync.
    pub(super) async fn start(
        &mut self,
        network: &Network,
        random: &mut Random,
        config: &dyn Fn(Config) -> Config,
    ) -> Result<()> {
        if let Some(node) = self.asleep.take() {
            node.resume().await?;
            self.node = Some(node);
            return Ok(());
        }
        self.open(random, config).await?;
        let carrier = {
            let mut waited = 0;
            loop {
                match network.carrier(self.address) {
                    Ok(carrier) => break carrier,
                    Err(error) if waited == MAX_RELEASE_S => return Err(io_error(error)),
                    Err(_) => waited += 1,
                }
                sleep(Duration::from_secs(1)).await;
            }
        };
        let sync =
            SyncConfig { carrier, peers: self.dials.clone(), mdns: false, ..SyncConfig::default() };
        self.node()?.start_sync(sync).await
    }

    /// Opens the node if it is down.
    pub(super) async fn open(
        &mut self,
        random: &mut Random,
        config: &dyn Fn(Config) -> Config,
    ) -> Result<()> {
        if let Some(node) = self.asleep.take() {
            node.stop_sync().await;
            node.resume().await?;
            self.node = Some(node);
        }
        if self.node.is_none() {
            let surroundings =
                config(surroundings(random.next(), self.skew_ms.clone(), self.start));
            self.node = Some(Node::open(&self.dir, surroundings).await?);
        }
        Ok(())
    }

    /// Suspends the node until it is started again.
    pub(super) async fn suspend(&mut self) -> Result<()> {
        let Some(node) = self.node.take() else { return Ok(()) };
        node.suspend(Duration::from_secs(1)).await?;
        self.asleep = Some(node);
        Ok(())
    }

    /// Ends the node in good order.
    pub(super) async fn shut_down(&mut self) -> Result<()> {
        match self.node.take() {
            Some(node) => node.shutdown().await,
            None => Ok(()),
        }
    }

    /// Ends the node, up or asleep, as if the power of its process had been cut: what goes on is what its files
    /// held at this moment, and nobody hears a goodbye. The caller has cut its link.
    pub(super) fn crash(&mut self) -> Result<()> {
        self.crashes += 1;
        let survivor = self.root.join(self.crashes.to_string());
        copy_files(&self.dir, &survivor).map_err(io_error)?;
        self.dir = survivor;
        (self.node, self.asleep) = (None, None);
        Ok(())
    }
}

pub(super) fn address(index: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, index as u8 + 1], 4000))
}

fn surroundings(seed: u64, skew_ms: Arc<AtomicI64>, start: Instant) -> Config {
    let clock = Clock::new(move || {
        EPOCH_MS + skew_ms.load(Ordering::Relaxed) + start.elapsed().as_millis() as i64
    });
    Config {
        durability: Durability::Relaxed,
        engines: Engines::Tasks,
        clock,
        entropy: Entropy::seeded(seed),
        lock_wait: Duration::ZERO,
        ..Config::default()
    }
}

/// Copies a node's directory as a crash leaves it: databases with their write-ahead logs, without
/// the shared memory that dies with the process.
pub(crate) fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_files(&source, &target)?;
        } else if !entry.file_name().to_string_lossy().ends_with("-shm") {
            fs::copy(&source, &target)?;
        }
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())
}

fn io_error(error: io::Error) -> Error {
    Error::new(dunlin::Code::Internal, error.to_string(), "this is the simulation's own")
}
