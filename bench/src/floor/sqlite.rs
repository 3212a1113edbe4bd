//! Plain SQLite: the rows that a commit of the product writes, in one transaction, and no more.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::Result;

/// One file with the product's transaction shape: log, projection, feed.
pub(crate) struct PlainStore {
    connection: Connection,
    seq: i64,
}

impl PlainStore {
    /// Creates the file.
    pub(crate) fn create(path: &Path, flushed: bool) -> Result<Self> {
        let store = Self::open(path, flushed)?;
        store.connection.execute_batch(
            "CREATE TABLE updates (doc INTEGER, seq INTEGER, data BLOB, PRIMARY KEY (doc, seq))
                 WITHOUT ROWID;
             CREATE TABLE documents (row INTEGER PRIMARY KEY, id TEXT UNIQUE, doc TEXT,
                 digest BLOB);
             CREATE TABLE changes (seq INTEGER PRIMARY KEY, doc INTEGER, device INTEGER,
                 time INTEGER, paths BLOB);",
        )?;
        Ok(store)
    }

    /// Opens a file that exists.
    pub(crate) fn open(path: &Path, flushed: bool) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", if flushed { "full" } else { "normal" })?;
        connection.set_prepared_statement_cache_capacity(16);
        Ok(Self { connection, seq: 0 })
    }

    /// Runs `work` as one commit.
    pub(crate) fn commit<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let value = work(self)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(value)
    }

    /// Inserts a document's projection, without a digest yet.
    pub(crate) fn insert_document(&mut self, row: i64, id: &str, json: &str) -> Result<()> {
        let sql = "INSERT INTO documents (row, id, doc) VALUES (?1, ?2, ?3)";
        self.connection.prepare_cached(sql)?.execute(params![row, id, json])?;
        Ok(())
    }

    /// Replaces a document's projection and marks its digest as stale.
    pub(crate) fn update_document(&mut self, row: i64, json: &str) -> Result<()> {
        let sql = "UPDATE documents SET doc = ?2, digest = NULL WHERE row = ?1";
        self.connection.prepare_cached(sql)?.execute(params![row, json])?;
        Ok(())
    }

    /// Appends an update to a document's log.
    pub(crate) fn append(&mut self, row: i64, update: &[u8]) -> Result<()> {
        self.seq += 1;
        let sql = "INSERT INTO updates (doc, seq, data) VALUES (?1, ?2, ?3)";
        self.connection.prepare_cached(sql)?.execute(params![row, self.seq, update])?;
        Ok(())
    }

    /// Adds a row to the feed.
    pub(crate) fn announce(&mut self, row: i64, paths: &str) -> Result<()> {
        let sql = "INSERT INTO changes (seq, doc, device, time, paths) VALUES (?1, ?2, 1, ?3, ?4)";
        let time = 1_700_000_000_000_i64;
        self.connection.prepare_cached(sql)?.execute(params![self.seq, row, time, paths])?;
        Ok(())
    }

    /// Counts the documents.
    pub(crate) fn count(&self) -> Result<i64> {
        let count = "SELECT count(*) FROM documents";
        Ok(self.connection.query_row(count, [], |row| row.get(0))?)
    }

    /// Copies the log back and closes the file.
    pub(crate) fn close(self) -> Result<()> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        self.connection.close().map_err(|(_, error)| error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_committed_is_there_after_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plain.sqlite");
        let mut store = PlainStore::create(&path, false).unwrap();
        store
            .commit(|store| {
                store.insert_document(1, "a", "{}")?;
                store.append(1, b"update")?;
                store.announce(1, "/x")?;
                store.update_document(1, r#"{"x":1}"#)
            })
            .unwrap();
        store.close().unwrap();
        assert_eq!(PlainStore::open(&path, true).unwrap().count().unwrap(), 1);
    }
}
