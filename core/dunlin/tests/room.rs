//! Documents that devices filled while apart: everything else flows, nobody is accused, status
//! says what to do, and doing it is enough. On a simulated network and the paused clock.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::Duration;

use dunlin::{
    Clock, Code, Config, Document, Durability, Edit, Engines, Entropy, Invitation, Measure, Node,
    PeerState, Role, Space, SyncConfig, memory::Network,
};
use serde_json::{Value as Json, json};
use tokio::time::{sleep, timeout};

use support::{Site, id, value};

/// On the paused clock: several attempts at what did not fit, of which each waits a minute.
const DEADLINE: Duration = Duration::from_secs(3600);
/// What one device puts into a field; two of them fill a document.
const PHOTO_BYTES: usize = 620_000;

struct Farm {
    network: Network,
    sites: Vec<Site>,
    spaces: Vec<Space>,
}

impl Farm {
    /// Devices that have one space and one document in common; each dials all before it.
    async fn new(count: usize) -> Self {
        let network = Network::new(count as u64);
        let mut sites = Vec::new();
        for device in 0..count {
            let started = tokio::time::Instant::now();
            let now = move || 1_700_000_000_000 + started.elapsed().as_millis() as i64;
            let config = Config {
                durability: Durability::Relaxed,
                engines: Engines::Tasks,
                entropy: Entropy::seeded(100 + device as u64),
                clock: Clock::new(now),
                ..Config::default()
            };
            sites.push(Site::with(&format!("device {device}"), config).await);
        }
        let mut spaces = vec![sites[0].node.create_space("farm").await.unwrap()];
        let as_writer = Invitation { role: Role::Writer, ..Invitation::default() };
        for site in &sites[1..] {
            let ticket = spaces[0].invite(&as_writer).await.unwrap();
            spaces.push(site.node.join(&ticket, None).await.unwrap());
        }
        for (device, site) in sites.iter().enumerate() {
            let carrier = network.carrier(address(device).parse().unwrap()).unwrap();
            let peers = (0..device).map(|peer| address(peer).parse().unwrap()).collect();
            let config = SyncConfig { carrier, peers, mdns: false, ..SyncConfig::default() };
            site.node.start_sync(config).await.unwrap();
        }
        let farm = Self { network, sites, spaces };
        let base = json!({"name": "barn", "ticks": {"$counter": 0}, "old": "o".repeat(2000)});
        farm.put(0, "full", base).await;
        farm.until("all are in sync", |status| status.spaces[0].in_sync).await;
        farm
    }

    async fn put(&self, device: usize, key: &str, json: Json) {
        let tasks = self.spaces[device].collection("tasks").unwrap();
        tasks.put(&id(key), value(json)).await.unwrap();
    }

    async fn edit(&self, device: usize, edits: Json) -> dunlin::Result<()> {
        let edits = Edit::list_from_json(&edits).unwrap();
        let tasks = self.spaces[device].collection("tasks").unwrap();
        tasks.edit(&id("full"), edits, None).await.map(drop)
    }

    async fn json(&self, device: usize, key: &str) -> Option<Json> {
        let tasks = self.spaces[device].collection("tasks").unwrap();
        tasks.get(&id(key)).await.ok().map(|document| document.to_json())
    }

    fn part(&self) {
        let alone: Vec<_> = (0..self.sites.len()).map(|device| [ip(device)]).collect();
        let groups: Vec<&[std::net::IpAddr]> = alone.iter().map(|group| &group[..]).collect();
        self.network.partition(&groups);
    }

    /// Every device fills the document, and writes another one, while apart.
    async fn fill_apart(&self) {
        self.part();
        sleep(Duration::from_secs(90)).await;
        for device in 0..self.sites.len() {
            for photo in 0..2 {
                let name = format!("photo-{device}-{photo}");
                self.put(device, "full", json!({ name: "x".repeat(PHOTO_BYTES) })).await;
            }
            self.put(device, &format!("note-{device}"), json!({"by": device})).await;
        }
        self.network.heal();
    }

