//! One space's file: opening, transactions, closing.

mod books;
mod collections;
mod documents;
mod feed;
mod gone;
mod indexes;
mod interned;
mod journal;
mod listing;
mod quarantine;
mod statements;
mod upkeep;

pub use self::{
    collections::MAX_COLLECTIONS,
    feed::KEPT,
    gone::MAX_GONE_NOTED,
    indexes::IndexPath,
    journal::MAX_NOTES,
    quarantine::{MAX_QUARANTINED, MAX_QUARANTINED_BYTES},
};

pub(crate) use self::{books::books, gone::gone};

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::Arc,
};

use dunlin_model::{Collection, DeviceId, Fingerprint};
use rusqlite::{Connection, InterruptHandle, OptionalExtension, params};

use self::interned::Interned;
use crate::{
    error::{OpenError, StoreError},
    query::{Pool, Reader},
    schema, sqlite,
    sqlite::Durability,
};

/// The store of one space, and the only writer of its file.
///
/// A call that returns `Ok` from [`write`](Self::write) is committed as far as [`Durability`]
/// says; one that returns `Err` has changed nothing.
pub struct SpaceStore {
    connection: Connection,
    path: PathBuf,
    readers: Arc<Pool>,
    collections: Interned<Collection>,
    devices: Interned<DeviceId>,
    cursor: Cursor,
    /// The part of the cursor that the file has.
    saved: Saved,
}

/// Interrupts the writer of a store; it may outlive the store.
#[derive(Clone)]
pub struct Interrupter(Arc<InterruptHandle>);

impl Interrupter {
    /// Ends the statement that runs, if one does: its transaction is rolled back and fails as
    /// [`StoreError::Interrupted`].
    pub fn interrupt(&self) {
        self.0.interrupt();
    }
}

/// What a transaction moves, and a rollback restores.
#[derive(Clone, Copy)]
struct Cursor {
    last_seq: i64,
    saved: Saved,
    collections: usize,
    devices: usize,
}

/// The part of the cursor that is kept in `_meta`.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Saved {
    fingerprint: Fingerprint,
    /// The change feed has been thinned out up to here.
    thinned: i64,
}

impl SpaceStore {
    /// Opens the file, creating or migrating it as needed.
    ///
    /// # Errors
    /// `NewerSchema` where a newer program wrote it; the file is left as it was.
    pub fn open(path: &Path, durability: Durability) -> Result<Self, OpenError> {
        let connection = sqlite::open(path, &schema::SPACE, durability)?;
        Self::new(connection, path).map_err(|error| match error {
            StoreError::Sqlite(source) => OpenError::sqlite(path, source),
            StoreError::StorageFull => OpenError::StorageFull { path: path.to_owned() },
            other => OpenError::Corrupt { path: path.to_owned(), detail: other.to_string() },
        })
    }

    fn new(connection: Connection, path: &Path) -> Result<Self, StoreError> {
        let collections = collections::load(&connection)?;
        let devices = feed::load_devices(&connection)?;
        let last_seq =
            connection
                .query_row("SELECT ifnull(max(seq), 0) FROM _changes", [], |row| row.get(0))?;
        let saved = Saved::load(&connection)?;
        let cursor =
            Cursor { last_seq, saved, collections: collections.len(), devices: devices.len() };
        let (path, readers) = (path.to_owned(), Arc::new(Pool::new(path.to_owned())));
        Ok(Self { connection, path, readers, collections, devices, cursor, saved })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A handle for queries, which run beside the writer.
    pub fn reader(&self) -> Reader {
        Reader::new(self.readers.clone())
    }

    /// A handle to interrupt the writer from another thread.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(Arc::new(self.connection.get_interrupt_handle()))
    }

    /// The sequence number of the last change; zero before the first.
    ///
    /// # Errors
    /// None today; the signature leaves room for stores that have to look.
    pub fn last_seq(&self) -> Result<i64, StoreError> {
        Ok(self.cursor.last_seq)
    }

    /// The fingerprint of all documents whose digest is known.
    pub fn fingerprint(&self) -> Fingerprint {
        self.cursor.saved.fingerprint
    }

    /// Runs `change` in one transaction and commits it: one group commit.
    ///
    /// # Errors
    /// What `change` returned, or `StoreError` where the commit fails; nothing is kept then.
    pub fn write<T, E: From<StoreError>>(
        &mut self,
        change: impl FnOnce(&mut Writer<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = Writer::begin(self)?;
        let value = change(&mut writer)?;
        writer.commit()?;
        Ok(value)
    }

    /// Copies the write-ahead log back into the file and empties it.
    ///
    /// # Errors
    /// `StorageFull` where the file cannot grow; nothing is lost.
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        self.reclaim()?;
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Stops the queries that run, empties the write-ahead log and closes every connection, so
    /// that the process holds no lock on the file.
    ///
    /// # Errors
    /// What kept the log from being emptied; the connections are closed all the same, and opening
    /// the file again finds everything that was committed.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.readers.close();
        let checkpointed = self.checkpoint();
        let closed = self.connection.close().map_err(|(_, error)| error.into());
        checkpointed.and(closed)
    }

