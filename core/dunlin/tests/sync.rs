//! Devices that meet: over QUIC on loopback, and over a simulated network on the paused clock.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::{net::SocketAddr, time::Duration};

use dunlin::{
    Carrier, Code, Conflict, Edit, Invitation, ListKeys, Node, Origin, PeerState, Role, Side,
    Space, SyncConfig, Value,
};
use serde_json::json;
use tokio::time::{sleep, timeout};

use support::{Site, id, value};

/// Simulated or not: far beyond what it takes.
const DEADLINE: Duration = Duration::from_secs(120);
const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// Syncs over QUIC on loopback with these peers; returns where it listens.
async fn start(node: &Node, peers: &[SocketAddr]) -> SocketAddr {
    let carrier = Carrier::Udp(LOOPBACK);
    let config =
        SyncConfig { carrier, peers: peers.to_vec(), mdns: false, ..SyncConfig::default() };
    node.start_sync(config).await.unwrap();
    node.status().await.unwrap().listen[0]
}

/// Makes the guest a member of the space; the ticket tells no address.
async fn admit(space: &Space, guest: &Node, role: Role) -> Space {
    let ticket = space.invite(&Invitation { role, ..Invitation::default() }).await.unwrap();
    guest.join(&ticket, None).await.unwrap()
}

