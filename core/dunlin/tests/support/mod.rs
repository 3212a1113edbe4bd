//! What the tests of this crate share.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its own part")]

use std::{net::SocketAddr, time::Duration};

use dunlin::{
    Carrier, CollectionHandle, Config, DeviceKind, DocKey, Durability, Invitation, Node, Space,
    SyncConfig, Value,
};
use serde_json::Value as Json;
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(120);
const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// A node in a directory of its own, which is removed with it.
pub(crate) struct Site {
    pub(crate) dir: TempDir,
    pub(crate) node: Node,
}

impl Site {
    pub(crate) async fn new(name: &str) -> Self {
        Self::with(name, config()).await
    }

    pub(crate) async fn with(name: &str, config: Config) -> Self {
        let dir = TempDir::new().unwrap();
        let node = Node::create(dir.path(), name, DeviceKind::Human, config).await.unwrap();
        Self { dir, node }
    }

    /// Shuts the node down and opens it again.
    pub(crate) async fn reopen(self) -> Self {
        let Self { dir, node } = self;
        node.shutdown().await.unwrap();
        drop(node);
        let node = Node::open(dir.path(), config()).await.unwrap();
        Self { dir, node }
    }
}

/// Commits that survive the process suffice here.
pub(crate) fn config() -> Config {
    Config { durability: Durability::Relaxed, ..Config::default() }
}

/// A node with one space and its collection `tasks`.
pub(crate) async fn tasks() -> (Site, Space, CollectionHandle) {
    let site = Site::new("here").await;
    let space = site.node.create_space("farm").await.unwrap();
    let tasks = space.collection("tasks").unwrap();
    (site, space, tasks)
}

pub(crate) fn id(text: &str) -> DocKey {
    text.parse().unwrap()
}

pub(crate) fn value(json: Json) -> Value {
    Value::from_json(&json).unwrap()
}

/// Lets two devices meet once, over QUIC on loopback.
pub(crate) async fn meet(one: &Node, other: &Node) {
    let config = |peers: Vec<SocketAddr>| SyncConfig {
        carrier: Carrier::Udp(LOOPBACK),
        peers,
        mdns: false,
        ..SyncConfig::default()
    };
    one.start_sync(config(Vec::new())).await.unwrap();
    let address = one.status().await.unwrap().listen[0];
    other.sync_once(config(vec![address]), DEADLINE).await.unwrap();
    one.stop_sync().await;
}

/// Devices that are members of one space.
pub(crate) async fn devices<const N: usize>() -> [Site; N] {
    let mut sites = Vec::new();
    for device in 0..N {
        sites.push(Site::new(&format!("device {device}")).await);
    }
    let space = sites[0].node.create_space("farm").await.unwrap();
    for site in &sites[1..] {
        let ticket = space.invite(&Invitation::default()).await.unwrap();
        site.node.join(&ticket, None).await.unwrap();
    }
    let Ok(sites) = sites.try_into() else { panic!("as many as were made") };
    sites
}
