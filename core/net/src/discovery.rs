//! Where peers might be.
//!
//! Every source says the same thing: "at these addresses somebody might listen". Nothing of it
//! is authenticated, so a [`Hint`] is only ever a reason to dial; who is there shows in the
//! handshake. Sources push into a [`Sink`], among them the platform's own discovery (NsdManager,
//! NWBrowser) through the bindings. A source that cannot work says so as a [`Status`], it does
//! not fail.
//!
//! ```
//! use dunlin_net::discovery::{Discovery, Event, Source};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let mut discovery = Discovery::new(false);
//! let address = "192.0.2.7:4000".parse()?;
//! discovery.add(Source::Static, &[address]);
//!
//! let Event::Found(hint) = discovery.next().await else { panic!("a hint comes first") };
//! assert_eq!((hint.source, hint.addrs), (Source::Static, vec![address]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod mdns;

use std::{collections::BTreeMap, net::SocketAddr};

use tokio::sync::mpsc;

use crate::address::{is_dialable, is_link_address};

use self::mdns::Mdns;

/// Addresses that are kept of one hint.
const MAX_ADDRS: usize = 16;
/// Hints that are kept of one source: a hostile neighbour can announce without end.
const MAX_HINTS: usize = 1_024;
/// Announcements that wait for [`Discovery::next`] before their sources wait.
const QUEUE: usize = 256;

/// Who gives hints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Source {
    /// Multicast DNS by this process (RFC 6762, RFC 6763).
    Mdns,
    /// Addresses that somebody configured.
    Static,
    /// Addresses at which peers were met before.
    LastKnown,
    /// The platform's own service discovery.
    Platform,
    /// Peers in reach of a [link](crate::link).
    Link,
}

/// Somebody might listen at these addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Who says so.
    pub source: Source,
    /// What the source calls it: opaque, the same for as long as it is the same announcement.
    pub name: String,
    /// Where to dial, the most promising first; link-local IPv6 with its interface.
    pub addrs: Vec<SocketAddr>,
}

/// Whether a source works.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It looks for peers.
    Active,
    /// It cannot, for a reason that a person can act upon; it tries on where that makes sense.
    Unavailable {
        /// Why.
        reason: String,
    },
}

/// News from the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A hint is new, or its addresses have changed.
    Found(Hint),
    /// A hint was withdrawn. A connection made by it may still be sound.
    Lost(Hint),
    /// A source has begun or ceased to work.
    Changed(Source, Status),
}

/// What a source says.
#[derive(Debug)]
enum News {
    Found { name: String, addrs: Vec<SocketAddr> },
    Lost { name: String },
    Status(Status),
}

/// Where a source pushes its hints.
#[derive(Clone, Debug)]
pub struct Sink {
    source: Source,
    news: mpsc::Sender<(Source, News)>,
}

impl Sink {
    /// Announces, or announces with other addresses, what the source knows by this name. Waits
    /// while the receiver is behind.
    pub async fn found(&self, name: impl Into<String>, addrs: Vec<SocketAddr>) {
        self.push(News::Found { name: name.into(), addrs }).await;
    }

    /// Withdraws what the source knows by this name.
    pub async fn lost(&self, name: impl Into<String>) {
        self.push(News::Lost { name: name.into() }).await;
    }

    /// Says whether the source works.
    pub async fn status(&self, status: Status) {
        self.push(News::Status(status)).await;
    }

    async fn push(&self, news: News) {
        // Nobody listens once the discovery is gone, and then nobody misses it.
        let _ = self.news.send((self.source, news)).await;
    }
}

/// All sources together: what they know, each thing said once.
///
/// Dropping it withdraws this device's announcement; see [`stop`](Self::stop).
#[derive(Debug)]
pub struct Discovery {
    loopback: bool,
    news: mpsc::Receiver<(Source, News)>,
    sender: mpsc::Sender<(Source, News)>,
    hints: BTreeMap<(Source, String), Vec<SocketAddr>>,
    status: BTreeMap<Source, Status>,
    mdns: Option<Mdns>,
}

impl Discovery {
    /// No sources yet. What others announce at a loopback address counts only if asked for: it
    /// serves processes of one host, and leads anybody else to itself.
    pub fn new(loopback: bool) -> Self {
        let (sender, news) = mpsc::channel(QUEUE);
        Self { loopback, news, sender, hints: BTreeMap::new(), status: BTreeMap::new(), mdns: None }
    }

