//! Following who is in reach of the links.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Weak},
};

use tokio::sync::watch;

use super::switch::Switch;
use crate::discovery::{Event, Hint, Source};

/// Follows who is in reach of the links, in the words of discovery.
///
/// It compares what it has told with how things stand, so that a slow follower misses what came
/// and went meanwhile, and nothing else.
#[derive(Debug)]
pub struct Neighbours {
    switch: Weak<Switch>,
    news: watch::Receiver<()>,
    told: BTreeMap<SocketAddr, (u64, String)>,
    events: VecDeque<Event>,
}

impl Neighbours {
    pub(super) fn new(switch: &Arc<Switch>) -> Self {
        let mut news = switch.news();
        // Somebody may be in reach already.
        news.mark_changed();
        let (told, events) = (BTreeMap::new(), VecDeque::new());
        Self { switch: Arc::downgrade(switch), news, told, events }
    }

    /// Waits for the next peer that has appeared ([`Event::Found`]), again or for the first time,
    /// or vanished ([`Event::Lost`]); none once the links are gone. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            self.news.changed().await.ok()?;
            let now = self.switch.upgrade()?.in_reach();
            let lost = self.told.iter().filter(|(address, _)| !now.contains_key(address));
            let found = now.iter().filter(|(address, peer)| self.told.get(address) != Some(peer));
            self.events = lost
                .map(|(address, (_, name))| Event::Lost(hint(*address, name)))
                .chain(found.map(|(address, (_, name))| Event::Found(hint(*address, name))))
                .collect();
            self.told = now;
        }
    }
}

fn hint(address: SocketAddr, name: &str) -> Hint {
    Hint { source: Source::Link, name: name.to_owned(), addrs: vec![address] }
}
