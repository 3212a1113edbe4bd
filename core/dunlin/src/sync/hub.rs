//! What the tasks of one sync share: who is connected, and whom to dial.

use std::{
    collections::BTreeMap,
    future::Future,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use dunlin_model::DeviceId;
use dunlin_net::{ConnectError, ConnectionHandle, Endpoint, link::is_link_address};
use dunlin_proto::session::{self, Session, SpaceAccess};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::Instant,
};

use super::{
    close,
    connection::Ended,
    link::Link,
    report::Reports,
    target::{Goal, Target, pursue},
};
use crate::{error::Result, lock::lock, node::Core};

/// Connections that one node bears.
const MAX_LINKS: usize = 128;
/// Addresses that are dialled.
const MAX_TARGETS: usize = 256;

/// Two connections that came about within this time may have been dialled by both sides at once.
const SIMULTANEOUS: Duration = Duration::from_secs(5);

/// Whether a connection is the one to keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Admission {
    /// It is.
    Kept,
    /// Another one to the same device is kept.
    Duplicate,
}

pub(super) struct Hub {
    pub(super) core: Arc<Core>,
    pub(super) endpoint: Endpoint,
    started: Instant,
    next_link: AtomicU64,
    links: watch::Sender<BTreeMap<DeviceId, Arc<Link>>>,
    targets: Mutex<BTreeMap<Goal, Arc<Target>>>,
    /// Addresses where nobody answered, for discovery to verify.
    failed: mpsc::Sender<SocketAddr>,
    reports: Mutex<Reports>,
    tasks: Mutex<JoinSet<()>>,
}

impl Hub {
    pub(super) fn new(
        core: Arc<Core>,
        endpoint: Endpoint,
        failed: mpsc::Sender<SocketAddr>,
    ) -> Self {
        Self {
            core,
            endpoint,
            started: Instant::now(),
            next_link: AtomicU64::new(0),
            links: watch::Sender::new(BTreeMap::new()),
            targets: Mutex::default(),
            failed,
            reports: Mutex::default(),
            tasks: Mutex::default(),
        }
    }

    /// Runs a task until it ends or this sync does.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Milliseconds since this sync was started: the clock of its sessions.
    pub(super) fn uptime_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The instant of a time on that clock.
    pub(super) fn instant(&self, uptime_ms: u64) -> Instant {
        self.started + Duration::from_millis(uptime_ms)
    }

    pub(super) fn jitter(&self) -> f64 {
        self.core.config.entropy.jitter()
    }

