//! Discovery: what is announced on the network becomes a target.

use std::{net::SocketAddr, sync::Arc};

use dunlin_net::discovery::{Discovery, Event, Source, Status};
use tokio::sync::mpsc;

use super::{
    hub::Hub,
    platform::{PlatformDiscovery, Running},
    target::Goal,
};

/// Failed addresses that wait to be verified; more are found out again later.
pub(super) const QUEUE: usize = 64;

/// Where peers are looked for.
pub(super) struct Sources {
    pub(super) mdns: bool,
    pub(super) platform: Option<Arc<dyn PlatformDiscovery>>,
}

/// Announces this node, and dials whoever else is announced, until the endpoint is gone.
pub(super) async fn discover(
    hub: Arc<Hub>,
    sources: Sources,
    mut failed: mpsc::Receiver<SocketAddr>,
) {
    let Some(bound) = hub.endpoint.bound_addr() else { return };
    // A host without a network still has processes that may want to meet.
    let reachable = hub.endpoint.local_addrs();
    let only_loopback = reachable.iter().all(|address| address.ip().is_loopback());
    let mut discovery = Discovery::new(only_loopback);
    if sources.mdns {
        discovery.start_mdns(bound);
    }
    let _platform = match sources.platform {
        Some(platform) => {
            let sink = discovery.sink(Source::Platform);
            Some(Running::start(platform, bound.port(), sink).await)
        }
        None => None,
    };
    loop {
        tokio::select! {
            biased;
            event = discovery.next() => match event {
                Event::Found(hint) => hub.aim(Goal::Announced(hint.name), hint.addrs),
                Event::Lost(hint) => hub.lose(&Goal::Announced(hint.name)),
                Event::Changed(source, Status::Unavailable { reason }) => {
                    tracing::warn!(?source, "discovery does not work: {reason}");
                    hub.discovery_changed(Some(reason));
                }
                Event::Changed(_, _) => hub.discovery_changed(None),
                _ => {}
            },
            Some(address) = failed.recv() => discovery.dial_failed(address),
        }
    }
}