    async fn until(&self, what: &str, holds: impl Fn(&dunlin::Status) -> bool) {
        let waiting = async {
            loop {
                let mut all = true;
                let mut digests = Vec::new();
                for site in &self.sites {
                    let status = site.node.status().await.unwrap();
                    all &= holds(&status);
                    digests.push(status.spaces[0].digest.clone());
                }
                if all {
                    return;
                }
                sleep(Duration::from_secs(1)).await;
            }
        };
        timeout(DEADLINE, waiting).await.unwrap_or_else(|_| panic!("{what}"));
    }

    async fn until_agreed(&self) -> Vec<String> {
        let agreed = async {
            loop {
                let mut digests = Vec::new();
                for site in &self.sites {
                    let status = site.node.status().await.unwrap();
                    let space = &status.spaces[0];
                    digests.push((space.in_sync, space.digest.clone()));
                }
                digests.dedup();
                if digests.len() == 1 && digests[0].0 {
                    return;
                }
                sleep(Duration::from_secs(1)).await;
            }
        };
        timeout(DEADLINE, agreed).await.expect("all agree");
        let mut documents = Vec::new();
        for device in 0..self.sites.len() {
            documents.push(self.json(device, "full").await.unwrap_or_default().to_string());
        }
        documents.dedup();
        assert_eq!(documents.len(), 1);
        documents
    }

    /// Nothing was held against anybody.
    async fn assert_nobody_is_accused(&self) {
        for site in &self.sites {
            let status = site.node.status().await.unwrap();
            assert_eq!(status.refusals, []);
            assert_eq!(status.spaces[0].diverged, []);
            assert_eq!(status.peers.len(), self.sites.len() - 1);
            for peer in &status.peers {
                assert_eq!((peer.state, &peer.reason), (PeerState::Connected, &None));
            }
            assert_eq!(quarantined(site), 0);
        }
    }

    async fn assert_the_rest_flowed(&self) {
        for device in 0..self.sites.len() {
            for other in 0..self.sites.len() {
                let note = self.json(device, &format!("note-{other}")).await;
                assert_eq!(note, Some(json!({"by": other})), "{other} at {device}");
            }
        }
    }

    async fn shutdown(self) {
        for site in self.sites {
            site.node.shutdown().await.unwrap();
        }
    }
}

fn ip(device: usize) -> std::net::IpAddr {
    format!("10.0.0.{}", device + 1).parse().unwrap()
}

fn address(device: usize) -> String {
    format!("{}:4000", ip(device))
}

fn quarantined(site: &Site) -> i64 {
    let spaces = std::fs::read_dir(site.dir.path().join("spaces")).unwrap();
    let files = spaces.map(|entry| entry.unwrap().path());
    let mut files = files.filter(|path| path.extension().is_some_and(|ending| ending == "sqlite"));
    let file = rusqlite::Connection::open(files.next().unwrap()).unwrap();
    file.query_row("SELECT count(*) FROM _quarantine", [], |row| row.get(0)).unwrap()
}

fn is_settled(status: &dunlin::Status, peers: usize) -> bool {
    status.peers.len() == peers && status.peers.iter().all(|peer| peer.settled)
}

