//! One connection as the rest of the node sees it: its protocol session and how it stands.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use dunlin_model::{DeviceId, SpaceId};
use dunlin_net::ConnectionHandle;
use dunlin_proto::{
    error::PeerMisbehaved,
    session::{DocUpdate, Presence, Session},
    trust::Role,
};
use tokio::{sync::Notify, time::Instant};

use super::close;
use crate::{engine::Listener, error::Error, lock::lock};

/// A connection to a peer.
///
/// The session is behind a lock that is held for one call at a time, never across an await: the
/// connection's task drives it, and engines hand it commits and answers.
pub(super) struct Link {
    pub(super) id: u64,
    pub(super) handle: ConnectionHandle,
    session: Mutex<Session>,
    /// The spaces that both sides are members of, with the peer's role there.
    standing: Mutex<BTreeMap<SpaceId, Role>>,
    /// Spaces in which something could not be stored.
    unfinished: Mutex<BTreeSet<SpaceId>>,
    wake: Notify,
    since: Instant,
}

impl Link {
    pub(super) fn new(id: u64, handle: ConnectionHandle, session: Session) -> Self {
        Self {
            id,
            handle,
            session: Mutex::new(session),
            standing: Mutex::default(),
            unfinished: Mutex::default(),
            wake: Notify::new(),
            since: Instant::now(),
        }
    }

    pub(super) fn peer(&self) -> DeviceId {
        self.handle.peer()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.handle.remote_addr()
    }

    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// Which of the two devices dialled.
    pub(super) fn dialler(&self, local: DeviceId) -> DeviceId {
        if self.handle.is_dialer() { local } else { self.peer() }
    }

    /// The session, for one call.
    pub(super) fn session(&self) -> MutexGuard<'_, Session> {
        lock(&self.session)
    }

    pub(super) fn standing(&self) -> MutexGuard<'_, BTreeMap<SpaceId, Role>> {
        lock(&self.standing)
    }

    /// Whether everything that may flow in this space has flowed and nothing waits.
    pub(super) fn is_in_sync(&self, space: &SpaceId) -> bool {
        self.session().status(space).is_some_and(|status| status.in_sync)
    }

    /// Whether that holds for all spaces in common, and there is one.
    pub(super) fn is_all_in_sync(&self) -> bool {
        let spaces: Vec<SpaceId> = self.standing().keys().copied().collect();
        !spaces.is_empty() && spaces.iter().all(|space| self.is_in_sync(space))
    }

    /// Whether everything that may flow has flowed, in all spaces in common, and there is one; some
    /// documents may be set aside still.
    pub(super) fn is_all_settled(&self) -> bool {
        let spaces: Vec<SpaceId> = self.standing().keys().copied().collect();
        let session = self.session();
        let is_settled = |space| session.status(space).is_some_and(|status| status.settled);
        !spaces.is_empty() && spaces.iter().all(is_settled)
    }

    /// Makes the connection's task look at the session again.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Hands an engine's answer to the session. What the answer shows the peer to have done wrong
    /// comes out of the session as the wish to close.
    pub(super) fn answer(&self, answer: impl FnOnce(&mut Session) -> Result<(), PeerMisbehaved>) {
        if let Err(misbehaved) = answer(&mut self.session()) {
            tracing::debug!(peer = %self.peer().short(), "{misbehaved}");
        }
        self.wake();
    }

    /// An engine could not answer: without the answer the session stands still, so it ends.
    pub(super) fn fail(&self, error: &Error) {
        tracing::warn!(peer = %self.peer().short(), code = %error.code(), "{}", error.reason());
        self.handle.close(close::INTERNAL, "internal error");
    }

    /// Something that the peer handed over could not be stored.
    pub(super) fn reconcile_later(&self, space: SpaceId) {
        lock(&self.unfinished).insert(space);
    }

    pub(super) fn has_unfinished(&self) -> bool {
        !lock(&self.unfinished).is_empty()
    }

    /// Tries again what could not be stored.
    pub(super) fn reconcile_unfinished(&self) {
        let unfinished = std::mem::take(&mut *lock(&self.unfinished));
        let mut session = self.session();
        for space in unfinished {
            session.reconcile(&space);
        }
    }
}

impl Listener for Link {
    fn committed(&self, space: &SpaceId, updates: &[DocUpdate]) {
        self.session().local_change(space, updates);
        self.wake();
    }

    fn statements_added(&self, space: &SpaceId, statements: &[Arc<[u8]>]) {
        self.session().statements_added(space, statements);
        self.wake();
    }

    fn presence_changed(&self, space: &SpaceId, presence: Option<&Presence>) {
        self.session().set_presence(space, presence.cloned());
        self.wake();
    }
}
