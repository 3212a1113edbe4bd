//! The writers' books: what each device says of itself.

use dunlin_model::Collection;
use rusqlite::Connection;

use super::SpaceStore;
use crate::{error::StoreError, names::rows_table};

impl SpaceStore {
    /// The id and the plain JSON of every writers' book.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn books(&self) -> Result<Vec<(String, String)>, StoreError> {
        Ok(books(&self.connection)?)
    }
}

/// The same, on any connection.
pub(crate) fn books(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let writers = Collection::writers();
    let sql = "SELECT count(*) FROM _collections WHERE name = ?1";
    let is_there: bool =
        connection.prepare_cached(sql)?.query_row([writers.as_str()], |row| row.get(0))?;
    if !is_there {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT id, doc FROM {} WHERE doc IS NOT NULL", rows_table(&writers));
    let mut select = connection.prepare_cached(&sql)?;
    select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
