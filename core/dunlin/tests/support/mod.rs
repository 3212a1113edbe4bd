//! What the tests of this crate share.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its own part")]

use dunlin::{CollectionHandle, Config, DeviceKind, DocKey, Durability, Node, Space, Value};
use serde_json::Value as Json;
use tempfile::TempDir;

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
