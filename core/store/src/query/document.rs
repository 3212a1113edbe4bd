//! Documents read beside the writer, while that is at something long.

use std::collections::BTreeMap;

use dunlin_model::DocId;
use rusqlite::{Connection, OptionalExtension};

use super::{QueryError, Reader};
use crate::{
    error::StoreError,
    space::{books, gone},
    types::Stored,
};

impl Reader {
    /// Reads a document as its last commit left it: its snapshot, and the updates after that.
    ///
    /// # Errors
    /// [`QueryError`] where the file cannot be read, or is closed.
    pub fn load(&self, doc: &DocId) -> Result<Option<Stored>, QueryError> {
        self.with_connection(|connection| {
            let stored = connection.trusted(|trusted| {
                // One transaction: the parts belong together.
                trusted.execute_batch("BEGIN")?;
                let stored = load(trusted, doc);
                trusted.execute_batch("ROLLBACK")?;
                stored
            });
            stored.map_err(|error| StoreError::from(error).into())
        })
    }

    /// The id and the plain JSON of every writers' book.
    ///
    /// # Errors
    /// [`QueryError`] where the file cannot be read, or is closed.
    pub fn books(&self) -> Result<Vec<(String, String)>, QueryError> {
        self.with_connection(|connection| {
            connection.trusted(books).map_err(|error| StoreError::from(error).into())
        })
    }

    /// What items of a document were that are gone, by their printed paths.
    ///
    /// # Errors
    /// [`QueryError`] where the file cannot be read, or is closed.
    pub fn gone(&self, doc: &DocId) -> Result<BTreeMap<String, String>, QueryError> {
        self.with_connection(|connection| {
            let gone = connection.trusted(|trusted| gone_items(trusted, doc));
            gone.map_err(|error| StoreError::from(error).into())
        })
    }
}

fn gone_items(connection: &Connection, doc: &DocId) -> rusqlite::Result<BTreeMap<String, String>> {
    let sql = "SELECT row FROM _documents WHERE hash = ?1";
    let row = connection.prepare_cached(sql)?.query_row([doc.hash().0], |found| found.get(0));
    row.optional()?.map_or(Ok(BTreeMap::new()), |row| gone(connection, row))
}

fn load(connection: &Connection, doc: &DocId) -> rusqlite::Result<Option<Stored>> {
    // What the journal tells of one belongs to its conflicts, and the engine adds it.
    let sql = "SELECT row, generation, last_seq FROM _documents
               WHERE hash = ?1 AND last_seq > 0
               AND NOT EXISTS (SELECT 1 FROM _journal WHERE doc = _documents.row)";
    let head = connection
        .prepare_cached(sql)?
        .query_row([doc.hash().0], |found| Ok((found.get(0)?, found.get(1)?, found.get(2)?)))
        .optional()?;
    let Some((row, generation, seq)): Option<(i64, u32, i64)> = head else { return Ok(None) };
    let snapshot = connection
        .prepare_cached("SELECT data FROM _snapshots WHERE doc = ?1")?
        .query_row([row], |found| found.get(0))
        .optional()?;
    let updates = connection
        .prepare_cached("SELECT data FROM _updates WHERE doc = ?1 ORDER BY seq")?
        .query_map([row], |found| found.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(Stored { generation, snapshot, updates, seq }))
}
