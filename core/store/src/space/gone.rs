//! What list items were that are gone: a device that had one notes it, since the state of a
//! document keeps nothing of it but its id.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::{SpaceStore, Writer};
use crate::{error::StoreError, types::DocRow};

/// Most items that are noted of one document; those that went first are forgotten first.
pub const MAX_GONE_NOTED: usize = 256;

impl SpaceStore {
    /// What items of a document were that are gone, by their printed paths.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn gone(&self, row: DocRow) -> Result<BTreeMap<String, String>, StoreError> {
        Ok(gone(&self.connection, row.0)?)
    }
}

/// The same, on any connection.
pub(crate) fn gone(
    connection: &Connection,
    row: i64,
) -> rusqlite::Result<BTreeMap<String, String>> {
    let sql = "SELECT item, name FROM _gone WHERE doc = ?1 ORDER BY id";
    let mut select = connection.prepare_cached(sql)?;
    select.query_map([row], |found| Ok((found.get(0)?, found.get(1)?)))?.collect()
}

impl Writer<'_> {
    /// Notes what items of a document were that are gone, and drops the document's oldest notes if
    /// there are more than [`MAX_GONE_NOTED`].
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn note_gone<'a>(
        &mut self,
        row: DocRow,
        items: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), StoreError> {
        let connection = self.connection()?;
        let mut insert =
            connection.prepare_cached("INSERT INTO _gone (doc, item, name) VALUES (?1, ?2, ?3)")?;
        let mut has_noted = false;
        for (item, name) in items {
            insert.execute(params![row.0, item, name])?;
            has_noted = true;
        }
        if has_noted {
            let sql = "DELETE FROM _gone WHERE doc = ?1 AND id <=
                       (SELECT id FROM _gone WHERE doc = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
            let mut trim = connection.prepare_cached(sql)?;
            trim.execute(params![row.0, MAX_GONE_NOTED as i64])?;
        }
        Ok(())
    }
}
