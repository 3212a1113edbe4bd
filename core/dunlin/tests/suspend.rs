//! Suspending and resuming: what stays good, what waits, and what is let go.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use dunlin::{
    Carrier, Code, DiscoveredPeers, Invitation, Node, PlatformDiscovery, QueryChange, Role, Space,
    SyncConfig,
};
use serde_json::json;
use tokio::time::timeout;

use support::{Site, config, id, tasks, value};

/// Far beyond what it takes.
const DEADLINE: Duration = Duration::from_secs(60);
/// As apps give it.
const SOON: Duration = Duration::from_secs(5);
const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn loopback(peers: Vec<SocketAddr>) -> SyncConfig {
    let carrier = Carrier::Udp(LOOPBACK);
    SyncConfig { carrier, peers, mdns: false, ..SyncConfig::default() }
}

async fn listen(node: &Node) -> SocketAddr {
    node.status().await.unwrap().listen[0]
}

/// Two members of one space; the second has the address of the first.
async fn pair() -> ((Site, Space), (Site, Space), SocketAddr) {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let here = a.node.create_space("farm").await.unwrap();
    let invitation = Invitation { role: Role::Writer, ..Invitation::default() };
    let ticket = here.invite(&invitation).await.unwrap();
    let there = b.node.join(&ticket, None).await.unwrap();
    a.node.start_sync(loopback(vec![])).await.unwrap();
    let address = listen(&a.node).await;
    ((a, here), (b, there), address)
}

