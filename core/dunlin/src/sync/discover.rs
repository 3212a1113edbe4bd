//! Discovery: what is announced on the network becomes a target.

use std::{net::SocketAddr, sync::Arc};

use dunlin_net::discovery::{Discovery, Event, Status};
use tokio::sync::mpsc;

use super::{hub::Hub, target::Goal};

/// Failed addresses that wait to be verified; more are found out again later.
pub(super) const QUEUE: usize = 64;

/// Announces this node, and dials whoever else is announced, until the endpoint is gone.
pub(super) async fn discover(hub: Arc<Hub>, mut failed: mpsc::Receiver<SocketAddr>) {
    let Some(bound) = hub.endpoint.bound_addr() else { return };
    // A host without a network still has processes that may want to meet.
    let reachable = hub.endpoint.local_addrs();
    let only_loopback = reachable.iter().all(|address| address.ip().is_loopback());
    let mut discovery = Discovery::new(only_loopback);
    discovery.start_mdns(bound);
    loop {
        tokio::select! {
            biased;
            event = discovery.next() => match event {
                Event::Found(hint) => hub.aim(Goal::Announced(hint.name), hint.addrs),
                Event::Lost(hint) => hub.lose(&Goal::Announced(hint.name)),
                Event::Changed(_, Status::Unavailable { reason }) => {
                    tracing::warn!("mDNS does not work: {reason}");
                    hub.discovery_changed(Some(reason));
                }
                Event::Changed(_, _) => hub.discovery_changed(None),
                _ => {}
            },
            Some(address) = failed.recv() => discovery.dial_failed(address),
        }
    }
}
