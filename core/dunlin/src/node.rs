//! A node: this device, its spaces and its sync.

mod core;
mod join;
mod open;
mod resolve;

use std::{path::Path, sync::Arc};

use dunlin_model::{DeviceId, DeviceKind};
use dunlin_proto::trust::Ticket;

pub(crate) use self::core::Core;
use crate::{config::Config, error::Result, space::Space};

/// This device, as others see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Its public key.
    pub id: DeviceId,
    /// What it calls itself.
    pub name: String,
    /// What acts through it.
    pub kind: DeviceKind,
}

/// A running device: store, sync and discovery. Cheap to clone.
///
/// Only one process at a time has a node's directory open. Dropping all clones, and all handles of
/// its spaces, ends the node too; [`shutdown`](Self::shutdown) does it in good order.
#[derive(Clone)]
pub struct Node {
    core: Arc<Core>,
}

impl Node {
    /// Makes a directory a node: draws the device's key and opens it.
    ///
    /// # Errors
    /// `InvalidInput` if it is one already, or for an improper name; `StorageFull`.
    pub async fn create(dir: &Path, name: &str, kind: DeviceKind, config: Config) -> Result<Self> {
        Ok(Self::running(Core::create(dir, name, kind, config)?))
    }

    /// Opens a node with its spaces.
    ///
    /// # Errors
    /// `NotFound` if the directory is not a node, `AlreadyOpen`, `NewerSchema`, `Corrupt`.
    pub async fn open(dir: &Path, config: Config) -> Result<Self> {
        Ok(Self::running(Core::open(dir, config).await?))
    }

    fn running(core: Core) -> Self {
        Self { core: Arc::new(core) }
    }

    /// This device.
    pub fn device(&self) -> &Device {
        &self.core.device
    }

    /// Founds a space, with this device as its administrator.
    ///
    /// # Errors
    /// `InvalidInput` for an improper name or one that a space here has already; `StorageFull`.
    pub async fn create_space(&self, name: &str) -> Result<Space> {
        let space = self.core.create_space(name).await?;
        Ok(Space::new(space, self.core.clone()))
    }

    /// Joins a space with a ticket, offline: members learn of it when they meet this device.
    ///
    /// `alias` is this device's own name for the space. A ticket of a space that this device is in
    /// already raises its role if it gives a greater one.
    ///
    /// # Errors
    /// `InvalidInput` for a ticket that is expired, or an alias that is taken; `StorageFull`.
    pub async fn join(&self, ticket: &Ticket, alias: Option<&str>) -> Result<Space> {
        let space = self.core.join(ticket, alias).await?;
        Ok(Space::new(space, self.core.clone()))
    }

    /// This node's spaces, by id.
    pub fn spaces(&self) -> Vec<Space> {
        let spaces = self.core.spaces();
        spaces.into_iter().map(|space| Space::new(space, self.core.clone())).collect()
    }

    /// Finds a space by alias, name, id, or the first characters of its id.
    ///
    /// # Errors
    /// `NotFound` if none fits, `InvalidInput` with the list of matches if several do.
    pub fn space(&self, reference: &str) -> Result<Space> {
        Ok(Space::new(self.core.resolve(reference)?, self.core.clone()))
    }

    /// Closes connections and files in good order and releases the directory; whatever is called
    /// afterwards answers `Closed`.
    ///
    /// # Errors
    /// What kept a file from being checkpointed; nothing is lost, and the node is closed all the
    /// same.
    pub async fn shutdown(&self) -> Result<()> {
        self.core.close().await
    }
}
