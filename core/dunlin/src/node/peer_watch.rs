//! Following how the peers stand.

use tokio::sync::watch;

use super::Node;
use crate::sync::PeerStatus;

/// Follows the peers; dropping it stops it.
///
/// Changes that come while nobody asks are told as one: what counts is how the peers stand.
pub struct PeerWatch {
    node: Node,
    news: watch::Receiver<()>,
}

impl PeerWatch {
    pub(super) fn new(node: Node) -> Self {
        let mut news = node.core.peer_news();
        // The first answer does not wait.
        news.mark_changed();
        Self { node, news }
    }

    /// How the peers stand: the first time at once, then each time that it has changed; none once
    /// the node is shut down.
    ///
    /// It is told of peers that come, go, cannot be reached, get in sync or have something to
    /// exchange, and of discovery that begins or ceases to work.
    pub async fn next(&mut self) -> Option<Vec<PeerStatus>> {
        self.news.changed().await.ok()?;
        if self.node.core.is_closed() {
            return None;
        }
        Some(self.node.peers().await)
    }
}