    /// Where a source pushes its hints.
    pub fn sink(&self, source: Source) -> Sink {
        Sink { source, news: self.sender.clone() }
    }

    /// Adds single addresses under their own names, known or not.
    pub fn add(&mut self, source: Source, addrs: &[SocketAddr]) {
        let sink = self.sink(source);
        let addrs = addrs.to_vec();
        // Not from here: the queue may be full, and `next` is what empties it.
        tokio::spawn(async move {
            for addr in addrs {
                sink.found(addr.to_string(), vec![addr]).await;
            }
        });
    }

    /// Announces an endpoint that is bound to this address by multicast DNS, and looks for
    /// others. Called again, it replaces the announcement.
    ///
    /// The announcement has a random name, the port and a version; no key, no space, no name of
    /// device or host. Whether multicast works comes as [`Event::Changed`].
    pub fn start_mdns(&mut self, bound: SocketAddr) {
        self.mdns = None;
        self.mdns = Some(Mdns::start(bound, self.loopback, self.sink(Source::Mdns)));
    }

    /// Waits for the next event. Cancelling loses nothing.
    pub async fn next(&mut self) -> Event {
        loop {
            // The receiver is never closed: `sender` lives as long as this does.
            if let Some((source, news)) = self.news.recv().await
                && let Some(event) = self.take(source, news)
            {
                return event;
            }
        }
    }

