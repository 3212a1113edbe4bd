//! Signed statements, as opaque bytes: this layer keeps them and judges nothing.

use rusqlite::params;

use super::{SpaceStore, Writer};
use crate::error::StoreError;

impl SpaceStore {
    /// All statements, in the order in which they came.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn statements(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let sql = "SELECT body FROM _statements ORDER BY id";
        let mut select = self.connection.prepare_cached(sql)?;
        Ok(select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

impl Writer<'_> {
    /// Adds a statement; returns whether it is new.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn insert_statement(&mut self, hash: [u8; 32], body: &[u8]) -> Result<bool, StoreError> {
        let sql = "INSERT INTO _statements (hash, body) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        Ok(self.connection()?.prepare_cached(sql)?.execute(params![hash, body])? > 0)
    }
}
