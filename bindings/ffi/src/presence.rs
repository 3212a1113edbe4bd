//! What other devices are about at the moment.

use std::sync::Arc;

use crate::{
    device::Device,
    error::Result,
    pull::{Pull, Source},
};

/// What another device is about at the moment, as it said itself.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Presence {
    /// The device.
    pub device: Device,
    /// What it said, as JSON text.
    pub state: String,
}

/// Follows the presence of other devices; dropping it stops it.
///
/// Changes that come while nobody asks are told as one.
#[derive(uniffi::Object)]
pub struct PresenceWatch(Pull<dunlin::PresenceWatch>);

impl PresenceWatch {
    pub(crate) fn shared(watch: dunlin::PresenceWatch) -> Arc<Self> {
        Arc::new(Self(Pull::new(watch)))
    }
}

#[uniffi::export]
impl PresenceWatch {
    /// What the others are about: the first time at once, then each time that it has changed; none
    /// once it was stopped or the node is shut down.
    pub async fn next(&self) -> Result<Option<Vec<Presence>>> {
        self.0.next().await
    }

    /// Ends it: a `next` that waits answers none.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Source for dunlin::PresenceWatch {
    type Item = Vec<Presence>;

    async fn pull(&mut self) -> Result<Option<Vec<Presence>>> {
        let present = self.next().await;
        Ok(present.map(|present| present.into_iter().map(Presence::from).collect()))
    }
}

impl From<dunlin::Presence> for Presence {
    fn from(presence: dunlin::Presence) -> Self {
        let dunlin::Presence { device, name, kind, state } = presence;
        Self {
            device: Device { id: device.to_string(), name, kind: kind.into() },
            state: state.to_string(),
        }
    }
}
