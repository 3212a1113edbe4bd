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

#[tokio::test(start_paused = true)]
async fn an_address_of_a_link_is_not_dialled_on_anybody_elses_word() {
    let network = Network::new(1);
    let (a, mut b) = (Device::new(1, 1).await, Device::new(2, 2).await);
    let of_a_link = SocketAddr::from(([240, 0, 0, 1], 1));
    a.node.core.set_listen(vec![of_a_link]);
    let ticket = a.found().await;
    assert_eq!(ticket.hints(), [of_a_link.to_string()]);
    b.node.join(&ticket, None).await.unwrap();
    b.node.core.remember_peer(a.node.device().id, of_a_link).await;

    let given = a.address;
    let nobody = Device { address: of_a_link, ..a };
    let at_b = b.start(&network, &nobody).await;
    sleep(SETTLED).await;
    assert_eq!(at_b.peers(), []);
    at_b.stop().await;

    // Where nobody answers at a proper address, that is told.
    let nobody = Device { address: given, ..nobody };
    b.address.set_port(4001);
    let at_b = b.start(&network, &nobody).await;
    sleep(SETTLED).await;
    assert_eq!(at_b.peers().iter().map(|peer| peer.address).collect::<Vec<_>>(), [given]);
    at_b.stop().await;
}
