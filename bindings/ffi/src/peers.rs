//! How the peers stand.

use std::sync::Arc;

use crate::{
    error::Result,
    pull::{Pull, Source},
};

/// How a peer stands.
#[derive(Clone, Debug, uniffi::Record)]
pub struct PeerStatus {
    /// The device's id; unknown for an address that never answered.
    pub device: Option<String>,
    /// What it calls itself, if it is a member of a space here.
    pub name: Option<String>,
    /// Whether it is connected.
    pub state: PeerState,
    /// Where it is, or was last.
    pub address: String,
    /// Whether everything that may flow between the two devices has flowed.
    pub in_sync: bool,
    /// The ids of the spaces in common.
    pub spaces: Vec<String>,
    /// Why it is not connected.
    pub reason: Option<String>,
}

/// Whether a peer is connected.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum PeerState {
    /// A connection stands, and the spaces in common are not known yet.
    Greeting,
    /// Connected.
    Connected,
    /// Not connected; dialled again from time to time.
    Disconnected,
}

/// Follows the peers; dropping it stops it.
///
/// Changes that come while nobody asks are told as one.
#[derive(uniffi::Object)]
pub struct PeerWatch(Pull<dunlin::PeerWatch>);

impl PeerWatch {
    pub(crate) fn shared(watch: dunlin::PeerWatch) -> Arc<Self> {
        Arc::new(Self(Pull::new(watch)))
    }
}

#[uniffi::export]
impl PeerWatch {
    /// How the peers stand: the first time at once, then each time that it has changed; none once
    /// it was stopped or the node is shut down.
    pub async fn next(&self) -> Result<Option<Vec<PeerStatus>>> {
        self.0.next().await
    }

    /// Ends it: a `next` that waits answers none.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Source for dunlin::PeerWatch {
    type Item = Vec<PeerStatus>;

    async fn pull(&mut self) -> Result<Option<Vec<PeerStatus>>> {
        let peers = self.next().await;
        Ok(peers.map(|peers| peers.into_iter().map(PeerStatus::from).collect()))
    }
}

impl From<dunlin::PeerStatus> for PeerStatus {
    fn from(peer: dunlin::PeerStatus) -> Self {
        Self {
            device: peer.device.map(|device| device.to_string()),
            name: peer.name,
            state: peer.state.into(),
            address: peer.address.to_string(),
            in_sync: peer.in_sync,
            spaces: peer.spaces.iter().map(ToString::to_string).collect(),
            reason: peer.reason,
        }
    }
}

impl From<dunlin::PeerState> for PeerState {
    fn from(state: dunlin::PeerState) -> Self {
        match state {
            dunlin::PeerState::Greeting => Self::Greeting,
            dunlin::PeerState::Connected => Self::Connected,
            dunlin::PeerState::Disconnected => Self::Disconnected,
        }
    }
}
