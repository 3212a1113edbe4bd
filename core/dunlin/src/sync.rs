//! Sync: one endpoint, a task for each connection, and dialling whoever is not connected.

mod backoff;
mod close;
mod connection;
mod discover;
mod hub;
mod link;
mod links;
mod platform;
mod questions;
mod report;
mod status;
mod target;
#[cfg(test)]
mod tests;

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use dunlin_net::{
    BindError, Carrier, Endpoint,
    link::{Link, Links},
};
use tokio::{sync::mpsc, time::sleep};

use self::{
    discover::{Sources, discover},
    hub::Hub,
    target::Goal,
};
use crate::{error::Result, node::Core};

pub use self::platform::{DiscoveredPeers, PlatformDiscovery};
pub use self::status::{FullDocument, PeerState, PeerStatus, Refusal, SpaceStatus, Status};

/// Further attempts to open a port that is in use, and the wait between them.
const BIND_ATTEMPTS: u32 = 5;
const BIND_WAIT: Duration = Duration::from_millis(50);

/// How to reach peers and be reached.
#[derive(Clone)]
pub struct SyncConfig {
    /// What carries the packets: a UDP address to listen on, or another carrier.
    pub carrier: Carrier,
    /// What carries packets beside that, by means that have no socket.
    pub links: Vec<Arc<dyn Link>>,
    /// Addresses to dial, and to dial again whenever nobody is connected there.
    pub peers: Vec<SocketAddr>,
    /// Whether to announce this node on the local network, and to look for others.
    pub mdns: bool,
    /// Discovery that the platform provides, beside or instead of mDNS.
    pub platform: Option<Arc<dyn PlatformDiscovery>>,
}

impl fmt::Debug for SyncConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncConfig")
            .field("carrier", &self.carrier)
            .field("links", &self.links.len())
            .field("peers", &self.peers)
            .field("mdns", &self.mdns)
            .field("platform", &self.platform.is_some())
            .finish()
    }
}

impl Default for SyncConfig {
    /// Any free port of all addresses, and mDNS.
    fn default() -> Self {
        let any = SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, 0));
        let carrier = Carrier::Udp(any);
        Self { carrier, links: Vec::new(), peers: Vec::new(), mdns: true, platform: None }
    }
}

/// A running sync; dropping it ends it abruptly.
pub(crate) struct Sync {
    hub: Arc<Hub>,
}

impl Sync {
    pub(crate) async fn start(core: Arc<Core>, config: SyncConfig) -> Result<Self> {
        let endpoint = bind(&core, config.carrier, links::start(config.links)?).await?;
        core.set_listen(endpoint.local_addrs());
        let (failed, failures) = mpsc::channel(discover::QUEUE);
        let hub = Arc::new(Hub::new(core, endpoint, failed));
        let sync = Self { hub: hub.clone() };

        hub.spawn(accept(hub.clone()));
        hub.spawn(follow_memberships(hub.clone()));
        aim_at(&hub, config.peers.into_iter().map(Goal::Given).collect());
        aim_at(&hub, remembered(&hub).await?);
        links::follow(&hub);
        if config.mdns || config.platform.is_some() {
            let sources = Sources { mdns: config.mdns, platform: config.platform };
            hub.spawn(discover(hub.clone(), sources, failures));
        }
        Ok(sync)
    }

    /// Tells the peers goodbye and ends all tasks.
    pub(crate) async fn stop(self) {
        self.hub.stop().await;
    }

    pub(crate) fn peers(&self) -> Vec<PeerStatus> {
        self.hub.peers()
    }

    fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Why nobody can be found on the local network, if so.
    pub(crate) fn discovery_problem(&self) -> Option<String> {
        self.hub.reports().discovery.clone()
    }
}

impl Drop for Sync {
    fn drop(&mut self) {
        self.hub.abort();
    }
}

/// Takes callers in until the endpoint closes.
async fn accept(hub: Arc<Hub>) {
    while let Some(connection) = hub.endpoint.accept().await {
        if hub.is_full() {
            connection.close(close::BUSY, "too many connections");
            continue;
        }
        let serving = hub.clone();
        hub.spawn(async move {
            connection::serve(serving, connection).await;
        });
    }
}

/// Greets everybody anew when this device enters a space or gets another role: the spaces in
/// common are found at the beginning of a connection.
async fn follow_memberships(hub: Arc<Hub>) {
    let mut memberships = hub.core.memberships();
    while memberships.changed().await.is_ok() {
        hub.greet_anew();
        // The ticket of a new space came with addresses.
        match remembered(&hub).await {
            Ok(goals) => aim_at(&hub, goals),
            Err(error) => tracing::debug!("addresses are unknown: {error}"),
        }
    }
}

fn aim_at(hub: &Arc<Hub>, goals: Vec<Goal>) {
    for goal in goals {
        if let Goal::Given(address) | Goal::Remembered(address, _) | Goal::Told(address) = goal {
            hub.aim(goal, vec![address]);
        }
    }
}

/// Opens the endpoint; a socket that this process has just let go may need a moment.
async fn bind(core: &Core, carrier: Carrier, links: Option<Links>) -> Result<Endpoint> {
    let rng_seed = match core.config.entropy.is_seeded() {
        true => Some(core.config.entropy.bytes()?),
        false => None,
    };
    let config = dunlin_net::Config { seed: core.seed, carrier, links, rng_seed };
    for _ in 0..BIND_ATTEMPTS {
        match Endpoint::bind(config.clone()) {
            Err(BindError::PortInUse(_)) => sleep(BIND_WAIT).await,
            outcome => return Ok(outcome?),
        }
    }
    Ok(Endpoint::bind(config)?)
}

/// Addresses where members were met, and those that tickets came with.
async fn remembered(hub: &Hub) -> Result<Vec<Goal>> {
    hub.core
        .with_dir(|dir| {
            let mut goals = Vec::new();
            for peer in dir.peers()? {
                goals.extend(peer.address.parse().map(|at| Goal::Remembered(at, peer.device)));
            }
            for space in dir.spaces()? {
                let hints = String::from_utf8(space.extra).unwrap_or_default();
                goals.extend(hints.lines().filter_map(|at| at.parse().ok()).map(Goal::Told));
            }
            Ok(goals)
        })
        .await
}