#[tokio::test(start_paused = true)]
async fn two_and_three_devices_that_filled_a_document_apart_merge_it() {
    for count in [2, 3] {
        let farm = Farm::new(count).await;
        farm.fill_apart().await;
        farm.until_agreed().await;
        farm.assert_the_rest_flowed().await;
        farm.assert_nobody_is_accused().await;
        let merged = farm.json(0, "full").await.unwrap();
        assert_eq!(merged.as_object().unwrap().len(), 3 + 2 * count);

        // It is full now: what is large does not fit any more, a tick and a removal do.
        let large = json!([{"op":"set","path":"/more","value":"x".repeat(PHOTO_BYTES)}]);
        assert_eq!(farm.edit(0, large).await.unwrap_err().code(), Code::LimitExceeded);
        farm.edit(1, json!([{"op":"increment","path":"/ticks","by":1}])).await.unwrap();
        // Of the creation, and of what came later.
        farm.edit(0, json!([{"op":"remove","path":"/old"}])).await.unwrap();
        farm.edit(0, json!([{"op":"remove","path":"/photo-1-0"}])).await.unwrap();
        farm.until_agreed().await;
        let left = farm.json(count - 1, "full").await.unwrap();
        assert_eq!((&left["ticks"], &left["old"]), (&json!(1), &Json::Null));
        assert_eq!(left.as_object().unwrap().len(), 3 + 2 * count - 2);

        farm.spaces[1].collection("tasks").unwrap().delete(&id("full")).await.unwrap();
        farm.until_agreed().await;
        assert_eq!(farm.json(0, "full").await, None);
        farm.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn five_devices_that_filled_a_document_apart_are_told_what_to_remove_and_agree_after_it() {
    let farm = Farm::new(5).await;
    farm.fill_apart().await;
    farm.until("all is settled", |status| is_settled(status, 4)).await;
    farm.assert_the_rest_flowed().await;
    farm.assert_nobody_is_accused().await;

    let mut shown = 0;
    for site in &farm.sites {
        let status = site.node.status().await.unwrap();
        let space = &status.spaces[0];
        assert_eq!(space.in_sync, space.full.is_empty());
        for full in &space.full {
            shown += 1;
            assert_eq!(full.document.to_string(), "tasks/full");
            assert_eq!(full.measure, Measure::Bytes);
            assert!(full.needs > full.bound && full.has < full.needs, "{full:?}");
            assert_eq!(full.largest[0].bytes, PHOTO_BYTES as u64);
            assert!(full.remedy().contains("/photo-"), "{}", full.remedy());
            // The other side says so too.
            let peer = farm.sites.iter().find(|site| site.node.device().id == full.peer).unwrap();
            let theirs = peer.node.status().await.unwrap();
            let device = site.node.device().id;
            assert!(theirs.spaces[0].full.iter().any(|full| full.peer == device));
        }
    }
    assert!(shown > 1);

    // Whoever holds most makes room.
    let mut holder = (0, Vec::new());
    for device in 0..5 {
        let document = farm.json(device, "full").await.unwrap();
        let photos = document.as_object().unwrap().keys().filter(|key| key.starts_with("photo"));
        let photos: Vec<String> = photos.cloned().collect();
        if photos.len() > holder.1.len() {
            holder = (device, photos);
        }
    }
    let remove = |key: &String| json!({"op":"remove","path":format!("/{key}")});
    let edits: Json = holder.1[1..].iter().map(remove).collect();
    farm.edit(holder.0, edits).await.unwrap();
    farm.until_agreed().await;
    farm.assert_nobody_is_accused().await;
    for site in &farm.sites {
        assert_eq!(site.node.status().await.unwrap().spaces[0].full, []);
    }
    farm.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_begun_anew_takes_the_place_of_the_old_one_everywhere() {
    let farm = Farm::new(3).await;
    let tasks = farm.spaces[0].collection("tasks").unwrap();
    let before = tasks.get(&id("full")).await.unwrap();
    farm.part();
    sleep(Duration::from_secs(90)).await;
    farm.put(1, "full", json!({"alone": "of one", "name": "shed"})).await;
    farm.put(0, "full", json!({"later": true})).await;
    tasks.refound(&id("full")).await.unwrap();
    let stale = json!([{"op":"set","path":"/name","value":"x"}]);
    let stale = Edit::list_from_json(&stale).unwrap();
    let refused = tasks.edit(&id("full"), stale, Some(before.version)).await.unwrap_err();
    assert_eq!(refused.code(), Code::StaleVersion);
    farm.edit(0, json!([{"op":"increment","path":"/ticks","by":1}])).await.unwrap();
    farm.network.heal();
    farm.until_agreed().await;
    farm.assert_nobody_is_accused().await;
    for device in 0..3 {
        let json = farm.json(device, "full").await.unwrap();
        assert_eq!(
            (&json["name"], &json["later"], &json["ticks"]),
            (&json!("barn"), &json!(true), &json!(1))
        );
        assert_eq!(json.get("alone"), None);
    }
    // What one device alone had is shown there, until somebody writes in its place.
    let there = farm.spaces[1].collection("tasks").unwrap();
    let read = there.get(&id("full")).await.unwrap();
    let mut lost: Vec<_> = read
        .conflicts
        .iter()
        .map(|conflict| (conflict.path.as_str(), conflict.lost.value.as_ref().unwrap().to_json()))
        .collect();
    lost.sort_by(|left, right| left.0.cmp(right.0));
    assert!(lost.contains(&("/alone", json!("of one"))), "{lost:?}");
    assert!(lost.contains(&("/name", json!("shed"))), "{lost:?}");
    let sql = "SELECT has_conflicts FROM tasks WHERE id = 'full'";
    assert_eq!(farm.spaces[1].query(sql, &[]).await.unwrap().rows, [[json!(1)]]);
    let at = |read: &Document, path: &str| {
        read.conflicts.iter().find(|conflict| conflict.path == path).cloned()
    };
    assert_eq!(at(&read, "/name").unwrap().shown.value, Some(value(json!("barn"))));
    there.take(&read, &at(&read, "/alone").unwrap()).await.unwrap();
    let read = there.get(&id("full")).await.unwrap();
    assert_eq!((at(&read, "/alone"), &read.to_json()["alone"]), (None, &json!("of one")));
    // To write what is shown is to keep it.
    farm.put(1, "full", json!({"name": "barn"})).await;
    let read = there.get(&id("full")).await.unwrap();
    assert_eq!((at(&read, "/name"), &read.to_json()["name"]), (None, &json!("barn")));
    for conflict in read.conflicts.clone() {
        there.keep(&there.get(&id("full")).await.unwrap(), &conflict).await.unwrap();
    }
    assert_eq!(there.get(&id("full")).await.unwrap().to_json(), read.to_json());
    assert_eq!(farm.spaces[1].query(sql, &[]).await.unwrap().rows, [[json!(0)]]);
    assert!(farm.spaces[1].contested(None, None).await.unwrap().is_empty());
    farm.until_agreed().await;
    farm.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn two_devices_that_begin_a_document_anew_at_once_have_it_once() {
    let farm = Farm::new(2).await;
    farm.part();
    sleep(Duration::from_secs(90)).await;
    for device in 0..2 {
        farm.spaces[device].collection("tasks").unwrap().refound(&id("full")).await.unwrap();
        farm.put(device, "full", json!({ format!("of-{device}"): device })).await;
    }
    farm.network.heal();
    farm.until_agreed().await;
    let json = farm.json(0, "full").await.unwrap();
    assert_eq!(
        (&json["name"], &json["of-0"], &json["of-1"]),
        (&json!("barn"), &json!(0), &json!(1))
    );
    farm.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_generation_survives_a_restart() {
    let site = Site::new("alone").await;
    let space = site.node.create_space("farm").await.unwrap();
    let tasks = space.collection("tasks").unwrap();
    tasks.put(&id("a"), value(json!({"text": {"$text": "tern"}, "list": ["a"]}))).await.unwrap();
    let before = tasks.get(&id("a")).await.unwrap();
    tasks.refound(&id("a")).await.unwrap();
    let refused = tasks.refound(&id("nothing")).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let site = site.reopen().await;
    let node: &Node = &site.node;
    let after =
        node.space("farm").unwrap().collection("tasks").unwrap().get(&id("a")).await.unwrap();
    assert_eq!(after.value, before.value);
    assert!(after.version.to_string() != before.version.to_string());
}
