//! Dials several addresses of one peer, a little apart, and takes the first that answers
//! (after RFC 8305, section 5).

use std::{net::SocketAddr, time::Duration};

use dunlin_model::DeviceId;
use tokio::{task::JoinSet, time::sleep};

use super::Endpoint;
use crate::{connection::Connection, error::ConnectError};

/// Head start of an address over the next.
const STAGGER: Duration = Duration::from_millis(250);

impl Endpoint {
    /// Calls a device at several addresses, the most promising first, 250 ms apart; gives the
    /// first connection and abandons the other calls.
    ///
    /// # Errors
    /// The most telling of the failures: what somebody who answered said, else no answer.
    pub async fn connect_any(
        &self,
        addresses: &[SocketAddr],
        expected: Option<DeviceId>,
    ) -> Result<Connection, ConnectError> {
        let mut calls = JoinSet::new();
        let mut wait = Duration::ZERO;
        for address in addresses.iter().copied() {
            let endpoint = self.clone();
            calls.spawn(async move {
                sleep(wait).await;
                endpoint.connect(address, expected).await
            });
            wait += STAGGER;
        }
        let mut failure = ConnectError::NoAddress;
        while let Some(call) = calls.join_next().await {
            match call {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) if telling(&error) >= telling(&failure) => failure = error,
                Ok(Err(_)) => {}
                Err(error) => tracing::error!(%error, "a call broke off"),
            }
        }
        Err(failure)
    }
}

/// How much an error says about the peer.
fn telling(error: &ConnectError) -> u8 {
    match error {
        ConnectError::NoAddress => 0,
        ConnectError::BadAddress(_) => 1,
        ConnectError::NoAnswer(_) => 2,
        ConnectError::OwnDevice(_) | ConnectError::OtherProtocol(_) => 3,
        ConnectError::WrongDevice { .. } => 4,
        ConnectError::Refused(_) => 5,
        ConnectError::EndpointClosed => 6,
    }
}
