//! A node's directory: who may use it, and `device.sqlite` in it.

mod lock;

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use dunlin_model::{DeviceId, DeviceKind, SpaceId};
use rusqlite::{Connection, OptionalExtension, params};

use self::lock::DirLock;
use crate::{
    error::{OpenError, StoreError},
    files, schema, sqlite,
    sqlite::Durability,
};

/// Addresses kept of one peer; the ones seen longest ago go first.
const MAX_ADDRESSES: i64 = 8;

/// A node's directory, held by this process alone until it is dropped.
///
/// It is accessible to its owner only (0700, files 0600) and holds `device.sqlite`, `lock`, and
/// one file a space under `spaces/`.
pub struct NodeDir {
    path: PathBuf,
    connection: Connection,
    lock: DirLock,
}

/// Who this node is.
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    /// The seed of its Ed25519 key pair.
    pub seed: Seed,
    /// What it is called.
    pub name: String,
    /// What acts through it.
    pub kind: DeviceKind,
}

/// The seed of a key pair, as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub enum Seed {
    /// As it is.
    Plain([u8; 32]),
    /// As whoever sealed it made it.
    Sealed(Vec<u8>),
}

/// A space that this node is in.
#[derive(Clone, PartialEq, Eq)]
pub struct SpaceRow {
    /// Its id.
    pub id: SpaceId,
    /// The name that its members share.
    pub name: String,
    /// The name that it has on this device only.
    pub alias: Option<String>,
    /// The secret by which members recognise each other.
    pub secret: Vec<u8>,
    /// What was needed to join, as the protocol encodes it.
    pub extra: Vec<u8>,
}

/// An address at which a peer was once found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownPeer {
    /// The peer.
    pub device: DeviceId,
    /// Where it was.
    pub address: String,
    /// When it was last there, in milliseconds since 1970.
    pub seen_ms: i64,
}

impl NodeDir {
    /// Makes a new node in `path`, which may exist but must hold no node.
    ///
    /// # Errors
    /// `AlreadyANode`; `AlreadyOpen` while another process has or makes one in the same place,
    /// `OpenHere` while this one does.
    pub fn create(path: &Path, device: &Device) -> Result<Self, OpenError> {
        files::create_private_dir(path).map_err(|source| OpenError::io(path, source))?;
        let spaces = path.join("spaces");
        files::create_private_dir(&spaces).map_err(|source| OpenError::io(&spaces, source))?;
        let lock = DirLock::take(path, Duration::ZERO)?;
        let node = Self::open_locked(path, lock)?;
        match node.load_device() {
            Ok(Some(_)) => Err(OpenError::AlreadyANode { path: path.to_owned() }),
            Ok(None) => {
                node.set_device(device).map(|()| node).map_err(|error| open_error(path, error))
            }
            Err(error) => Err(open_error(path, error)),
        }
    }

    /// Opens the node in `path`, waiting up to `wait` for whoever has it open to let go of it.
    ///
    /// # Errors
    /// `NotANode`, `NewerSchema`; `AlreadyOpen` in another process, `OpenHere` in this one.
    pub fn open(path: &Path, wait: Duration) -> Result<Self, OpenError> {
        let not_a_node = || OpenError::NotANode { path: path.to_owned() };
        if !database(path).is_file() {
            return Err(not_a_node());
        }
        // What is refused is left as it is, without even a lock in it.
        sqlite::check_header(&database(path), &schema::DEVICE)?;
        let lock = DirLock::take(path, wait)?;
        let node = Self::open_locked(path, lock)?;
        // A node whose making was cut short has no device, and nothing else to lose.
        match node.load_device() {
            Ok(Some(_)) => Ok(node),
            Ok(None) => Err(not_a_node()),
            Err(error) => Err(open_error(path, error)),
        }
    }

    fn open_locked(path: &Path, lock: DirLock) -> Result<Self, OpenError> {
        let connection = sqlite::open(&database(path), &schema::DEVICE, Durability::Flushed)?;
        Ok(Self { path: path.to_owned(), connection, lock })
    }

    /// Notes that it will be let go of soon, for those who ask for it meanwhile.
    pub fn end_soon(&self) {
        self.lock.end_soon();
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file of a space.
    pub fn space_path(&self, space: &SpaceId) -> PathBuf {
        self.path.join("spaces").join(format!("{space}.sqlite"))
    }

    /// Who this node is.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn device(&self) -> Result<Device, StoreError> {
        self.load_device()?.ok_or_else(|| StoreError::corrupt("the device's row is missing"))
    }