    /// What the sources say at present.
    pub fn hints(&self) -> impl Iterator<Item = Hint> + '_ {
        self.hints.iter().map(|((source, name), addrs)| Hint {
            source: *source,
            name: name.clone(),
            addrs: addrs.clone(),
        })
    }

    /// Whether the sources work, as far as they have said.
    pub fn status(&self) -> impl Iterator<Item = (Source, &Status)> + '_ {
        self.status.iter().map(|(source, status)| (*source, status))
    }

    /// Reports that nobody answered at an address. An announcement may be left over from a
    /// process that was killed: multicast DNS is asked again, and the hint is lost if it is.
    pub fn dial_failed(&self, addr: SocketAddr) {
        let Some(mdns) = &self.mdns else { return };
        for ((source, name), addrs) in &self.hints {
            if *source == Source::Mdns && addrs.contains(&addr) {
                mdns.verify(name);
            }
        }
    }

    /// Withdraws this device's announcement and waits, for at most half a second, until the
    /// network has been told.
    pub async fn stop(mut self) {
        if let Some(mdns) = self.mdns.take() {
            mdns.stop().await;
        }
    }

    /// Takes in what a source says; gives what is new in it.
    fn take(&mut self, source: Source, news: News) -> Option<Event> {
        match news {
            News::Found { name, mut addrs } => {
                let mine = matches!(source, Source::Static | Source::LastKnown);
                addrs.retain(|addr| {
                    let local = self.loopback && addr.ip().is_loopback();
                    let known = mine || local || is_dialable(addr.ip());
                    addr.port() != 0 && known && !is_link_address(*addr)
                });
                addrs.truncate(MAX_ADDRS);
                if addrs.is_empty() {
                    return self.take(source, News::Lost { name });
                }
                let key = (source, name);
                if self.hints.get(&key) == Some(&addrs) {
                    return None;
                }
                let of_source = self.hints.keys().filter(|(of, _)| *of == source).count();
                if of_source >= MAX_HINTS && !self.hints.contains_key(&key) {
                    tracing::debug!(?source, "too many hints, one is ignored");
                    return None;
                }
                self.hints.insert(key.clone(), addrs.clone());
                Some(Event::Found(Hint { source, name: key.1, addrs }))
            }
            News::Lost { name } => {
                let key = (source, name);
                let addrs = self.hints.remove(&key)?;
                Some(Event::Lost(Hint { source, name: key.1, addrs }))
            }
            News::Status(status) => {
                let before = self.status.insert(source, status.clone());
                (before.as_ref() != Some(&status)).then_some(Event::Changed(source, status))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn found(name: &str, addrs: &[&str]) -> News {
        News::Found { name: name.to_owned(), addrs: addrs.iter().map(|text| addr(text)).collect() }
    }

    #[test]
    fn a_hint_is_told_once_and_again_when_it_changes() {
        let mut discovery = Discovery::new(false);
        let first = discovery.take(Source::Mdns, found("a", &["192.168.0.2:1"]));
        assert!(matches!(first, Some(Event::Found(_))));
        assert_eq!(discovery.take(Source::Mdns, found("a", &["192.168.0.2:1"])), None);
        assert!(discovery.take(Source::Mdns, found("a", &["192.168.0.3:1"])).is_some());
        assert!(discovery.take(Source::Platform, found("a", &["192.168.0.3:1"])).is_some());

        let lost = News::Lost { name: "a".to_owned() };
        let Some(Event::Lost(hint)) = discovery.take(Source::Mdns, lost) else { panic!() };
        assert_eq!(hint.addrs, [addr("192.168.0.3:1")]);
        let again = News::Lost { name: "a".to_owned() };
        assert_eq!(discovery.take(Source::Mdns, again), None);
        assert_eq!(discovery.hints().count(), 1);
    }

    #[test]
    fn addresses_that_lead_nowhere_are_dropped() {
        let mut discovery = Discovery::new(false);
        let useless = ["192.0.0.4:1", "127.0.0.1:1", "10.0.0.1:0", "224.0.0.251:1"];
        assert_eq!(discovery.take(Source::Mdns, found("a", &useless)), None);
        let mixed = discovery.take(Source::Mdns, found("a", &["192.0.0.4:1", "10.0.0.1:1"]));
        let Some(Event::Found(hint)) = mixed else { panic!() };
        assert_eq!(hint.addrs, [addr("10.0.0.1:1")]);
        // The last usable address has gone.
        assert!(matches!(discovery.take(Source::Mdns, found("a", &useless)), Some(Event::Lost(_))));

        let mut local = Discovery::new(true);
        assert!(local.take(Source::Mdns, found("a", &["127.0.0.1:1"])).is_some());
        // What a person configured, or what has worked, is taken at its word.
        assert!(discovery.take(Source::Static, found("b", &["127.0.0.1:1"])).is_some());
        // Nobody but a link knows what stands for a peer on it.
        for source in [Source::Mdns, Source::Static, Source::LastKnown, Source::Platform] {
            assert_eq!(discovery.take(source, found("c", &["240.0.0.1:1"])), None);
        }
    }

    #[test]
    fn a_flood_of_announcements_is_bounded() {
        let mut discovery = Discovery::new(false);
        let many: Vec<SocketAddr> =
            (1..200).map(|host| SocketAddr::from(([10, 0, 0, host], 1))).collect();
        for name in 0..2 * MAX_HINTS {
            let news = News::Found { name: name.to_string(), addrs: many.clone() };
            discovery.take(Source::Mdns, news);
        }
        assert_eq!(discovery.hints().count(), MAX_HINTS);
        assert!(discovery.hints().all(|hint| hint.addrs.len() == MAX_ADDRS));
        assert!(discovery.take(Source::Static, found("mine", &["10.0.0.1:1"])).is_some());
    }

    #[test]
    fn a_status_is_told_when_it_changes() {
        let mut discovery = Discovery::new(false);
        let active = || News::Status(Status::Active);
        assert!(discovery.take(Source::Mdns, active()).is_some());
        assert_eq!(discovery.take(Source::Mdns, active()), None);
        let unavailable = Status::Unavailable { reason: "no network".to_owned() };
        let changed = discovery.take(Source::Mdns, News::Status(unavailable.clone()));
        assert_eq!(changed, Some(Event::Changed(Source::Mdns, unavailable.clone())));
        assert_eq!(discovery.status().collect::<Vec<_>>(), [(Source::Mdns, &unavailable)]);
    }

    #[tokio::test]
    async fn a_source_waits_for_a_slow_receiver_and_loses_nothing() {
        let mut discovery = Discovery::new(false);
        let addrs: Vec<SocketAddr> =
            (1..=3 * QUEUE as u16).map(|port| SocketAddr::from(([10, 0, 0, 1], port))).collect();
        discovery.add(Source::LastKnown, &addrs);
        for addr in addrs {
            let Event::Found(hint) = discovery.next().await else { panic!() };
            assert_eq!(hint.addrs, [addr]);
        }
    }
}
