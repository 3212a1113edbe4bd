//! Peers in reach of platform links become targets while they are.

use std::sync::Arc;

use dunlin_net::{
    discovery::Event,
    link::{Link, Links, Neighbours},
};

use super::{close, hub::Hub, target::Goal};
use crate::error::Result;

/// Starts the links of a sync, if it has any.
pub(super) fn start(links: Vec<Arc<dyn Link>>) -> Result<Option<Links>> {
    if links.is_empty() {
        return Ok(None);
    }
    Ok(Some(Links::start(links)?))
}

/// Dials whoever is in reach, until the links are gone.
pub(super) fn follow(hub: &Arc<Hub>) {
    if let Some(links) = hub.endpoint.links() {
        hub.spawn(pursue_neighbours(hub.clone(), links.neighbours()));
    }
}

async fn pursue_neighbours(hub: Arc<Hub>, mut neighbours: Neighbours) {
    while let Some(event) = neighbours.next().await {
        match event {
            Event::Found(hint) => {
                for address in hint.addrs {
                    tracing::debug!(%address, peer = ?hint.name, "a peer is in reach of a link");
                    hub.aim(Goal::Linked(address), vec![address]);
                }
            }
            Event::Lost(hint) => {
                for address in hint.addrs {
                    hub.lose(&Goal::Linked(address));
                    // Waiting for it to fall silent would keep the peer from another way here.
                    for link in hub.links() {
                        if link.address() == address {
                            link.handle.close(close::GOODBYE, "out of reach");
                        }
                    }
                }
            }
            _ => {}
        }
    }
}