    /// Changes who this node is.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn set_device(&self, device: &Device) -> Result<(), StoreError> {
        let (seed, sealed) = match &device.seed {
            Seed::Plain(seed) => (&seed[..], false),
            Seed::Sealed(seed) => (&seed[..], true),
        };
        // What was there before is overwritten, not left in a free page.
        self.connection.pragma_update(None, "secure_delete", true)?;
        let sql = "INSERT INTO device (id, seed, name, kind, sealed) VALUES (1, ?1, ?2, ?3, ?4)
                   ON CONFLICT (id) DO UPDATE SET seed = excluded.seed, name = excluded.name,
                   kind = excluded.kind, sealed = excluded.sealed";
        self.connection.execute(sql, params![seed, device.name, device.kind.code(), sealed])?;
        // Nor in the write-ahead log.
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// The spaces that this node is in, by name.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn spaces(&self) -> Result<Vec<SpaceRow>, StoreError> {
        let sql = "SELECT id, name, alias, secret, extra FROM spaces ORDER BY name, id";
        let mut select = self.connection.prepare_cached(sql)?;
        let spaces = select.query_map([], |row| {
            Ok(SpaceRow {
                id: SpaceId(row.get(0)?),
                name: row.get(1)?,
                alias: row.get(2)?,
                secret: row.get(3)?,
                extra: row.get(4)?,
            })
        })?;
        Ok(spaces.collect::<Result<_, _>>()?)
    }

    /// Adds a space; returns whether it is new, and changes nothing if it is not.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn insert_space(&self, space: &SpaceRow) -> Result<bool, StoreError> {
        let sql = "INSERT INTO spaces (id, name, alias, secret, extra)
                   VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
        Ok(self.run_on_space(sql, space)? > 0)
    }

    /// Overwrites what is stored of a space.
    ///
    /// # Errors
    /// `NotFound` where the node is not in that space.
    pub fn update_space(&self, space: &SpaceRow) -> Result<(), StoreError> {
        let sql = "UPDATE spaces SET name = ?2, alias = ?3, secret = ?4, extra = ?5 WHERE id = ?1";
        match self.run_on_space(sql, space)? {
            0 => Err(StoreError::NotFound { what: format!("space {}", space.id) }),
            _ => Ok(()),
        }
    }

    fn run_on_space(&self, sql: &str, space: &SpaceRow) -> Result<usize, StoreError> {
        Ok(self.connection.prepare_cached(sql)?.execute(params![
            space.id.as_bytes(),
            space.name,
            space.alias,
            space.secret,
            space.extra
        ])?)
    }

    /// Notes that a peer was found at an address, and forgets all but the last eight.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn remember_peer(
        &self,
        device: &DeviceId,
        address: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        sqlite::transaction(&self.connection, || {
            let sql = "INSERT INTO peers (device, address, seen) VALUES (?1, ?2, ?3)
                       ON CONFLICT DO UPDATE SET seen = excluded.seen";
            let key = device.as_bytes();
            self.connection.prepare_cached(sql)?.execute(params![key, address, now_ms])?;
            let sql = "DELETE FROM peers WHERE device = ?1 AND address NOT IN
                       (SELECT address FROM peers WHERE device = ?1 ORDER BY seen DESC LIMIT ?2)";
            self.connection.prepare_cached(sql)?.execute(params![key, MAX_ADDRESSES])
        })?;
        Ok(())
    }

    /// Forgets an address at which a peer was not found.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn forget_address(&self, device: &DeviceId, address: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM peers WHERE device = ?1 AND address = ?2";
        self.connection.prepare_cached(sql)?.execute(params![device.as_bytes(), address])?;
        Ok(())
    }

    /// Where peers were found, the last first.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn peers(&self) -> Result<Vec<KnownPeer>, StoreError> {
        let sql = "SELECT device, address, seen FROM peers ORDER BY seen DESC, device, address";
        let mut select = self.connection.prepare_cached(sql)?;
        let peers = select.query_map([], |row| {
            let device = DeviceId(row.get(0)?);
            Ok(KnownPeer { device, address: row.get(1)?, seen_ms: row.get(2)? })
        })?;
        Ok(peers.collect::<Result<_, _>>()?)
    }

    fn load_device(&self) -> Result<Option<Device>, StoreError> {
        let sql = "SELECT seed, name, kind, sealed FROM device";
        let read = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        };
        let found = self.connection.query_row(sql, [], read).optional()?;
        found
            .map(|(seed, name, kind, sealed)| {
                let seed = match (sealed, <[u8; 32]>::try_from(seed.as_slice())) {
                    (true, _) => Seed::Sealed(seed),
                    (false, Ok(seed)) => Seed::Plain(seed),
                    (false, Err(_)) => return Err(StoreError::corrupt("the seed of the device")),
                };
                let kind = DeviceKind::from_code(kind);
                let kind = kind.ok_or_else(|| StoreError::corrupt("the kind of the device"))?;
                Ok(Device { seed, name, kind })
            })
            .transpose()
    }
}

/// Without the seed.
impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind, .. } = self;
        f.debug_struct("Device").field("name", name).field("kind", kind).finish_non_exhaustive()
    }
}

/// Without the secret and the join material.
impl fmt::Debug for SpaceRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, alias, .. } = self;
        f.debug_struct("SpaceRow")
            .field("id", id)
            .field("name", name)
            .field("alias", alias)
            .finish_non_exhaustive()
    }
}

fn database(path: &Path) -> PathBuf {
    path.join("device.sqlite")
}

fn open_error(path: &Path, error: StoreError) -> OpenError {
    let path = database(path);
    match error {
        StoreError::StorageFull => OpenError::StorageFull { path },
        StoreError::Sqlite(source) => OpenError::Sqlite { path, source },
        other => OpenError::Corrupt { path, detail: other.to_string() },
    }
}