async fn until_read(space: &Space, key: &str) {
    let tasks = space.collection("tasks").unwrap();
    let mut feed = space.changes_after(Some(0));
    let arrived = async {
        while tasks.get(&id(key)).await.is_err() {
            feed.next().await.unwrap().unwrap();
        }
    };
    timeout(DEADLINE, arrived).await.expect("the document arrives");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_node_refuses_and_its_handles_survive() {
    let (site, space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
    site.node.suspend(SOON).await.unwrap();
    site.node.suspend(SOON).await.unwrap();

    let write = tasks.put(&id("b"), value(json!({}))).await.unwrap_err();
    assert_eq!((write.code(), write.is_retryable()), (Code::Suspended, true));
    assert_eq!(tasks.get(&id("a")).await.unwrap_err().code(), Code::Suspended);
    assert_eq!(space.query("SELECT id FROM tasks", &[]).await.unwrap_err().code(), Code::Suspended);
    assert_eq!(site.node.create_space("other").await.err().unwrap().code(), Code::Suspended);
    assert_eq!(site.node.status().await.unwrap_err().code(), Code::Suspended);
    let sync = site.node.start_sync(loopback(vec![])).await;
    assert_eq!(sync.unwrap_err().code(), Code::Suspended);

    site.node.resume().await.unwrap();
    site.node.resume().await.unwrap();
    assert_eq!(tasks.get(&id("a")).await.unwrap().to_json(), json!({"n": 1}));
    tasks.put(&id("b"), value(json!({}))).await.unwrap();
    assert_eq!(space.query("SELECT id FROM tasks", &[]).await.unwrap().rows.len(), 2);
    site.node.shutdown().await.unwrap();
    assert_eq!(site.node.resume().await.unwrap_err().code(), Code::Closed);
    assert_eq!(site.node.suspend(SOON).await.unwrap_err().code(), Code::Closed);
    assert_eq!(site.node.restart_sync().await.unwrap_err().code(), Code::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_node_can_be_shut_down_and_its_followers_end() {
    let (site, space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({}))).await.unwrap();
    let mut live = space.watch("SELECT id FROM tasks", &[]);
    live.next().await.unwrap().unwrap();
    let mut feed = space.changes_after(None);
    site.node.suspend(SOON).await.unwrap();
    site.node.shutdown().await.unwrap();
    assert_eq!(timeout(DEADLINE, live.next()).await.unwrap().unwrap(), None);
    assert_eq!(timeout(DEADLINE, feed.next()).await.unwrap().unwrap(), None);
    assert_eq!(tasks.get(&id("a")).await.unwrap_err().code(), Code::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_space_waits_and_learns_what_another_process_did_meanwhile() {
    let (site, space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({}))).await.unwrap();
    let mut live = space.watch("SELECT id FROM tasks ORDER BY id", &[]);
    live.next().await.unwrap().unwrap();
    let mut feed = space.changes_after(None);
    let (mut waiting, mut hearing) = (
        tokio::spawn(async move { live.next().await }),
        tokio::spawn(async move { feed.next().await }),
    );

    site.node.suspend(SOON).await.unwrap();
    // What another process may do now, such as an app's extension.
    let other = Node::open(site.dir.path(), config()).await.unwrap();
    let there = other.space("farm").unwrap().collection("tasks").unwrap();
    there.put(&id("b"), value(json!({}))).await.unwrap();
    other.create_space("second").await.unwrap();
    let in_use =
        Node::open(site.dir.path(), dunlin::Config { lock_wait: Duration::ZERO, ..config() });
    assert_eq!(in_use.await.err().unwrap().code(), Code::AlreadyOpen);
    assert!(!waiting.is_finished() && !hearing.is_finished());
    other.shutdown().await.unwrap();

    site.node.resume().await.unwrap();
    let change = timeout(DEADLINE, &mut waiting).await.unwrap().unwrap().unwrap().unwrap();
    let QueryChange::Difference(difference) = change else { panic!("{change:?}") };
    assert_eq!(difference.inserted.len(), 1);
    let events = timeout(DEADLINE, &mut hearing).await.unwrap().unwrap().unwrap().unwrap();
    assert_eq!(events[0].doc.key, id("b"));
    assert!(site.node.space("second").is_ok());
    site.node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_directory_another_one_holds_stays_suspended_until_it_lets_go() {
    let (site, _, tasks) = tasks().await;
    site.node.suspend(SOON).await.unwrap();
    let other = Node::open(site.dir.path(), config()).await.unwrap();
    let Site { dir, node } = site;
    let refused = timeout(DEADLINE, node.resume()).await.unwrap().unwrap_err();
    assert_eq!((refused.code(), refused.is_retryable()), (Code::AlreadyOpen, false));
    assert_eq!(tasks.get(&id("a")).await.unwrap_err().code(), Code::Suspended);
    other.shutdown().await.unwrap();
    node.resume().await.unwrap();
    tasks.put(&id("a"), value(json!({}))).await.unwrap();
    node.shutdown().await.unwrap();
    drop(dir);
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_under_way_are_committed_or_refused_and_never_both() {
    let (site, _, tasks) = tasks().await;
    for round in 0..4 {
        let writers: Vec<_> = (0..200)
            .map(|n| {
                let (tasks, key) = (tasks.clone(), id(&format!("{round}-{n}")));
                tokio::spawn(async move {
                    let written = tasks.put(&key, value(json!({"text": "x".repeat(2000)}))).await;
                    (key, written.map(drop))
                })
            })
            .collect();
        tokio::task::yield_now().await;
        // A deadline that is over already, and one that is not.
        let deadline = if round % 2 == 0 { Duration::ZERO } else { SOON };
        site.node.suspend(deadline).await.unwrap();
        let mut outcomes = Vec::new();
        for writer in writers {
            outcomes.push(timeout(DEADLINE, writer).await.unwrap().unwrap());
        }
        site.node.resume().await.unwrap();
        for (key, written) in outcomes {
            match written {
                Ok(()) => drop(tasks.get(&key).await.unwrap()),
                Err(error) => {
                    assert_eq!(error.code(), Code::Suspended, "{error:?}");
                    assert_eq!(tasks.get(&key).await.unwrap_err().code(), Code::NotFound);
                }
            }
        }
    }
    site.node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_goes_on_where_it_was_after_a_resume() {
    let ((a, here), (b, there), address) = pair().await;
    b.node.start_sync(loopback(vec![address])).await.unwrap();
    let hers = here.collection("tasks").unwrap();
    hers.put(&id("one"), value(json!({}))).await.unwrap();
    until_read(&there, "one").await;

    b.node.suspend(SOON).await.unwrap();
    hers.put(&id("two"), value(json!({}))).await.unwrap();
    b.node.resume().await.unwrap();
    until_read(&there, "two").await;

    let before = listen(&b.node).await;
    b.node.restart_sync().await.unwrap();
    assert_ne!(listen(&b.node).await, before);
    hers.put(&id("three"), value(json!({}))).await.unwrap();
    until_read(&there, "three").await;
    for node in [a.node, b.node] {
        node.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_free_as_soon_as_sync_has_stopped() {
    let ((a, _), (b, there), address) = pair().await;
    b.node.start_sync(loopback(vec![address])).await.unwrap();
    there.collection("tasks").unwrap().put(&id("x"), value(json!({}))).await.unwrap();
    a.node.stop_sync().await;
    let again = std::net::UdpSocket::bind(address);
    assert!(again.is_ok(), "{again:?}");
    for node in [a.node, b.node] {
        node.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_exchange_brings_everything_and_leaves_a_suspended_node_suspended() {
    let ((a, here), (b, there), address) = pair().await;
    let hers = here.collection("tasks").unwrap();
    for n in 0..50 {
        hers.put(&id(&n.to_string()), value(json!({"n": n}))).await.unwrap();
    }
    b.node.suspend(SOON).await.unwrap();
    let outcome = b.node.sync_once(loopback(vec![address]), DEADLINE).await.unwrap();
    assert!(outcome.in_sync, "{outcome:?}");
    let theirs = there.collection("tasks").unwrap();
    assert_eq!(theirs.get(&id("7")).await.unwrap_err().code(), Code::Suspended);
    b.node.resume().await.unwrap();
    assert_eq!(theirs.get(&id("7")).await.unwrap().to_json(), json!({"n": 7}));
    assert!(b.node.status().await.unwrap().listen.is_empty());

    // A sync that runs is waited for, and left running.
    b.node.start_sync(loopback(vec![address])).await.unwrap();
    let before = listen(&b.node).await;
    hers.put(&id("more"), value(json!({}))).await.unwrap();
    assert!(b.node.sync_once(SyncConfig::default(), DEADLINE).await.unwrap().in_sync);
    assert_eq!(listen(&b.node).await, before);
    for node in [a.node, b.node] {
        node.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_exchange_with_nobody_there_ends_at_the_deadline_and_at_a_suspend() {
    let (site, ..) = tasks().await;
    let lonely = site.node.sync_once(loopback(vec![]), Duration::from_millis(200)).await.unwrap();
    assert!(!lonely.in_sync && lonely.peers.is_empty());

    let node = site.node.clone();
    let mut once = tokio::spawn(async move { node.sync_once(loopback(vec![]), DEADLINE).await });
    let started = async {
        while site.node.status().await.unwrap().listen.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, started).await.unwrap();
    // A system that gives no more time: suspending does not wait for the exchange.
    timeout(SOON * 2, site.node.suspend(SOON)).await.unwrap().unwrap();
    site.node.resume().await.unwrap();
    assert!(site.node.status().await.unwrap().listen.is_empty());
    once.abort();
    let _ = (&mut once).await;
    site.node.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_exchange_that_is_stopped_ends_as_at_its_deadline() {
    let (site, ..) = tasks().await;
    site.node.suspend(SOON).await.unwrap();
    let node = site.node.clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async move { drop(stopped.await) };
    let once =
        tokio::spawn(
            async move { node.sync_once_unless(loopback(vec![]), DEADLINE, stopped).await },
        );
    let started = async {
        while site.node.status().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, started).await.unwrap();
    stop.send(()).unwrap();
    let outcome = timeout(SOON * 2, once).await.unwrap().unwrap().unwrap();
    assert!(!outcome.in_sync);
    assert_eq!(site.node.status().await.unwrap_err().code(), Code::Suspended);
    site.node.shutdown().await.unwrap();
}

/// A platform on which every node finds every other, as on one local network.
#[derive(Default)]
struct Neighbourhood(Mutex<Vec<(u16, DiscoveredPeers)>>);

struct Nsd {
    network: Arc<Neighbourhood>,
    port: Mutex<Option<u16>>,
}

impl PlatformDiscovery for Nsd {
    fn start(&self, port: u16, peers: DiscoveredPeers) {
        *self.port.lock().unwrap() = Some(port);
        let at = |port: u16| vec![SocketAddr::from(([127, 0, 0, 1], port))];
        let mut there = self.network.0.lock().unwrap();
        for (other, theirs) in there.iter() {
            peers.found(other.to_string(), at(*other));
            theirs.found(port.to_string(), at(port));
        }
        peers.active();
        there.push((port, peers));
    }

    fn stop(&self) {
        let port = self.port.lock().unwrap().take();
        let mut there = self.network.0.lock().unwrap();
        there.retain(|(other, _)| Some(*other) != port);
        for (_, theirs) in there.iter() {
            theirs.lost(port.unwrap_or_default().to_string());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_the_platform_finds_meet_and_a_resumed_one_is_found_again() {
    let ((a, here), (b, there), _) = pair().await;
    let network = Arc::new(Neighbourhood::default());
    let sync = || SyncConfig {
        platform: Some(Arc::new(Nsd { network: network.clone(), port: Mutex::default() })),
        ..loopback(vec![])
    };
    a.node.start_sync(sync()).await.unwrap();
    b.node.start_sync(sync()).await.unwrap();
    let hers = here.collection("tasks").unwrap();
    hers.put(&id("one"), value(json!({}))).await.unwrap();
    until_read(&there, "one").await;

    b.node.suspend(SOON).await.unwrap();
    let withdrawn = async {
        while network.0.lock().unwrap().len() > 1 {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, withdrawn).await.expect("the announcement is withdrawn");
    hers.put(&id("two"), value(json!({}))).await.unwrap();
    b.node.resume().await.unwrap();
    until_read(&there, "two").await;
    for node in [a.node, b.node] {
        node.shutdown().await.unwrap();
    }
}
