//! Takes calls: bounded in number and time until the caller has proved that it may talk.

use std::{sync::Arc, time::Duration};

use quinn::{Incoming, ServerConfig};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinSet,
    time::timeout,
};

use crate::{address::canonical, connection::Connection, error::Closed, link::Links, transport};

/// Accepted connections that an endpoint bears before they are
/// [authorised](crate::ConnectionHandle::authorise), handshakes included.
pub const MAX_STRANGERS: usize = 32;

/// From so many strangers on, a caller must first show that packets reach its address
/// (RFC 9000, section 8.1.2), so that forged addresses take no places.
const STRANGERS_BEFORE_RETRY: usize = 8;

/// Time from a caller's first packet to its open stream.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);

/// How callers are met, by where they call from.
pub(super) struct Reception {
    server: Arc<ServerConfig>,
    links: Option<Links>,
}

impl Reception {
    pub(super) fn new(server: ServerConfig, links: Option<Links>) -> Self {
        Self { server: Arc::new(server), links }
    }

    fn config(&self, incoming: &Incoming) -> Arc<ServerConfig> {
        let address = canonical(incoming.remote_address());
        match self.links.as_ref().and_then(|links| links.max_packet_bytes(address)) {
            None => self.server.clone(),
            bounded => {
                let mut server = ServerConfig::clone(&self.server);
                server.transport_config(transport::limits(bounded));
                Arc::new(server)
            }
        }
    }
}

/// Runs until the endpoint closes, its socket dies or nobody wants connections any more.
pub(super) async fn run(
    endpoint: quinn::Endpoint,
    reception: Reception,
    accepted: mpsc::Sender<Connection>,
) {
    let places = Arc::new(Semaphore::new(MAX_STRANGERS));
    let mut handshakes = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(_) = handshakes.join_next() => {}
            incoming = endpoint.accept() => {
                let Some(incoming) = incoming else { return };
                if let Some((incoming, place)) = admit(incoming, &places) {
                    let config = reception.config(&incoming);
                    handshakes.spawn(greet(incoming, config, place, accepted.clone()));
                }
            }
        }
    }
}

/// Gives a caller a place among the strangers, asks it to prove its address first, or turns it
/// away.
fn admit(incoming: Incoming, places: &Arc<Semaphore>) -> Option<(Incoming, OwnedSemaphorePermit)> {
    let crowded = places.available_permits() <= MAX_STRANGERS - STRANGERS_BEFORE_RETRY;
    if crowded && !incoming.remote_address_validated() {
        // Fails only for a caller that has just been retried, and that one is validated.
        let _ = incoming.retry();
        return None;
    }
    match places.clone().try_acquire_owned() {
        Ok(place) => Some((incoming, place)),
        Err(_) => {
            tracing::debug!(address = %incoming.remote_address(), "too many strangers");
            incoming.refuse();
            None
        }
    }
}

async fn greet(
    incoming: Incoming,
    config: Arc<ServerConfig>,
    place: OwnedSemaphorePermit,
    accepted: mpsc::Sender<Connection>,
) {
    let address = incoming.remote_address();
    match timeout(HANDSHAKE_TIMEOUT, handshake(incoming, config, place)).await {
        // The channel has room for every place. It is closed only when the endpoint is gone.
        Ok(Ok(connection)) => {
            let _ = accepted.send(connection).await;
        }
        Ok(Err(error)) => tracing::debug!(%address, %error, "a call failed"),
        Err(_) => tracing::debug!(%address, "a caller said nothing"),
    }
}

async fn handshake(
    incoming: Incoming,
    config: Arc<ServerConfig>,
    place: OwnedSemaphorePermit,
) -> Result<Connection, Closed> {
    let connection = incoming.accept_with(config)?.await?;
    let stream = connection.accept_bi().await?;
    Connection::new(connection, stream, Some(place)).await
}