/// Waits until all nodes have the same documents, and returns the digest.
async fn converge(nodes: &[&Node]) -> String {
    let equal = async {
        loop {
            let mut digests = Vec::new();
            let mut settled = true;
            for node in nodes {
                let status = node.status().await.unwrap();
                settled &= status.spaces[0].in_sync;
                digests.push(status.spaces[0].digest.clone());
            }
            digests.dedup();
            if settled && digests.len() == 1 {
                return digests.remove(0);
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, equal).await.expect("the nodes converge")
}

async fn put(space: &Space, key: &str, json: serde_json::Value) {
    space.collection("tasks").unwrap().put(&id(key), value(json)).await.unwrap();
}

async fn json_of(space: &Space, key: &str) -> serde_json::Value {
    space.collection("tasks").unwrap().get(&id(key)).await.unwrap().to_json()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_that_edited_apart_converge_and_keep_the_loser() {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let here = a.node.create_space("farm").await.unwrap();
    let there = admit(&here, &b.node, Role::Writer).await;
    let tasks = here.collection("tasks").unwrap();
    let many = (0..200).map(|n| (id(&format!("doc-{n}")), value(json!({"n": n}))));
    assert!(tasks.put_many(many, ListKeys::default()).await.unwrap().iter().all(Result::is_ok));
    put(&here, "both", json!({"title": "from a", "a": 1})).await;
    put(&there, "both", json!({"title": "from b", "b": 2})).await;

    let address = start(&a.node, &[]).await;
    start(&b.node, &[address]).await;
    converge(&[&a.node, &b.node]).await;

    assert_eq!(json_of(&here, "both").await, json_of(&there, "both").await);
    let both = there.collection("tasks").unwrap().get(&id("both")).await.unwrap();
    assert_eq!((both.to_json()["a"].clone(), both.to_json()["b"].clone()), (json!(1), json!(2)));
    let winner = both.to_json()["title"].clone();
    let [Conflict { lost: Side { value: Some(Value::String(loser)), .. }, .. }] =
        &both.conflicts[..]
    else {
        panic!("{:?}", both.conflicts)
    };
    assert_ne!(winner, json!(loser));
    assert_eq!(there.members().len(), 2);
    assert_eq!(here.members().len(), 2);
    let count = there.query("SELECT count(*) FROM tasks", &[]).await.unwrap();
    assert_eq!(count.rows, [[json!(201)]]);
    let peers = b.node.peers().await;
    assert_eq!(peers.len(), 1);
    assert_eq!((peers[0].state, peers[0].in_sync), (PeerState::Connected, true));
    assert_eq!(peers[0].name.as_deref(), Some("a"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_reaches_a_connected_peer_by_itself() {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let here = a.node.create_space("farm").await.unwrap();
    let there = admit(&here, &b.node, Role::Writer).await;
    let address = start(&a.node, &[]).await;
    start(&b.node, &[address]).await;
    converge(&[&a.node, &b.node]).await;

    let mut feed = there.changes_after(None);
    put(&here, "x", json!({"body": {"$text": "tern"}})).await;
    let events = feed.next().await.unwrap().unwrap();
    assert_eq!((events[0].origin, events[0].device), (Origin::Remote, a.node.device().id));
    let splice = json!([{"op":"splice","path":"/body","at":0,"insert":"in"}]);
    let splice = Edit::list_from_json(&splice).unwrap();
    there.collection("tasks").unwrap().edit(&id("x"), splice, None).await.unwrap();
    converge(&[&a.node, &b.node]).await;
    assert_eq!(json_of(&here, "x").await, json!({"body": "intern"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn three_devices_in_a_line_converge_though_the_ends_never_meet() {
    let sites = [Site::new("a").await, Site::new("b").await, Site::new("c").await];
    let [a, b, c] = &sites;
    let first = a.node.create_space("farm").await.unwrap();
    let middle = admit(&first, &b.node, Role::Writer).await;
    let last = admit(&first, &c.node, Role::Writer).await;
    put(&first, "a", json!({"from": "a"})).await;
    put(&middle, "b", json!({"from": "b"})).await;
    put(&last, "c", json!({"from": "c"})).await;

    let address = start(&b.node, &[]).await;
    start(&a.node, &[address]).await;
    start(&c.node, &[address]).await;
    let all = [&a.node, &b.node, &c.node];
    let before = converge(&all).await;
    assert_eq!(json_of(&last, "a").await, json!({"from": "a"}));

    put(&first, "a", json!({"later": true})).await;
    put(&last, "c", json!({"later": true})).await;
    assert_ne!(converge(&all).await, before);
    assert_eq!(json_of(&first, "c").await, json!({"from": "c", "later": true}));
    for end in [a, c] {
        let met: Vec<_> = end.node.peers().await.iter().map(|peer| peer.device).collect();
        assert_eq!(met, [Some(b.node.device().id)]);
    }
    assert_eq!(last.members().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_that_dial_each_other_show_one_peer() {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let here = a.node.create_space("farm").await.unwrap();
    admit(&here, &b.node, Role::Writer).await;
    let address_of_a = start(&a.node, &[]).await;
    let address_of_b = start(&b.node, &[address_of_a]).await;
    converge(&[&a.node, &b.node]).await;
    // Both know where the other is from here on, and dial at once.
    a.node.stop_sync().await;
    let carrier = Carrier::Udp(address_of_a);
    let config =
        SyncConfig { carrier, peers: vec![address_of_b], mdns: false, ..SyncConfig::default() };
    a.node.start_sync(config).await.unwrap();
    put(&here, "x", json!({"n": 1})).await;
    converge(&[&a.node, &b.node]).await;
    for node in [&a.node, &b.node] {
        let peers = node.peers().await;
        assert_eq!(peers.len(), 1, "{peers:?}");
        assert_eq!(peers[0].state, PeerState::Connected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_restarts_is_found_again() {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let here = a.node.create_space("farm").await.unwrap();
    admit(&here, &b.node, Role::Writer).await;
    let address = start(&a.node, &[]).await;
    start(&b.node, &[address]).await;
    converge(&[&a.node, &b.node]).await;

    let b = b.reopen().await;
    put(&here, "meanwhile", json!({"n": 1})).await;
    // No address is given: it is remembered.
    start(&b.node, &[]).await;
    converge(&[&a.node, &b.node]).await;
    let there = b.node.space("farm").unwrap();
    assert_eq!(json_of(&there, "meanwhile").await, json!({"n": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_the_peers_is_told_at_once_then_of_each_change_until_the_node_ends() {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let here = a.node.create_space("farm").await.unwrap();
    admit(&here, &b.node, Role::Writer).await;
    let mut watch = b.node.watch_peers();
    assert_eq!(watch.next().await.unwrap(), []);

    let address = start(&a.node, &[]).await;
    start(&b.node, &[address]).await;
    let in_sync = async { while !watch.next().await.unwrap().iter().any(|peer| peer.in_sync) {} };
    timeout(DEADLINE, in_sync).await.expect("they get in sync");
    a.node.stop_sync().await;
    let parted = async { while watch.next().await.unwrap()[0].state != PeerState::Disconnected {} };
    timeout(DEADLINE, parted).await.expect("they are parted");
    b.node.shutdown().await.unwrap();
    let ended = async { while watch.next().await.is_some() {} };
    timeout(DEADLINE, ended).await.expect("the watch ends with the node");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_joins_while_it_syncs_is_admitted_at_once() {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let here = a.node.create_space("farm").await.unwrap();
    put(&here, "x", json!({"n": 1})).await;
    start(&a.node, &[]).await;
    start(&b.node, &[]).await;
    let ticket = here.invite(&Invitation::default()).await.unwrap();
    assert!(!ticket.hints().is_empty());
    let there = b.node.join(&ticket, None).await.unwrap();
    converge(&[&a.node, &b.node]).await;
    assert_eq!(json_of(&there, "x").await, json!({"n": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_receives_and_may_not_write() {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let here = a.node.create_space("farm").await.unwrap();
    let there = admit(&here, &b.node, Role::Reader).await;
    let address = start(&a.node, &[]).await;
    start(&b.node, &[address]).await;
    put(&here, "x", json!({"n": 1})).await;
    converge(&[&a.node, &b.node]).await;
    assert_eq!(json_of(&there, "x").await, json!({"n": 1}));
    let tasks = there.collection("tasks").unwrap();
    let refused = tasks.put(&id("x"), value(json!({"n": 2}))).await.unwrap_err();
    assert_eq!(refused.code(), Code::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_without_a_common_space_learn_nothing_of_each_other() {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    a.node.create_space("farm").await.unwrap();
    b.node.create_space("boat").await.unwrap();
    let address = start(&a.node, &[]).await;
    start(&b.node, &[address]).await;
    let turned_away = async {
        loop {
            let peers = b.node.peers().await;
            if let Some(peer) = peers.first().filter(|peer| peer.reason.is_some()) {
                return peer.clone();
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let peer = timeout(Duration::from_secs(30), turned_away).await.unwrap();
    assert_eq!((peer.state, peer.name, peer.spaces.len()), (PeerState::Disconnected, None, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_use_is_a_network_error() {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let address = start(&a.node, &[]).await;
    let config = SyncConfig {
        carrier: Carrier::Udp(address),
        peers: Vec::new(),
        mdns: false,
        ..SyncConfig::default()
    };
    let error = b.node.start_sync(config).await.unwrap_err();
    assert_eq!(error.code(), Code::Network);
    assert!(!error.remedy().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_document_does_not_keep_the_others_from_their_peers() {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let here = a.node.create_space("farm").await.unwrap();
    let there = admit(&here, &b.node, Role::Writer).await;
    put(&here, "damaged", json!({"n": 1})).await;
    put(&here, "sound", json!({"n": 1})).await;
    let file = a.dir.path().join("spaces").join(format!("{}.sqlite", here.id()));
    drop(here);
    a.node.shutdown().await.unwrap();
    let damage =
        "UPDATE _snapshots SET data = x'ffff' WHERE doc = (SELECT min(doc) FROM _snapshots)";
    assert_eq!(rusqlite::Connection::open(file).unwrap().execute(damage, []).unwrap(), 1);

    let node = Node::open(a.dir.path(), support::config()).await.unwrap();
    let here = node.space("farm").unwrap();
    let tasks = here.collection("tasks").unwrap();
    assert_eq!(tasks.get(&id("damaged")).await.unwrap_err().code(), Code::Corrupt);
    let edited = tasks.put(&id("damaged"), value(json!({"n": 2}))).await;
    assert_eq!(edited.unwrap_err().code(), Code::Corrupt);
    put(&here, "sound", json!({"n": 2})).await;
    let mut feed = there.changes_after(None);
    let address = start(&node, &[]).await;
    start(&b.node, &[address]).await;
    let events = timeout(DEADLINE, feed.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(events[0].doc.key.as_str(), "sound");
    assert_eq!(json_of(&there, "sound").await, json!({"n": 2}));
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Waits until all nodes have the same documents, whoever is connected at the moment.
async fn agree(nodes: &[&Node]) {
    let equal = async {
        loop {
            let mut digests = Vec::new();
            for node in nodes {
                digests.push(node.status().await.unwrap().spaces[0].digest.clone());
            }
            digests.dedup();
            if digests.len() == 1 {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, equal).await.expect("the nodes agree")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_directory_converges_through_a_third_device_with_no_edit_lost() {
    let (original, third) = (Site::new("original").await, Site::new("third").await);
    let here = original.node.create_space("farm").await.unwrap();
    let there = admit(&here, &third.node, Role::Writer).await;
    let start_with = json!({
        "start": true,
        "body": {"$text": "seen: "},
        "count": {"$counter": 100},
        "steps": ["begin", "end"],
    });
    put(&here, "x", start_with).await;
    original.node.shutdown().await.unwrap();
    let copied = tempfile::tempdir().unwrap();
    copy(original.dir.path(), copied.path());

    let first = Node::open(original.dir.path(), support::config()).await.unwrap();
    let second = Node::open(copied.path(), support::config()).await.unwrap();
    assert_eq!(first.device(), second.device());
    for (node, name, by) in [(&first, "first", 1), (&second, "second", 20)] {
        let space = node.space("farm").unwrap();
        put(&space, "x", json!({ name: 1 })).await;
        put(&space, name, json!({"only": name})).await;
        let edits = json!([
            {"op":"set","path":"/title","value":"same path"},
            {"op":"splice","path":"/body","at":6,"insert":name},
            {"op":"increment","path":"/count","by":by},
            {"op":"insert","path":"/steps","at":1,"value":name},
        ]);
        let edits = Edit::list_from_json(&edits).unwrap();
        space.collection("tasks").unwrap().edit(&id("x"), edits, None).await.unwrap();
    }
    let address = start(&third.node, &[]).await;
    start(&first, &[address]).await;
    start(&second, &[address]).await;
    agree(&[&first, &second, &third.node]).await;
    let merged = json_of(&there, "x").await;
    for space in [first.space("farm").unwrap(), second.space("farm").unwrap()] {
        assert_eq!(json_of(&space, "x").await, merged);
    }
    // Which of the two comes first is up to their ids.
    let (mut bodies, mut steps) = (Vec::new(), Vec::new());
    for (one, two) in [("first", "second"), ("second", "first")] {
        bodies.push(json!(format!("seen: {one}{two}")));
        steps.push(json!(["begin", one, two, "end"]));
    }
    assert!(bodies.contains(&merged["body"]) && steps.contains(&merged["steps"]), "{merged}");
    let rest = ["start", "first", "second", "title", "count"].map(|field| merged[field].clone());
    assert_eq!(json!(rest), json!([true, 1, 1, "same path", 121]));
    assert_eq!(json_of(&first.space("farm").unwrap(), "second").await, json!({"only": "second"}));
    assert_eq!(json_of(&second.space("farm").unwrap(), "first").await, json!({"only": "first"}));
    assert_eq!(third.node.status().await.unwrap().spaces[0].diverged, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_restored_from_an_older_copy_gets_back_what_it_had() {
    let (site, third) = (Site::new("site").await, Site::new("third").await);
    let here = site.node.create_space("farm").await.unwrap();
    let there = admit(&here, &third.node, Role::Writer).await;
    put(&here, "x", json!({"body": {"$text": "old"}})).await;
    let site = site.reopen().await;
    site.node.shutdown().await.unwrap();
    let backup = tempfile::tempdir().unwrap();
    copy(site.dir.path(), backup.path());

    let node = Node::open(site.dir.path(), support::config()).await.unwrap();
    let address = start(&third.node, &[]).await;
    start(&node, &[address]).await;
    let append = json!([{"op":"splice","path":"/body","at":3,"insert":" and lost"}]);
    let tasks = node.space("farm").unwrap().collection("tasks").unwrap();
    tasks.edit(&id("x"), Edit::list_from_json(&append).unwrap(), None).await.unwrap();
    converge(&[&node, &third.node]).await;
    node.shutdown().await.unwrap();

    let restored = Node::open(backup.path(), support::config()).await.unwrap();
    let append = json!([{"op":"splice","path":"/body","at":3,"insert":" and new"}]);
    let tasks = restored.space("farm").unwrap().collection("tasks").unwrap();
    tasks.edit(&id("x"), Edit::list_from_json(&append).unwrap(), None).await.unwrap();
    start(&restored, &[address]).await;
    converge(&[&restored, &third.node]).await;
    let body = json_of(&there, "x").await["body"].as_str().unwrap().to_owned();
    assert!(body.contains("and lost") && body.contains("and new"), "{body}");
}

/// Nodes on one simulated network and the paused clock: what production runs, from the packets up.
mod simulated {
    use dunlin::{
        Clock, Config, Durability, Engines, Entropy,
        memory::{Conditions, Network},
    };

    use super::*;

    fn config(seed: u64, years: i64) -> Config {
        let started = tokio::time::Instant::now();
        let skew = years * 365 * 24 * 3600 * 1000;
        Config {
            durability: Durability::Relaxed,
            engines: Engines::Tasks,
            entropy: Entropy::seeded(seed),
            clock: Clock::new(move || {
                1_700_000_000_000 + skew + started.elapsed().as_millis() as i64
            }),
            ..Config::default()
        }
    }

    async fn start(node: &Node, network: &Network, address: &str, peers: &[&str]) {
        let peers = peers.iter().map(|peer| peer.parse().unwrap()).collect();
        let carrier = network.carrier(address.parse().unwrap()).unwrap();
        node.start_sync(SyncConfig { carrier, peers, mdns: false, ..SyncConfig::default() })
            .await
            .unwrap();
    }

    /// A line of three on a lossy network, with a partition; returns the digest and what the
    /// network did.
    async fn run(seed: u64) -> (String, u64) {
        let network = Network::new(seed);
        network.set_conditions(Conditions {
            loss: 0.1,
            duplicate: 0.02,
            delay: Duration::from_millis(20),
            jitter: Duration::from_millis(30),
            ..Conditions::default()
        });
        let a = Site::with("a", config(seed * 3, 0)).await;
        let b = Site::with("b", config(seed * 3 + 1, 60)).await;
        let c = Site::with("c", config(seed * 3 + 2, -20)).await;
        let first = a.node.create_space("farm").await.unwrap();
        let middle = admit(&first, &b.node, Role::Writer).await;
        let last = admit(&first, &c.node, Role::Writer).await;
        let (at_a, at_b, at_c) = ("10.0.0.1:4000", "10.0.0.2:4000", "10.0.0.3:4000");
        start(&b.node, &network, at_b, &[]).await;
        start(&a.node, &network, at_a, &[at_b]).await;
        start(&c.node, &network, at_c, &[at_b]).await;
        for n in 0..20 {
            for (space, name) in [(&first, "a"), (&middle, "b"), (&last, "c")] {
                put(space, "shared", json!({ name: n, "last": name })).await;
                put(space, &format!("{name}-{n}"), json!({"n": n})).await;
            }
            if n == 10 {
                let ends = ["10.0.0.1".parse().unwrap(), "10.0.0.3".parse().unwrap()];
                let rest = ["10.0.0.2".parse().unwrap()];
                network.partition(&[&ends, &rest]);
                sleep(Duration::from_secs(90)).await;
            }
        }
        network.heal();
        let digest = converge(&[&a.node, &b.node, &c.node]).await;
        let shared = json_of(&first, "shared").await;
        assert_eq!(
            (&shared["a"], &shared["b"], &shared["c"]),
            (&json!(19), &json!(19), &json!(19))
        );
        for space in [&first, &middle, &last] {
            assert_eq!(json_of(space, "shared").await, shared);
            let count = space.query("SELECT count(*) FROM tasks", &[]).await.unwrap();
            assert_eq!(count.rows, [[json!(61)]]);
        }
        for site in [a, b, c] {
            site.node.shutdown().await.unwrap();
        }
        (digest, network.statistics().sent)
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_converges_over_loss_skew_and_partition() {
        let (_, packets) = run(1).await;
        assert!(packets > 100);
    }

    #[tokio::test(start_paused = true)]
    async fn one_seed_is_one_run() {
        assert_eq!(run(2).await.0, run(2).await.0);
    }
}

/// Two devices that are in sync, with `a` and `b` in `tasks`; the second one's space comes second.
async fn linked() -> (Site, Site, Space, Space) {
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let here = a.node.create_space("farm").await.unwrap();
    let there = admit(&here, &b.node, Role::Writer).await;
    put(&here, "a", json!({"n": 0})).await;
    put(&here, "b", json!({"n": 0})).await;
    let address = start(&a.node, &[]).await;
    start(&b.node, &[address]).await;
    converge(&[&a.node, &b.node]).await;
    (a, b, here, there)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connected_peer_sees_all_of_a_transaction_or_nothing_and_in_one_batch() {
    const ROUNDS: i64 = 50;
    let (a, b, here, there) = linked().await;
    let mut feed = there.changes_after(None);
    let tasks = &here.collection("tasks").unwrap();
    let sums = tokio::spawn({
        let there = there.clone();
        async move {
            let sql =
                "SELECT sum(json_extract(doc, '$.n')), min(json_extract(doc, '$.n')) FROM tasks";
            loop {
                let rows = there.query(sql, &[]).await.unwrap().rows;
                assert_eq!(rows[0][0], json!(0), "half of a transaction");
                if rows[0][1] == json!(-ROUNDS) {
                    return;
                }
            }
        }
    });
    for n in 1..=ROUNDS {
        let moved = here.transaction(|tx| async move {
            for (key, n) in [("a", n), ("b", -n)] {
                let patch = value(json!({ "n": n }));
                tx.put(tasks, &id(key), patch, None, ListKeys::default())?;
            }
            Ok::<_, dunlin::Error>(())
        });
        moved.await.unwrap();
    }
    timeout(DEADLINE, sums).await.unwrap().unwrap();
    let mut events = 0;
    while events < 2 * ROUNDS {
        let batch = timeout(DEADLINE, feed.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(batch.len() % 2, 0, "half of a transaction");
        assert!(batch.iter().all(|event| event.origin == Origin::Remote));
        events += batch.len() as i64;
    }
    converge(&[&a.node, &b.node]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_ends_within_five_runs_while_a_peer_commits_a_hundred_times_a_second() {
    let (a, b, here, there) = linked().await;
    let peer = tokio::spawn({
        let there = there.clone();
        async move {
            for n in 0.. {
                put(&there, "a", json!({ "theirs": n })).await;
                sleep(Duration::from_millis(10)).await;
            }
        }
    });
    let tasks = &here.collection("tasks").unwrap();
    let most = &std::sync::atomic::AtomicU32::new(0);
    for n in 1..=20 {
        let runs = &std::sync::atomic::AtomicU32::new(0);
        let slow = |read: dunlin::Document| async move {
            runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            // Longer than the peer takes for its next commit.
            sleep(Duration::from_millis(30)).await;
            let mut json = read.to_json();
            json["n"] = json!(json["n"].as_i64().unwrap() + 1);
            Ok::<_, dunlin::Error>(value(json))
        };
        tasks.update(&id("a"), ListKeys::default(), slow).await.unwrap();
        let runs = runs.load(std::sync::atomic::Ordering::Relaxed);
        assert!(runs <= 5, "{runs} runs");
        most.fetch_max(runs, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(json_of(&here, "a").await["n"], json!(n));
    }
    assert!(most.load(std::sync::atomic::Ordering::Relaxed) > 1, "the peer was in the way");
    peer.abort();
    converge(&[&a.node, &b.node]).await;
    assert_eq!(json_of(&there, "a").await["n"], json!(20), "what had to wait was taken later");
}
