//! Following how the node stands.

use std::{
    future::{Future, poll_fn},
    task::Poll,
    time::Duration,
};

use tokio::{sync::watch, time::sleep};

use super::Node;
use crate::{
    engine::Heads,
    error::{Code, Result},
    sync::Status,
};

/// Changes within this time are told as one: a status costs the digests of what has changed.
const GATHERING: Duration = Duration::from_millis(100);

/// Follows the status; dropping it stops it.
///
/// Changes that come while nobody asks are told as one: what counts is how the node stands.
pub struct StatusWatch {
    node: Node,
    peers: watch::Receiver<()>,
    memberships: watch::Receiver<u64>,
    /// The commits of each space.
    heads: Vec<watch::Receiver<Heads>>,
    last: Option<Status>,
}

impl StatusWatch {
    pub(super) fn new(node: Node) -> Self {
        let peers = node.core.peer_news();
        let mut memberships = node.core.memberships();
        memberships.mark_changed();
        Self { node, peers, memberships, heads: Vec::new(), last: None }
    }

    /// How the node stands: the first time at once, then each time that it has changed; none once
    /// the node is shut down. While the node is suspended it waits.
    ///
    /// # Errors
    /// `Corrupt` where a document cannot be read; another call goes on.
    pub async fn next(&mut self) -> Option<Result<Status>> {
        loop {
            if self.last.is_some() {
                self.changed().await;
                sleep(GATHERING).await;
            }
            self.catch_up();
            match self.node.status().await {
                Err(error) if error.code() == Code::Closed => return None,
                Err(error) if error.code() == Code::Suspended => self.peers.changed().await.ok()?,
                Err(error) => return Some(Err(error)),
                Ok(status) if self.last.as_ref() == Some(&status) => {}
                Ok(status) => {
                    self.last = Some(status.clone());
                    return Some(Ok(status));
                }
            }
        }
    }

    async fn changed(&mut self) {
        // The senders live as long as the node, which this holds.
        tokio::select! {
            _ = self.peers.changed() => {}
            _ = self.memberships.changed() => self.memberships.mark_changed(),
            () = any_changed(&mut self.heads) => {}
        }
    }

    /// What has happened until now shows in the status that is read next.
    fn catch_up(&mut self) {
        self.peers.mark_unchanged();
        if self.memberships.has_changed().unwrap_or(false) {
            self.memberships.mark_unchanged();
            let spaces = self.node.core.spaces();
            self.heads = spaces.iter().map(|space| space.engine().outlets().heads()).collect();
        }
        self.heads.iter_mut().for_each(watch::Receiver::mark_unchanged);
    }
}

async fn any_changed(heads: &mut [watch::Receiver<Heads>]) {
    let mut changes: Vec<_> = heads.iter_mut().map(|heads| Box::pin(heads.changed())).collect();
    poll_fn(|context| {
        let is_any = changes.iter_mut().any(|change| change.as_mut().poll(context).is_ready());
        if is_any { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
