//! The journal of conflicts: what this device alone had of documents that another generation
//! replaced.

use std::collections::BTreeSet;

use rusqlite::params;

use super::{SpaceStore, Writer};
use crate::{
    error::StoreError,
    types::{DocRow, Journaled},
};

/// Most notes of one document; the oldest go first.
pub const MAX_NOTES: usize = 1024;

impl SpaceStore {
    /// The documents that the journal tells of.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn journaled(&self) -> Result<BTreeSet<DocRow>, StoreError> {
        let mut select = self.connection.prepare_cached("SELECT DISTINCT doc FROM _journal")?;
        let found = select.query_map([], |row| Ok(DocRow(row.get(0)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// What the journal tells of a document, oldest first.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn journal(&self, row: DocRow) -> Result<Vec<Journaled>, StoreError> {
        let sql = "SELECT id, path, value, time FROM _journal WHERE doc = ?1 ORDER BY id";
        let mut select = self.connection.prepare_cached(sql)?;
        let found = select.query_map([row.0], |row| {
            Ok(Journaled {
                id: row.get(0)?,
                path: row.get(1)?,
                value: row.get(2)?,
                time_ms: row.get(3)?,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

impl Writer<'_> {
    /// Notes what this device alone had at a path of a document, and drops the document's oldest
    /// note if there are more than [`MAX_NOTES`].
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn note_in_journal(
        &mut self,
        row: DocRow,
        path: &str,
        value: Option<&str>,
        time_ms: i64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO _journal (doc, path, value, time) VALUES (?1, ?2, ?3, ?4)";
        self.connection()?.prepare_cached(sql)?.execute(params![row.0, path, value, time_ms])?;
        let sql = "DELETE FROM _journal WHERE id =
                   (SELECT id FROM _journal WHERE doc = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
        self.connection()?.prepare_cached(sql)?.execute(params![row.0, MAX_NOTES as i64])?;
        Ok(())
    }

    /// Forgets one note.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn forget_in_journal(&mut self, id: i64) -> Result<(), StoreError> {
        self.connection()?.prepare_cached("DELETE FROM _journal WHERE id = ?1")?.execute([id])?;
        Ok(())
    }
}
