//! Creating a node's directory and opening it with its spaces.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use dunlin_model::DeviceKind;
use dunlin_proto::trust::{Roster, device_of};
use dunlin_store::{self as store, NodeDir, Seed, SpaceRow};

use super::{Core, Device, core::off_runtime};
use crate::{
    config::{Config, Sealer},
    engine::{EngineHandle, EngineOrigin, Identity},
    error::{Code, Error, Result},
    space::{Names, SpaceInner},
};

/// Longest device name, in bytes: what a statement can carry.
const MAX_NAME_BYTES: usize = dunlin_proto::limits::MAX_NAME_BYTES;

impl Core {
    pub(super) async fn create(
        path: &Path,
        name: &str,
        kind: DeviceKind,
        config: Config,
    ) -> Result<Self> {
        check_name(name)?;
        let seed = config.entropy.bytes::<32>()?;
        let (path, stored_name, sealer) = (path.to_owned(), name.to_owned(), config.sealer.clone());
        let create = move || {
            let seed = stored_seed(&seed, sealer.as_ref())?;
            Ok(NodeDir::create(&path, &store::Device { seed, name: stored_name, kind })?)
        };
        let dir = off_runtime(config.engines, create).await?;
        let device = Device { id: device_of(&seed), name: name.to_owned(), kind };
        Ok(Self::new(device, seed, dir, config))
    }

    pub(super) async fn open(path: &Path, config: Config) -> Result<Self> {
        let (path, wait, sealer) = (path.to_owned(), config.lock_wait, config.sealer.clone());
        let open = move || {
            let dir = NodeDir::open(&path, wait)?;
            let device = dir.device()?;
            let seed = seed_of(&dir, &device, sealer.as_ref())?;
            Ok((dir, device, seed))
        };
        let (dir, store::Device { name, kind, .. }, seed) =
            off_runtime(config.engines, open).await?;
        let rows = dir.spaces()?;
        let device = Device { id: device_of(&seed), name, kind };
        let core = Self::new(device, seed, dir, config);
        for row in rows {
            let space = core.open_space(row, None).await?;
            core.insert_space(space);
        }
        Ok(core)
    }

    /// Opens the directory again, with what another process may have added to it meanwhile.
    pub(super) async fn resume(&self) -> Result<()> {
        self.check_open()?;
        if self.is_suspended() {
            let (path, wait) = (self.path.clone(), self.config.lock_wait);
            let open = move || Ok(NodeDir::open(&path, wait)?);
            self.set_dir(off_runtime(self.config.engines, open).await?);
        }
        let mut entered = false;
        for row in self.with_dir(|dir| Ok(dir.spaces()?)).await? {
            match self.space(&row.id) {
                Some(space) => {
                    space.engine().resume().await?;
                    let stored =
                        space.engine().call(|engine| Ok(engine.store.statements()?)).await?;
                    entered |= space.learn(&stored);
                    space.set_alias(row.alias);
                }
                None => {
                    self.insert_space(self.open_space(row, None).await?);
                    entered = true;
                }
            }
        }
        if entered {
            self.memberships_changed();
        }
        Ok(())
    }

    /// Starts a space's engine; a new space brings its roster, an old one has it stored.
    pub(super) async fn open_space(
        &self,
        row: SpaceRow,
        roster: Option<Roster>,
    ) -> Result<Arc<SpaceInner>> {
        let secret = <[u8; 32]>::try_from(row.secret.as_slice())
            .map_err(|_| Error::internal("the stored secret of a space is not 32 bytes"))?;
        let path = self.with_dir(move |dir| Ok(dir.space_path(&row.id))).await?;
        let may_write = Arc::new(AtomicBool::new(false));
        let identity = Identity {
            device: self.device.id,
            kind: self.device.kind,
            device_name: self.device.name.clone(),
            space_name: row.name.clone(),
            may_write: may_write.clone(),
        };
        let (space, config, guard) = (row.id, self.config.clone(), self.dir.clone());
        let origin = EngineOrigin { path, space, identity, config, guard };
        let engine = EngineHandle::start(origin).await?;
        let stored = engine.call(|engine| Ok(engine.store.statements()?)).await?;
        let mut known = Roster::new(row.id);
        for bytes in &stored {
            if let Err(error) = known.add(bytes) {
                tracing::warn!(space = %row.id.short(), "a stored statement does not stand: {error}");
            }
        }
        let names = Names { name: row.name, alias: row.alias };
        let device = self.device.id;
        let config = self.config.clone();
        let space = SpaceInner::new(secret, device, names, known, may_write, engine, config);
        if let Some(roster) = roster {
            let statements: Vec<_> =
                roster.statements().map(|statement| statement.bytes.clone()).collect();
            space.add_statements(&statements, None).await?;
        }
        Ok(Arc::new(space))
    }
}

fn stored_seed(seed: &[u8; 32], sealer: Option<&Sealer>) -> Result<Seed> {
    Ok(match sealer {
        Some(sealer) => Seed::Sealed(sealer.seal(seed)?),
        None => Seed::Plain(*seed),
    })
}

/// The seed of the device; from here on it is sealed, if there is something to seal it.
fn seed_of(dir: &NodeDir, device: &store::Device, sealer: Option<&Sealer>) -> Result<[u8; 32]> {
    match (&device.seed, sealer) {
        (Seed::Plain(seed), None) => Ok(*seed),
        (Seed::Plain(seed), Some(_)) => {
            let sealed = store::Device { seed: stored_seed(seed, sealer)?, ..device.clone() };
            dir.set_device(&sealed)?;
            Ok(*seed)
        }
        (Seed::Sealed(sealed), Some(sealer)) => sealer.unseal(sealed),
        (Seed::Sealed(_), None) => Err(Error::new(
            Code::Denied,
            "the key of this node's device is sealed by the app that made it",
            "open the node from that app, with what sealed it",
        )),
    }
}

pub(super) fn check_name(name: &str) -> Result<()> {
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len());
    if fits && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Error::invalid(
        format!("{:?} is not a proper name", name.chars().take(80).collect::<String>()),
        format!("use 1 to {MAX_NAME_BYTES} bytes of UTF-8 without control characters"),
    ))
}
