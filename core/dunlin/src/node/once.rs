//! One exchange with whoever is near, for a process that runs for a moment only.

use std::{
    future::{Future, pending},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout_at};

use super::Node;
use crate::{
    error::{Code, Result},
    sync::{PeerState, PeerStatus, SyncConfig},
};

/// How long all must have been settled with everybody: somebody else may just be found.
const QUIET: Duration = Duration::from_millis(1500);
/// Time to close the files of a node that was suspended before.
const CLOSING: Duration = Duration::from_secs(2);

/// What came of [`Node::sync_once`].
#[derive(Clone, PartialEq, Debug)]
pub struct SyncOutcome {
    /// Whether a peer was met, and everybody who was met has the same documents now.
    pub in_sync: bool,
    /// The peers as they were at the end.
    pub peers: Vec<PeerStatus>,
}

impl Node {
    /// Syncs until all is settled with everybody within reach for a moment, or the deadline: for a
    /// launch in the background. Opens a suspended node and suspends it again; a sync that runs
    /// already is waited for and left running.
    ///
    /// # Errors
    /// As [`resume`](Self::resume) and [`start_sync`](Self::start_sync).
    pub async fn sync_once(&self, config: SyncConfig, deadline: Duration) -> Result<SyncOutcome> {
        self.sync_once_unless(config, deadline, pending()).await
    }

    /// [`sync_once`](Self::sync_once) that ends early, in the same good order, when `stopped` is
    /// ready: for a system that takes the time back. Dropping the future would leave the node open.
    ///
    /// # Errors
    /// As [`sync_once`](Self::sync_once).
    pub async fn sync_once_unless(
        &self,
        config: SyncConfig,
        deadline: Duration,
        stopped: impl Future<Output = ()> + Send,
    ) -> Result<SyncOutcome> {
        let deadline = Instant::now() + deadline;
        let mut sync = self.sync.lock().await;
        let was_suspended = self.core.is_suspended();
        self.core.resume().await?;
        let is_ours = sync.running.is_none();
        let started = if is_ours { sync.start(&self.core, config).await } else { Ok(()) };
        let turn = sync.turn;
        // Whoever wants to suspend the node meanwhile can.
        drop(sync);
        let outcome = match started {
            Ok(()) => Ok(self.until_in_sync(deadline, stopped).await),
            Err(error) => Err(error),
        };
        let mut sync = self.sync.lock().await;
        if sync.turn != turn {
            return outcome;
        }
        if is_ours {
            sync.stop().await;
        }
        if was_suspended {
            match self.core.suspend(Instant::now() + CLOSING).await {
                Err(error) if error.code() != Code::Closed => return Err(error),
                _ => {}
            }
        }
        outcome
    }

    async fn until_in_sync(
        &self,
        deadline: Instant,
        stopped: impl Future<Output = ()> + Send,
    ) -> SyncOutcome {
        let mut news = self.core.peer_news();
        let quiet = async {
            loop {
                news.mark_unchanged();
                let is_settled = all(&self.peers().await, |peer| peer.settled);
                tokio::select! {
                    biased;
                    _ = news.changed() => {}
                    () = sleep(QUIET), if is_settled => return,
                }
            }
        };
        tokio::select! {
            biased;
            _ = timeout_at(deadline, quiet) => {}
            () = stopped => {}
        }
        let peers = self.peers().await;
        SyncOutcome { in_sync: all(&peers, |peer| peer.in_sync), peers }
    }
}

/// Whether somebody is connected, and this holds for all who are.
fn all(peers: &[PeerStatus], holds: impl Fn(&PeerStatus) -> bool) -> bool {
    let mut present = peers.iter().filter(|peer| peer.state != PeerState::Disconnected).peekable();
    present.peek().is_some() && present.all(holds)
}
