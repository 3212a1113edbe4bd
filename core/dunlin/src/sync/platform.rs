//! Discovery that the platform provides, such as Android's NsdManager and Apple's NWBrowser.

use std::{fmt, net::SocketAddr, sync::Arc};

use dunlin_net::discovery::{Sink, Status};
use tokio::{runtime::Handle, sync::mpsc, task::spawn_blocking};

/// News that wait to be taken; a platform that says more at once is not heard, and says it again
/// when it looks again.
const QUEUE: usize = 256;

/// The platform's own service discovery. Called on threads where it may wait.
pub trait PlatformDiscovery: Send + Sync {
    /// Announces `_dunlin._udp` at this port and looks for others, until it is stopped.
    fn start(&self, port: u16, peers: DiscoveredPeers);

    /// Withdraws the announcement and looks no more.
    fn stop(&self);
}

/// Where a [`PlatformDiscovery`] tells what it finds; on any thread, and never waiting.
#[derive(Clone)]
pub struct DiscoveredPeers(mpsc::Sender<News>);

enum News {
    Found(String, Vec<SocketAddr>),
    Lost(String),
    Status(Status),
}

impl DiscoveredPeers {
    /// Somebody may listen at these addresses; `name` is the announcement's. Said again, it
    /// replaces the addresses.
    pub fn found(&self, name: impl Into<String>, addresses: Vec<SocketAddr>) {
        self.say(News::Found(name.into(), addresses));
    }

    /// The announcement was withdrawn.
    pub fn lost(&self, name: impl Into<String>) {
        self.say(News::Lost(name.into()));
    }

    /// The platform looks for peers.
    pub fn active(&self) {
        self.say(News::Status(Status::Active));
    }

    /// The platform cannot look for peers, for a reason that a person can act upon.
    pub fn unavailable(&self, reason: impl Into<String>) {
        self.say(News::Status(Status::Unavailable { reason: reason.into() }));
    }

    fn say(&self, news: News) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.0.try_send(news) {
            tracing::debug!("the platform's discovery says more than can be taken");
        }
    }
}

impl fmt::Debug for DiscoveredPeers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DiscoveredPeers")
    }
}

/// A platform's discovery that runs; dropping it stops it.
pub(super) struct Running {
    platform: Arc<dyn PlatformDiscovery>,
    runtime: Handle,
}

impl Running {
    /// Starts it, and passes on what it says for as long as somebody listens.
    pub(super) async fn start(platform: Arc<dyn PlatformDiscovery>, port: u16, sink: Sink) -> Self {
        let (sender, mut news) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            while let Some(news) = news.recv().await {
                match news {
                    News::Found(name, addresses) => sink.found(name, addresses).await,
                    News::Lost(name) => sink.lost(name).await,
                    News::Status(status) => sink.status(status).await,
                }
            }
        });
        let running = Self { platform: platform.clone(), runtime: Handle::current() };
        let started = spawn_blocking(move || platform.start(port, DiscoveredPeers(sender))).await;
        if let Err(error) = started {
            tracing::error!("the platform's discovery failed to start: {error}");
        }
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let platform = self.platform.clone();
        self.runtime.spawn_blocking(move || platform.stop());
    }
}
