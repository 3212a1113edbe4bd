//! Dialling somebody, again and again, with growing patience.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use dunlin_model::DeviceId;
use dunlin_net::{ConnectError, Connection};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    backoff::Backoff,
    connection::{Ended, serve},
    hub::Hub,
};

/// What is dialled, and so how long it is believed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Goal {
    /// Given by the user: never given up.
    Given(SocketAddr),
    /// Where this member was met before.
    Remembered(SocketAddr, DeviceId),
    /// Where a ticket says that a member is.
    Told(SocketAddr),
    /// Announced on the network under this name: forgotten when it does not answer, announced
    /// again when it is there.
    Announced(String),
    /// In reach of a link: not given up while it is.
    Linked(SocketAddr),
}

/// First and longest wait between attempts.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
const LONGEST_WAIT_REMEMBERED: Duration = Duration::from_secs(60);
/// The wait after meeting a device that shares no space.
const STRANGER_WAIT: Duration = Duration::from_secs(300);
/// Attempts that an announcement, and an address out of a ticket, is worth.
const ANNOUNCED_ATTEMPTS: u32 = 3;
const TOLD_ATTEMPTS: u32 = 30;
/// A connection that lasted so long was sound, and the next one may come at once.
const SOUND: Duration = Duration::from_secs(10);
/// The head start that each address has over the next one of the same device.
const STAGGER: Duration = Duration::from_millis(200);

/// Somebody who is dialled while not connected.
pub(super) struct Target {
    pub(super) goal: Goal,
    /// Where, the most promising first.
    pub(super) addresses: Vec<SocketAddr>,
    /// Ends a wait early: announced again, or the spaces have changed.
    pub(super) kick: Notify,
    retired: watch::Sender<bool>,
}

impl Target {
    pub(super) fn new(goal: Goal, addresses: Vec<SocketAddr>) -> Self {
        Self { goal, addresses, kick: Notify::new(), retired: watch::Sender::new(false) }
    }

    /// Nobody is to be dialled here any more; a connection that stands is not touched.
    pub(super) fn retire(&self) {
        self.retired.send_replace(true);
    }

    async fn retired(&self) {
        let _ = self.retired.subscribe().wait_for(|retired| *retired).await;
    }

    fn backoff(&self) -> Backoff {
        let longest = match self.goal {
            Goal::Remembered(..) | Goal::Told(_) => LONGEST_WAIT_REMEMBERED,
            Goal::Announced(_) | Goal::Given(_) | Goal::Linked(_) => LONGEST_WAIT,
        };
        Backoff::new(FIRST_WAIT, longest)
    }

    fn is_worth(&self, failures: u32) -> bool {
        match self.goal {
            Goal::Announced(_) => failures < ANNOUNCED_ATTEMPTS,
            Goal::Told(_) => failures < TOLD_ATTEMPTS,
            Goal::Given(_) | Goal::Remembered(..) | Goal::Linked(_) => true,
        }
    }
}

/// Dials the target until it turns out not to be worth it, or to be this device itself.
pub(super) async fn pursue(hub: Arc<Hub>, target: Arc<Target>) {
    let mut backoff = target.backoff();
    let mut resident = match target.goal {
        Goal::Remembered(_, device) => Some(device),
        _ => hub.resident(&target.addresses),
    };
    loop {
        if let Some(device) = resident {
            tokio::select! {
                biased;
                () = hub.until_disconnected(device) => {}
                () = target.retired() => return,
            }
        }
        let Some(wait) = attempt(&hub, &target, &mut backoff, &mut resident).await else { break };
        tokio::select! {
            biased;
            () = target.retired() => return,
            () = target.kick.notified() => backoff.succeeded(),
            () = sleep(wait) => {}
        }
    }
    hub.forget_target(&target);
}

/// Dials once, and serves the connection if there is one; how long to wait after that, or none if
/// it is of no use.
async fn attempt(
    hub: &Arc<Hub>,
    target: &Target,
    backoff: &mut Backoff,
    resident: &mut Option<DeviceId>,
) -> Option<Duration> {
    let connection = match dial(hub, &target.addresses).await {
        Dialled::Answered(connection) => connection,
        Dialled::Useless => return None,
        Dialled::Nobody => {
            let wait = backoff.failed(hub.jitter());
            return target.is_worth(backoff.failures()).then_some(wait);
        }
    };
    let device = connection.peer();
    let since = Instant::now();
    *resident = Some(device);
    match serve(hub.clone(), connection).await {
        Ended::Duplicate if hub.is_connected(device) => {
            backoff.succeeded();
            Some(FIRST_WAIT.mul_f64(hub.jitter()))
        }
        // The peer prefers a connection that this process does not have: a copy of this device's
        // directory runs somewhere. Both get their turn, ever more rarely.
        Ended::Duplicate => Some(backoff.failed(hub.jitter())),
        Ended::Lost(reason) => {
            tracing::debug!(peer = %device.short(), "connection lost: {reason}");
            if since.elapsed() >= SOUND {
                backoff.succeeded();
            }
            Some(backoff.failed(hub.jitter()))
        }
        Ended::Unwelcome(reason) => {
            tracing::debug!(peer = %device.short(), "not welcome: {reason}");
            Some(STRANGER_WAIT.mul_f64(hub.jitter()))
        }
    }
}

enum Dialled {
    Answered(Connection),
    Nobody,
    /// This device itself, or nothing that can be dialled.
    Useless,
}

/// Calls all addresses of one device, each with a head start over the next, and takes the first
/// that answers. The others hang up without a word, which no acceptor counts as a connection.
async fn dial(hub: &Arc<Hub>, addresses: &[SocketAddr]) -> Dialled {
    let mut calls = JoinSet::new();
    let mut waiting = addresses.iter().copied();
    let mut useless = 0;
    let mut call = |calls: &mut JoinSet<_>| match waiting.next() {
        Some(address) => {
            let endpoint = hub.endpoint.clone();
            calls.spawn(async move { (address, endpoint.connect(address, None).await) });
            true
        }
        None => false,
    };
    let mut has_more = call(&mut calls);
    while !calls.is_empty() {
        tokio::select! {
            biased;
            Some(done) = calls.join_next() => match done {
                Ok((_, Ok(connection))) => return Dialled::Answered(connection),
                Ok((_, Err(ConnectError::OwnDevice(_) | ConnectError::EndpointClosed))) => {
                    return Dialled::Useless;
                }
                Ok((address, Err(error))) => {
                    tracing::debug!(%address, "dialling failed: {error}");
                    hub.dial_failed(address, &error);
                    useless += usize::from(matches!(error, ConnectError::BadAddress(_)));
                    has_more = has_more && call(&mut calls);
                }
                Err(_) => {}
            },
            () = sleep(STAGGER), if has_more => has_more = call(&mut calls),
        }
    }
    if useless == addresses.len() { Dialled::Useless } else { Dialled::Nobody }
}
