//! Presence: what devices are about at the moment. Told to whoever is connected, kept for a while,
//! stored nowhere.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use dunlin_model::{DeviceId, DeviceKind};
use dunlin_proto::{
    limits::{MAX_PRESENCE_BYTES, MAX_PRESENCE_MS},
    session::Presence as Announcement,
};
use serde::de::IgnoredAny;
use serde_json::Value as Json;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::SpaceInner;
use crate::{
    error::{Code, Error, Result},
    lock::lock,
};

/// What another device is about at the moment, as it said itself.
#[derive(Clone, PartialEq, Debug)]
pub struct Presence {
    /// The device.
    pub device: DeviceId,
    /// What it calls itself.
    pub name: String,
    /// What acts through it.
    pub kind: DeviceKind,
    /// What it said.
    pub state: Json,
}

/// Follows the presence of other devices; dropping it stops it.
///
/// Changes that come while nobody asks are told as one: what counts is how it stands.
pub struct PresenceWatch {
    space: Arc<SpaceInner>,
    news: watch::Receiver<()>,
    last: Option<Vec<Presence>>,
}

impl PresenceWatch {
    pub(crate) fn new(space: Arc<SpaceInner>) -> Self {
        let news = space.presence().news.subscribe();
        Self { space, news, last: None }
    }

    /// What the others are about: the first time at once, then each time that it has changed; none
    /// once the node is shut down.
    pub async fn next(&mut self) -> Option<Vec<Presence>> {
        let mut heads = self.space.engine().outlets().heads();
        loop {
            self.news.mark_unchanged();
            let current = self.space.present();
            if heads.borrow().closed {
                return None;
            }
            if self.last.as_ref() != Some(&current) {
                self.last = Some(current.clone());
                return Some(current);
            }
            let expiry = self.space.presence().next_expiry();
            tokio::select! {
                changed = self.news.changed() => changed.ok()?,
                closed = heads.wait_for(|heads| heads.closed) => drop(closed.ok()?),
                () = sleep_until(expiry.unwrap_or_else(Instant::now)), if expiry.is_some() => {}
            }
        }
    }
}

/// What is known of presence in one space.
pub(crate) struct Board {
    said: Mutex<Said>,
    news: watch::Sender<()>,
}

#[derive(Default)]
struct Said {
    ours: Option<Lasting>,
    others: BTreeMap<DeviceId, Lasting>,
}

/// JSON text that holds until then.
struct Lasting {
    state: Arc<str>,
    until: Instant,
}

impl Board {
    pub(crate) fn new() -> Self {
        Self { said: Mutex::default(), news: watch::Sender::new(()) }
    }

    /// Says what this device is about; what to tell the peers.
    ///
    /// # Errors
    /// `InvalidInput` for a time of nothing or over an hour, `LimitExceeded` for over 4 KiB.
    pub(crate) fn say(&self, state: &Json, ttl: Duration) -> Result<Announcement> {
        let ttl_ms = u32::try_from(ttl.as_millis()).unwrap_or(u32::MAX);
        if !(1..=MAX_PRESENCE_MS).contains(&ttl_ms) {
            let reason = format!("a presence cannot hold for {ttl:?}");
            return Err(Error::invalid(reason, "give between a millisecond and an hour"));
        }
        let state: Arc<str> = state.to_string().into();
        if state.len() > MAX_PRESENCE_BYTES {
            return Err(Error::new(
                Code::LimitExceeded,
                format!("a presence of {} bytes is over the {MAX_PRESENCE_BYTES}", state.len()),
                "say less, or put it into a document",
            ));
        }
        let announcement = Announcement { ttl_ms, state: state.clone() };
        self.said().ours = Some(lasting(state, ttl_ms));
        Ok(announcement)
    }

    /// Takes back what this device said.
    pub(crate) fn unsay(&self) {
        self.said().ours = None;
    }

    /// What this device has said and still holds, for somebody who has just come.
    pub(crate) fn ours(&self) -> Option<Announcement> {
        let said = self.said();
        let Lasting { state, until } = said.ours.as_ref()?;
        let left = until.saturating_duration_since(Instant::now()).as_millis();
        let ttl_ms = u32::try_from(left).ok().filter(|left| *left > 0)?;
        Some(Announcement { ttl_ms, state: state.clone() })
    }

    /// Takes in what another device said of itself.
    pub(crate) fn heard(&self, device: DeviceId, announcement: Option<Announcement>) {
        let mut said = self.said();
        let now = Instant::now();
        said.others.retain(|known, lasting| *known != device && lasting.until > now);
        if let Some(Announcement { ttl_ms, state }) = announcement {
            if serde_json::from_str::<IgnoredAny>(&state).is_ok() {
                said.others.insert(device, lasting(state, ttl_ms));
            } else {
                tracing::debug!(peer = %device.short(), "its presence is no JSON");
            }
        }
        drop(said);
        self.news.send_replace(());
    }

    /// What others said and still holds.
    pub(crate) fn others(&self) -> Vec<(DeviceId, Json)> {
        let said = self.said();
        let now = Instant::now();
        let current = said.others.iter().filter(|(_, lasting)| lasting.until > now);
        let read = |(device, lasting): (&DeviceId, &Lasting)| {
            Some((*device, serde_json::from_str(&lasting.state).ok()?))
        };
        current.filter_map(read).collect()
    }

    fn next_expiry(&self) -> Option<Instant> {
        let said = self.said();
        let now = Instant::now();
        said.others.values().map(|lasting| lasting.until).filter(|until| *until > now).min()
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        lock(&self.said)
    }
}

fn lasting(state: Arc<str>, ttl_ms: u32) -> Lasting {
    Lasting { state, until: Instant::now() + Duration::from_millis(ttl_ms.into()) }
}
