//! The product as a program uses it: a node in a directory, one space.

use std::{fs, path::Path};

use dunlin::{CollectionHandle, Config, DeviceKind, Durability, Node, Space};

use crate::Result;

/// The collection of most rows.
pub(crate) const TASKS: &str = "tasks";

/// An open node that is in one space.
pub(crate) struct Product {
    pub(crate) node: Node,
    pub(crate) space: Space,
}

impl Product {
    /// Makes a node that founds a space.
    pub(crate) async fn create(dir: &Path, durability: Durability) -> Result<Self> {
        let node = Node::create(dir, "bench", DeviceKind::Human, config(durability)).await?;
        let space = node.create_space("bench").await?;
        Ok(Self { node, space })
    }

    /// Opens a node that exists.
    pub(crate) async fn open(dir: &Path, durability: Durability) -> Result<Self> {
        let node = Node::open(dir, config(durability)).await?;
        let space = node.space("bench")?;
        Ok(Self { node, space })
    }

    /// The documents that most rows work on.
    pub(crate) fn tasks(&self) -> Result<CollectionHandle> {
        Ok(self.space.collection(TASKS)?)
    }

    /// Closes it in good order.
    pub(crate) async fn close(self) -> Result<()> {
        Ok(self.node.shutdown().await?)
    }
}

fn config(durability: Durability) -> Config {
    Config { durability, ..Config::default() }
}

/// Bytes of all files under a directory, shared memory aside.
pub(crate) fn disk_bytes(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let is_shared_memory = entry.file_name().to_string_lossy().ends_with("-shm");
        if entry.file_type()?.is_dir() {
            bytes += disk_bytes(&entry.path())?;
        } else if !is_shared_memory {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

/// Copies a closed node's directory.
pub(crate) fn copy_dir(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