    fn cursor(&self) -> Cursor {
        let (collections, devices) = (self.collections.len(), self.devices.len());
        Cursor { collections, devices, ..self.cursor }
    }

    fn restore(&mut self, before: Cursor) {
        self.collections.truncate(before.collections);
        self.devices.truncate(before.devices);
        self.cursor = before;
    }
}

/// One write transaction; reads through it see what it has written.
pub struct Writer<'a> {
    store: &'a mut SpaceStore,
    before: Cursor,
    /// The first change of the unit that is being written, if one is.
    unit: Option<i64>,
    is_committed: bool,
}

impl<'a> Writer<'a> {
    fn begin(store: &'a mut SpaceStore) -> Result<Self, StoreError> {
        store.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let before = store.cursor();
        Ok(Self { store, before, unit: None, is_committed: false })
    }

    /// Runs `change` such that its failure undoes what it did and nothing else.
    ///
    /// # Errors
    /// What `change` returned. If that was a full disk, SQLite may have ended the whole
    /// transaction, and every later call says [`StoreError::RolledBack`].
    pub fn savepoint<T, E: From<StoreError>>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let before = self.store.cursor();
        self.execute("SAVEPOINT part")?;
        let outcome = change(self);
        if outcome.is_err() {
            self.store.restore(before);
            if !self.store.connection.is_autocommit() {
                self.execute("ROLLBACK TO part")?;
                self.execute("RELEASE part")?;
            }
            return outcome;
        }
        self.execute("RELEASE part")?;
        outcome
    }

    /// Runs `change` as one unit: its failure undoes what it did and nothing else, and the change
    /// feed hands out all of it together. Returns the unit's name too, the sequence number of its
    /// first change.
    ///
    /// # Errors
    /// As [`savepoint`](Self::savepoint).
    pub fn unit<T, E: From<StoreError>>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<(T, i64), E> {
        let first = self.store.cursor.last_seq + 1;
        self.unit = Some(first);
        let outcome = self.savepoint(change);
        self.unit = None;
        Ok((outcome?, first))
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.thin_feed()?;
        let saved = self.store.cursor.saved;
        if saved != self.store.saved {
            saved.store(self.connection()?)?;
        }
        self.execute("COMMIT")?;
        self.is_committed = true;
        self.store.saved = saved;
        Ok(())
    }

    /// The connection, as long as the transaction is open: SQLite ends it by itself after some
    /// failures, and what came then would be committed statement by statement.
    fn connection(&self) -> Result<&Connection, StoreError> {
        if self.store.connection.is_autocommit() {
            return Err(StoreError::RolledBack);
        }
        Ok(&self.store.connection)
    }

    fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.connection()?.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        if self.is_committed {
            return;
        }
        self.store.restore(self.before);
        if let Err(error) = self.execute("ROLLBACK")
            && !self.store.connection.is_autocommit()
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }
}

impl Deref for Writer<'_> {
    type Target = SpaceStore;

    fn deref(&self) -> &SpaceStore {
        self.store
    }
}

impl Saved {
    fn load(connection: &Connection) -> Result<Self, StoreError> {
        let mut select = connection.prepare("SELECT value FROM _meta WHERE name = ?1")?;
        let mut saved = Self::default();
        if let Some((count, sum)) = select
            .query_row(["fingerprint"], |row| row.get::<_, [u8; 40]>(0))
            .optional()?
            .and_then(|bytes| Some((*bytes.first_chunk::<8>()?, *bytes.last_chunk::<32>()?)))
        {
            saved.fingerprint = Fingerprint { count: u64::from_le_bytes(count), sum };
        }
        if let Some(thinned) = select.query_row(["thinned"], |row| row.get(0)).optional()? {
            saved.thinned = thinned;
        }
        Ok(saved)
    }

    fn store(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut fingerprint = [0; 40];
        fingerprint[..8].copy_from_slice(&self.fingerprint.count.to_le_bytes());
        fingerprint[8..].copy_from_slice(&self.fingerprint.sum);
        let mut upsert = connection.prepare_cached(
            "INSERT INTO _meta (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )?;
        upsert.execute(params!["fingerprint", fingerprint])?;
        upsert.execute(params!["thinned", self.thinned])?;
        Ok(())
    }
}
