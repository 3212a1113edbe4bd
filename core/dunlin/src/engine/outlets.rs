//! Who hears of a commit: observers of this process, and the connections to peers.

use std::{
    collections::BTreeMap,
    ops::Deref,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use dunlin_model::{Collection, DocId, SpaceId};
use dunlin_proto::session::{DocUpdate, Presence};
use tokio::sync::watch;

use super::followers::{Follower, Followers};
use crate::lock::lock;

/// A commit of the transaction under way.
pub(crate) struct Staged {
    pub(crate) doc: DocId,
    pub(crate) generation: u32,
    pub(crate) seq: i64,
    pub(crate) update: Arc<[u8]>,
    /// Whether its projection was put off.
    pub(crate) is_stale: bool,
    /// The connection it came by, if it is not this device's own.
    pub(crate) from: Option<u64>,
    pub(crate) is_overgrown: bool,
    /// What it was committed with as one: the sequence number of the first.
    pub(crate) unit: Option<i64>,
}

impl Staged {
    fn update(&self) -> DocUpdate {
        DocUpdate {
            doc: self.doc.clone(),
            generation: self.generation,
            state_vector: None,
            digest: None,
            update: self.update.clone(),
        }
    }
}

/// The last commit, in all and of each collection.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Heads {
    pub(crate) seq: i64,
    pub(crate) collections: BTreeMap<Collection, i64>,
    /// The last commit when the file was opened, perhaps another process's.
    pub(crate) opened_at: i64,
    /// Whether the file is closed for now.
    pub(crate) suspended: bool,
    /// Whether the engine has ended for good.
    pub(crate) closed: bool,
}

/// A connection that wants to hear of commits; called on the engine, so it must not block.
pub(crate) trait Listener: Send + Sync {
    /// Something has just become durable that did not come from this connection: one update, or
    /// several that were committed as one.
    fn committed(&self, space: &SpaceId, updates: &[DocUpdate]);

    /// The roster has grown, by statements that did not come from this connection.
    fn statements_added(&self, space: &SpaceId, statements: &[Arc<[u8]>]);

    /// This device is about something else.
    fn presence_changed(&self, space: &SpaceId, presence: Option<&Presence>);
}

/// The outlets of one space.
pub(crate) struct Outlets {
    space: SpaceId,
    heads: watch::Sender<Heads>,
    /// Whether some projection is older than its document.
    stale: AtomicBool,
    /// Whether the engine should drop what still waits in its queue.
    hurried: AtomicBool,
    listeners: Mutex<BTreeMap<u64, Arc<dyn Listener>>>,
    followers: Followers,
}

impl Outlets {
    pub(crate) fn new(space: SpaceId) -> Self {
        Self {
            space,
            heads: watch::Sender::new(Heads::default()),
            stale: AtomicBool::new(true),
            hurried: AtomicBool::new(false),
            listeners: Mutex::new(BTreeMap::new()),
            followers: Followers::default(),
        }
    }

    /// Follows the last commits.
    pub(crate) fn heads(&self) -> watch::Receiver<Heads> {
        self.heads.subscribe()
    }

    /// Follows one document.
    pub(crate) fn follow(&self, doc: DocId) -> Follower {
        self.followers.follow(doc, self.heads())
    }

    /// The last commit that was announced.
    pub(crate) fn seq(&self) -> i64 {
        self.heads.borrow().seq
    }

    /// Whether some projection is to be rebuilt before a query.
    pub(crate) fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Acquire)
    }

    pub(super) fn set_stale(&self, stale: bool) {
        self.stale.store(stale, Ordering::Release);
    }

    /// Starts at the sequence number that the store was opened with.
    pub(super) fn start_at(&self, seq: i64) {
        self.set_stale(true);
        self.hurried.store(false, Ordering::Release);
        self.heads.send_modify(|heads| (heads.seq, heads.opened_at) = (seq, seq));
    }

    /// Whoever follows the commits waits from here on.
    pub(super) fn suspend(&self) {
        self.tell(|heads| heads.suspended = true);
    }

    /// Whoever follows the commits goes on.
    pub(super) fn resume(&self) {
        self.tell(|heads| heads.suspended = false);
    }

    /// Tells the engine to drop what waits in its queue.
    pub(super) fn hurry(&self) {
        self.hurried.store(true, Ordering::Release);
    }

    pub(super) fn is_hurried(&self) -> bool {
        self.hurried.load(Ordering::Acquire)
    }

    /// Ends what follows the commits.
    pub(super) fn close(&self) {
        self.tell(|heads| heads.closed = true);
        self.listeners().clear();
    }

    /// The engine has ended: for good, unless it was suspended.
    fn engine_ended(&self) {
        self.listeners().clear();
        self.tell(|heads| heads.closed |= !heads.suspended);
    }

    /// Tells all who follow that the engine goes or comes back.
    fn tell(&self, change: impl FnOnce(&mut Heads)) {
        self.heads.send_modify(change);
        self.followers.wake();
    }

    pub(crate) fn listen(&self, link: u64, listener: Arc<dyn Listener>) {
        self.listeners().insert(link, listener);
    }

    pub(crate) fn unlisten(&self, link: u64) {
        self.listeners().remove(&link);
    }

    pub(super) fn announce(&self, commits: Vec<Staged>) {
        self.heads.send_modify(|heads| {
            for commit in &commits {
                heads.seq = heads.seq.max(commit.seq);
                match heads.collections.get_mut(&commit.doc.collection) {
                    Some(seq) => *seq = commit.seq,
                    None => {
                        heads.collections.insert(commit.doc.collection.clone(), commit.seq);
                    }
                }
            }
        });
        self.followers.announce(&commits);
        let listeners = self.snapshot();
        if listeners.is_empty() {
            return;
        }
        let is_one = |a: &Staged, b: &Staged| a.unit.is_some() && a.unit == b.unit;
        for together in commits.chunk_by(is_one) {
            let updates: Vec<_> = together.iter().map(Staged::update).collect();
            for (link, listener) in &listeners {
                if together[0].from != Some(*link) {
                    listener.committed(&self.space, &updates);
                }
            }
        }
    }

    /// Tells connections of statements that are stored.
    pub(crate) fn announce_statements(&self, statements: &[Arc<[u8]>], from: Option<u64>) {
        for (link, listener) in self.snapshot() {
            if from != Some(link) {
                listener.statements_added(&self.space, statements);
            }
        }
    }

    /// Tells connections what this device is about.
    pub(crate) fn announce_presence(&self, presence: Option<&Presence>) {
        for listener in self.snapshot().values() {
            listener.presence_changed(&self.space, presence);
        }
    }

    /// The listeners as they are, so that none is called under the lock.
    fn snapshot(&self) -> BTreeMap<u64, Arc<dyn Listener>> {
        self.listeners().clone()
    }

    fn listeners(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<dyn Listener>>> {
        lock(&self.listeners)
    }
}

/// The engine's hold on its outlets: they hear of its end, whatever it was.
pub(crate) struct Announcer(Arc<Outlets>);

impl Announcer {
    pub(super) fn new(outlets: Arc<Outlets>) -> Self {
        Self(outlets)
    }
}

impl Deref for Announcer {
    type Target = Outlets;

    fn deref(&self) -> &Outlets {
        &self.0
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        self.0.engine_ended();
    }
}
