//! Discovery by the platform: what the foreign side implements, and where it tells what it finds.

use std::sync::Arc;

use crate::{address, counted::Counted, error::Result, runtime::call};

/// The platform's own service discovery, such as Android's NsdManager and Apple's NWBrowser.
/// Called on threads of the library, which may wait.
#[uniffi::export(foreign)]
pub trait Discovery: Send + Sync {
    /// Announces `_dunlin._udp` at this port and looks for others, until it is stopped.
    fn start(&self, port: u16, peers: Arc<DiscoveredPeers>) -> Result<()>;

    /// Withdraws the announcement and looks no more.
    fn stop(&self) -> Result<()>;
}

/// Where a discovery tells what it finds; any thread may call, and never waits.
#[derive(uniffi::Object)]
pub struct DiscoveredPeers(dunlin::DiscoveredPeers, Counted);

#[uniffi::export]
impl DiscoveredPeers {
    /// Somebody may listen at these addresses, such as `192.168.1.5:4433`; `name` is the
    /// announcement's. Said again, it replaces the addresses.
    ///
    /// Refuses with `InvalidInput` for what is not an address.
    pub fn found(&self, name: String, addresses: Vec<String>) -> Result<()> {
        call(|| {
            self.0.found(name, address::parse_all(&addresses)?);
            Ok(())
        })
    }

    /// The announcement was withdrawn.
    pub fn lost(&self, name: String) {
        self.0.lost(name);
    }

    /// The platform looks for peers.
    pub fn active(&self) {
        self.0.active();
    }

    /// The platform cannot look for peers, for a reason that a person can act upon.
    pub fn unavailable(&self, reason: String) {
        self.0.unavailable(reason);
    }
}

/// The foreign discovery as the core calls it.
pub(crate) struct Foreign(pub(crate) Arc<dyn Discovery>);

impl dunlin::PlatformDiscovery for Foreign {
    fn start(&self, port: u16, peers: dunlin::DiscoveredPeers) {
        if let Err(error) =
            self.0.start(port, Arc::new(DiscoveredPeers(peers.clone(), Counted::new())))
        {
            peers.unavailable(format!("the platform's discovery did not start: {error}"));
        }
    }

    fn stop(&self) {
        if let Err(error) = self.0.stop() {
            tracing::warn!("the platform's discovery did not stop: {error}");
        }
    }
}
