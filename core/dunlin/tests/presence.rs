//! What devices are about at the moment, and how a node stands: told as it changes.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::{future::Future, net::SocketAddr, time::Duration};

use dunlin::{
    Clock, Code, Config, Durability, Engines, Entropy, Invitation, Node, Presence, PresenceWatch,
    Role, Space, Status, SyncConfig, memory::Network,
};
use serde_json::{Value as Json, json};
use tokio::time::{Instant, timeout};

use support::{Site, id, value};

/// On the paused clock: far beyond what it takes.
const DEADLINE: Duration = Duration::from_secs(120);
const HOLDS: Duration = Duration::from_secs(30);

async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    timeout(DEADLINE, wait).await.unwrap_or_else(|_| panic!("{what}"))
}

fn config(seed: u64) -> Config {
    let started = Instant::now();
    Config {
        durability: Durability::Relaxed,
        engines: Engines::Tasks,
        entropy: Entropy::seeded(seed),
        clock: Clock::new(move || 1_700_000_000_000 + started.elapsed().as_millis() as i64),
        ..Config::default()
    }
}

/// Two members of a space on one network, not syncing yet.
struct Pair {
    network: Network,
    sites: [Site; 2],
    spaces: [Space; 2],
}

impl Pair {
    async fn new() -> Self {
        let sites = [Site::with("a", config(1)).await, Site::with("b", config(2)).await];
        let here = sites[0].node.create_space("farm").await.unwrap();
        let reader = Invitation { role: Role::Reader, ..Invitation::default() };
        let ticket = here.invite(&reader).await.unwrap();
        let there = sites[1].node.join(&ticket, None).await.unwrap();
        Self { network: Network::new(7), sites, spaces: [here, there] }
    }

    async fn sync(&self, index: usize) {
        let address = |index| SocketAddr::from(([10, 0, 0, index as u8 + 1], 1));
        let carrier = self.network.carrier(address(index)).unwrap();
        let peers = vec![address(1 - index)];
        let config = SyncConfig { carrier, peers, mdns: false, ..SyncConfig::default() };
        self.node(index).start_sync(config).await.unwrap();
    }

    fn node(&self, index: usize) -> &Node {
        &self.sites[index].node
    }
}

async fn until(watch: &mut PresenceWatch, expected: &[Json]) -> Vec<Presence> {
    soon(&format!("others are about {expected:?}"), async {
        loop {
            let present = watch.next().await.unwrap();
            if present.iter().map(|presence| &presence.state).eq(expected) {
                return present;
            }
        }
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn presence_reaches_who_is_connected_and_who_comes_later_and_fades() {
    let pair = Pair::new().await;
    let [here, there] = &pair.spaces;
    pair.sync(0).await;
    let said = Instant::now();
    // A reader says what it is about as well, before anybody is there to hear it.
    there.set_presence(&json!({"cursor": 1}), HOLDS).unwrap();
    let mut watch = here.watch_presence();
    assert_eq!(soon("the first answer", watch.next()).await, Some(vec![]));
    pair.sync(1).await;

    let present = until(&mut watch, &[json!({"cursor": 1})]).await;
    let other = pair.node(1).device();
    assert_eq!((present[0].device, present[0].name.as_str()), (other.id, "b"));
    assert_eq!(here.presence(), present);
    assert_eq!(there.presence(), [], "nobody hears of oneself");
    there.set_presence(&json!({"cursor": 2}), HOLDS).unwrap();
    until(&mut watch, &[json!({"cursor": 2})]).await;
    there.clear_presence().unwrap();
    until(&mut watch, &[]).await;

    there.set_presence(&json!("typing"), HOLDS).unwrap();
    until(&mut watch, &[json!("typing")]).await;
    let renewed = Instant::now();
    until(&mut watch, &[]).await;
    let held = renewed.elapsed();
    assert!(held >= HOLDS - Duration::from_secs(1) && held < HOLDS + Duration::from_secs(1));
    assert!(said.elapsed() >= HOLDS);

    pair.node(0).shutdown().await.unwrap();
    assert_eq!(soon("the end", watch.next()).await, None);
    assert_eq!(here.set_presence(&json!(1), HOLDS).unwrap_err().code(), Code::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_was_said_holds_no_longer_for_who_comes_late() {
    let pair = Pair::new().await;
    let [here, there] = &pair.spaces;
    there.set_presence(&json!("here"), HOLDS).unwrap();
    tokio::time::sleep(HOLDS - Duration::from_secs(10)).await;
    pair.sync(0).await;
    pair.sync(1).await;
    let mut watch = here.watch_presence();
    let heard = Instant::now();
    until(&mut watch, &[json!("here")]).await;
    until(&mut watch, &[]).await;
    assert!(heard.elapsed() < Duration::from_secs(11), "{:?}", heard.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_presence_is_refused_and_changes_nothing() {
    let pair = Pair::new().await;
    let [here, _] = &pair.spaces;
    let refused = |state: &Json, ttl| here.set_presence(state, ttl).unwrap_err().code();
    assert_eq!(refused(&json!("x".repeat(4095)), HOLDS), Code::LimitExceeded);
    assert_eq!(here.set_presence(&json!("x".repeat(4094)), HOLDS), Ok(()));
    assert_eq!(refused(&json!(1), Duration::ZERO), Code::InvalidInput);
    assert_eq!(refused(&json!(1), Duration::from_secs(3601)), Code::InvalidInput);
    pair.node(0).suspend(HOLDS).await.unwrap();
    assert_eq!(refused(&json!(1), HOLDS), Code::Suspended);
    assert_eq!(here.clear_presence().unwrap_err().code(), Code::Suspended);
}

#[tokio::test(start_paused = true)]
async fn a_watched_status_tells_of_writes_spaces_peers_and_sleep() {
    let pair = Pair::new().await;
    let mut watch = pair.node(0).watch_status();
    let mut next = async |what: &str| soon(what, watch.next()).await.unwrap().unwrap();
    let first = next("the first status").await;
    assert_eq!((first.spaces.len(), first.spaces[0].documents), (1, 0));

    let tasks = pair.spaces[0].collection("tasks").unwrap();
    tasks.put(&id("x"), value(json!({"n": 1}))).await.unwrap();
    assert_eq!(next("the write").await.spaces[0].documents, 1);
    let second = pair.node(0).create_space("yard").await.unwrap();
    assert_eq!(next("the space").await.spaces.len(), 2);
    second.collection("tasks").unwrap().put(&id("y"), value(json!({"n": 1}))).await.unwrap();
    let documents = |status: Status| status.spaces.iter().map(|space| space.documents).sum::<u64>();
    assert_eq!(documents(next("a write there").await), 2);

    pair.sync(0).await;
    assert_eq!(next("where it listens").await.listen.len(), 1);
    pair.sync(1).await;
    while !next("the peer gets in sync").await.peers.iter().any(|peer| peer.in_sync) {}

    pair.node(0).suspend(HOLDS).await.unwrap();
    assert!(timeout(HOLDS, watch.next()).await.is_err(), "it waits while the node sleeps");
    pair.node(0).resume().await.unwrap();
    tasks.put(&id("z"), value(json!({"n": 1}))).await.unwrap();
    let has_grown = async { while documents(watch.next().await.unwrap().unwrap()) < 3 {} };
    soon("it goes on", has_grown).await;
    pair.node(0).shutdown().await.unwrap();
    soon("it ends", async { while watch.next().await.is_some() {} }).await;
}