    pub(super) fn reports(&self) -> MutexGuard<'_, Reports> {
        lock(&self.reports)
    }

    /// A new link for a connection, with a session about this node's spaces as they are, that
    /// hears of whatever is committed from here on.
    pub(super) fn link(&self, handle: ConnectionHandle) -> Result<Arc<Link>> {
        let spaces = self.core.spaces();
        let access: Vec<SpaceAccess> = spaces
            .iter()
            .map(|space| SpaceAccess { roster: space.roster(), secrets: vec![space.secret] })
            .collect();
        let known: Vec<usize> = access.iter().map(|access| access.roster.len()).collect();
        let config = session::Config {
            local: self.core.device.id,
            peer: handle.peer(),
            dialer: handle.is_dialer(),
            exporter: handle.exporter(),
            random: self.core.config.entropy.bytes()?,
            wall_clock_ms: self.core.config.clock.now_ms(),
            spaces: access,
        };
        let id = self.next_link.fetch_add(1, Ordering::Relaxed);
        let link = Arc::new(Link::new(id, handle, Session::new(config, self.uptime_ms())));
        for (space, known) in spaces.iter().zip(known) {
            space.engine().outlets().listen(id, link.clone());
            let roster = space.roster();
            if roster.len() > known {
                // It grew before this link was there to hear of it.
                let late: Vec<_> =
                    roster.statements().skip(known).map(|late| late.bytes.clone()).collect();
                link.session().statements_added(&space.id, &late);
            }
        }
        Ok(link)
    }

    /// Decides between this connection and another one to the same device, the same way as the
    /// other side does.
    ///
    /// A dialler that has a connection already hangs up without a word. So one that speaks has
    /// none, and an older connection here is dead, or belongs to a copy of that device. Only where
    /// both sides dialled at the same moment do both speak; then the one stays that the smaller id
    /// dialled.
    pub(super) fn admit(&self, link: &Arc<Link>) -> Admission {
        let local = self.core.device.id;
        let peer = link.peer();
        let mut replaced = None;
        let kept = self.links.send_if_modified(|links| {
            if let Some(old) = links.get(&peer) {
                let dialled_crosswise =
                    old.handle.is_dialer() != link.handle.is_dialer() && old.age() < SIMULTANEOUS;
                let new_wins = match dialled_crosswise {
                    true => link.dialler(local) == local.min(peer),
                    false => !link.handle.is_dialer(),
                };
                if !new_wins {
                    return false;
                }
                replaced = Some(old.clone());
            }
            links.insert(peer, link.clone());
            true
        });
        if let Some(old) = replaced {
            old.handle.close(close::DUPLICATE, "duplicate");
        }
        if !kept {
            return Admission::Duplicate;
        }
        self.core.peers_changed();
        Admission::Kept
    }

    /// Takes a connection off the books after its end.
    pub(super) fn dismiss(&self, link: &Arc<Link>, ended: &Ended) {
        for space in self.core.spaces() {
            space.engine().outlets().unlisten(link.id);
        }
        self.reports().ended(link.peer(), link.address(), ended);
        let peer = link.peer();
        self.links.send_if_modified(|links| {
            let is_this = links.get(&peer).is_some_and(|kept| kept.id == link.id);
            is_this && links.remove(&peer).is_some()
        });
        self.core.peers_changed();
    }

    pub(super) fn links(&self) -> Vec<Arc<Link>> {
        self.links.borrow().values().cloned().collect()
    }

    pub(super) fn is_full(&self) -> bool {
        self.links.borrow().len() >= MAX_LINKS
    }

    pub(super) fn is_connected(&self, device: DeviceId) -> bool {
        self.links.borrow().contains_key(&device)
    }

    /// Waits until there is no connection to this device.
    pub(super) async fn until_disconnected(&self, device: DeviceId) {
        let mut links = self.links.subscribe();
        // The sender lives as long as the hub.
        let _ = links.wait_for(|links| !links.contains_key(&device)).await;
    }

    /// The device that is connected from one of these addresses.
    pub(super) fn resident(&self, addresses: &[SocketAddr]) -> Option<DeviceId> {
        let links = self.links.borrow();
        links.values().find(|link| addresses.contains(&link.address())).map(|link| link.peer())
    }

    /// Dials somebody from now on; whoever is dialled already is dialled at once.
    ///
    /// Only a link knows who is behind a link's address; from elsewhere it is forged or old.
    pub(super) fn aim(self: &Arc<Self>, goal: Goal, addresses: Vec<SocketAddr>) {
        if !matches!(goal, Goal::Linked(_)) && addresses.iter().copied().any(is_link_address) {
            return;
        }
        let target = Arc::new(Target::new(goal, addresses));
        {
            let mut targets = lock(&self.targets);
            match targets.get(&target.goal) {
                Some(known) if known.addresses == target.addresses => {
                    return known.kick.notify_one();
                }
                Some(known) => known.retire(),
                None if targets.len() >= MAX_TARGETS => return,
                None => {}
            }
            targets.insert(target.goal.clone(), target.clone());
        }
        self.spawn(pursue(self.clone(), target));
    }

    /// Dials somebody no more; a connection that stands is not touched.
    pub(super) fn lose(&self, goal: &Goal) {
        if let Some(target) = lock(&self.targets).remove(goal) {
            target.retire();
        }
    }

    /// Takes a target off the list, if it was not replaced meanwhile.
    pub(super) fn forget_target(&self, target: &Arc<Target>) {
        let mut targets = lock(&self.targets);
        if targets.get(&target.goal).is_some_and(|known| Arc::ptr_eq(known, target)) {
            targets.remove(&target.goal);
        }
    }

    pub(super) fn dial_failed(&self, address: SocketAddr, error: &ConnectError) {
        self.reports().dial_failed(address, error.to_string());
        self.core.peers_changed();
        // A queue that is full holds enough to verify.
        let _ = self.failed.try_send(address);
    }

    /// Discovery has begun to work, or does not for this reason.
    pub(super) fn discovery_changed(&self, problem: Option<String>) {
        self.reports().discovery = problem;
        self.core.peers_changed();
    }

    /// A member was met: it will be dialled at this address again, also after a restart. On a link
    /// it has none that outlives this sync.
    pub(super) async fn member_met(self: &Arc<Self>, link: &Link) {
        let (device, address) = (link.peer(), link.address());
        if is_link_address(address) {
            return;
        }
        self.core.remember_peer(device, address).await;
        let is_aimed_at = |target: &Arc<Target>| {
            !matches!(target.goal, Goal::Announced(_)) && target.addresses.contains(&address)
        };
        if !lock(&self.targets).values().any(is_aimed_at) {
            self.aim(Goal::Remembered(address, device), vec![address]);
        }
    }

    /// Ends all connections so that they are made anew with the spaces as they are.
    pub(super) fn greet_anew(&self) {
        for link in self.links() {
            link.handle.close(close::GREET_ANEW, "spaces changed");
        }
        for target in lock(&self.targets).values() {
            target.kick.notify_one();
        }
    }

    pub(super) async fn stop(&self) {
        self.endpoint.close(close::GOODBYE, "goodbye").await;
        self.abort();
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        tasks.shutdown().await;
    }

    pub(super) fn abort(&self) {
        self.core.set_listen(Vec::new());
        lock(&self.tasks).abort_all();
        for link in self.links() {
            link.handle.close(close::GOODBYE, "goodbye");
            self.dismiss(&link, &Ended::Lost("sync was stopped".to_owned()));
        }
    }
}
