//! Two nodes on the simulated network that dial each other.

use std::time::Duration;

use dunlin_model::DeviceKind;
use dunlin_net::memory::Network;
use dunlin_proto::trust::Ticket;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::*;
use crate::{
    config::{Clock, Config, Durability, Engines, Entropy},
    node::Node,
    space::Invitation,
};

/// Virtual time in which two connections become one.
const SETTLED: Duration = Duration::from_secs(60);
/// Virtual time over which nothing may change then.
const WATCHED: Duration = Duration::from_secs(60);

struct Device {
    node: Node,
    address: SocketAddr,
    _dir: TempDir,
}

impl Device {
    async fn new(number: u8, seed: u64) -> Self {
        let dir = TempDir::new().unwrap();
        let config = Config {
            durability: Durability::Relaxed,
            engines: Engines::Tasks,
            entropy: Entropy::seeded(seed),
            clock: Clock::new(|| 1_800_000_000_000),
            ..Config::default()
        };
        let name = format!("device {number}");
        let node = Node::create(dir.path(), &name, DeviceKind::Human, config).await.unwrap();
        let address = SocketAddr::from(([10, 0, 0, number], 4000));
        Self { node, address, _dir: dir }
    }

    async fn found(&self) -> Ticket {
        let space = self.node.create_space("farm").await.unwrap();
        space.invite(&Invitation::default()).await.unwrap()
    }

    async fn start(&self, network: &Network, peer: &Self) -> Sync {
        let carrier = network.carrier(self.address).unwrap();
        let config =
            SyncConfig { carrier, peers: vec![peer.address], mdns: false, ..SyncConfig::default() };
        Sync::start(self.node.core.clone(), config).await.unwrap()
    }
}

/// The connections of both, and whether both have greeted over the one that each of them keeps.
fn standing(syncs: [&Sync; 2]) -> [(usize, bool); 2] {
    syncs.map(|sync| {
        let is_greeted = sync.hub.links().iter().any(|link| !link.standing().is_empty());
        (sync.hub.endpoint.open_connections(), is_greeted)
    })
}

#[tokio::test(start_paused = true)]
async fn of_two_connections_dialled_at_one_instant_one_stays_for_good() {
    for seed in 1..=8 {
        let network = Network::new(seed);
        let (a, b) = (Device::new(1, 2 * seed).await, Device::new(2, 2 * seed + 1).await);
        let ticket = a.found().await;
        b.node.join(&ticket, None).await.unwrap();
        let started = Instant::now();
        let (at_a, at_b) = (a.start(&network, &b).await, b.start(&network, &a).await);
        assert_eq!(started.elapsed(), Duration::ZERO, "both dial at one instant");

        let (mut most, mut settled) = (0, false);
        while !settled {
            assert!(started.elapsed() < SETTLED, "seed {seed}: {:?}", standing([&at_a, &at_b]));
            sleep(Duration::from_millis(1)).await;
            most = most.max(at_a.hub.endpoint.open_connections());
            settled = standing([&at_a, &at_b]) == [(1, true); 2];
        }
        assert_eq!(most, 2, "seed {seed}: they never had two connections");
        let kept = [&at_a, &at_b].map(|sync| sync.hub.links()[0].id);

        let since = Instant::now();
        while since.elapsed() < WATCHED {
            sleep(Duration::from_millis(100)).await;
            assert_eq!(standing([&at_a, &at_b]), [(1, true); 2], "seed {seed}");
        }
        assert_eq!([&at_a, &at_b].map(|sync| sync.hub.links()[0].id), kept, "seed {seed}");
        for (sync, device) in [(at_a, a), (at_b, b)] {
            sync.stop().await;
            device.node.shutdown().await.unwrap();
        }
    }
}
