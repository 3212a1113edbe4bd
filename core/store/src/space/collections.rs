//! Collections: a table of projections each, and a view for queries.

use dunlin_model::Collection;
use rusqlite::{Connection, params};

use super::{SpaceStore, Writer, interned::Interned};
use crate::{
    error::StoreError,
    names::{rows_table, sql_name},
};

/// Most collections in one space: each costs a table, and all of them are read on opening.
pub const MAX_COLLECTIONS: usize = 1024;

/// Behind a collection's number in SQL: that it is none of the system.
pub(super) const NOT_OF_THE_SYSTEM: &str =
    "NOT IN (SELECT id FROM _collections WHERE name GLOB '_*')";

impl SpaceStore {
    /// The collections that have ever held a document, in order of appearance, without those of the
    /// system.
    pub fn collections(&self) -> Vec<Collection> {
        let apps = self.collections.keys().iter().filter(|collection| !collection.is_system());
        apps.cloned().collect()
    }
}

impl Writer<'_> {
    /// Makes the collection known, so that queries on it find it empty instead of missing.
    ///
    /// # Errors
    /// `LimitExceeded` beyond [`MAX_COLLECTIONS`].
    pub fn ensure_collection(&mut self, collection: &Collection) -> Result<(), StoreError> {
        self.collection_number(collection).map(drop)
    }

    pub(super) fn collection_number(&mut self, collection: &Collection) -> Result<i64, StoreError> {
        if let Some(number) = self.store.collections.number(collection) {
            return Ok(number);
        }
        if self.store.collections.len() >= MAX_COLLECTIONS {
            let reason = format!("a space holds at most {MAX_COLLECTIONS} collections");
            return Err(StoreError::LimitExceeded { reason });
        }
        let number = self.store.collections.len() as i64 + 1;
        let connection = self.connection()?;
        connection
            .prepare_cached("INSERT INTO _collections (id, name) VALUES (?1, ?2)")?
            .execute(params![number, collection.as_str()])?;
        connection.execute_batch(&create_tables(collection))?;
        Ok(self.store.collections.push(collection.clone()))
    }
}

fn create_tables(collection: &Collection) -> String {
    let (rows, view) = (rows_table(collection), sql_name(collection));
    let table = format!(
        "CREATE TABLE {rows} (
            row           INTEGER PRIMARY KEY REFERENCES _documents (row),
            id            TEXT NOT NULL UNIQUE,
            has_conflicts INTEGER NOT NULL DEFAULT 0,
            doc           TEXT
        ) STRICT;"
    );
    // Those of the system are not for queries.
    if collection.is_system() {
        return table;
    }
    format!(
        "{table}
        CREATE VIEW {view} (id, doc, has_conflicts) AS
            SELECT id, doc, has_conflicts FROM {rows} WHERE doc IS NOT NULL;"
    )
}

pub(super) fn load(connection: &Connection) -> Result<Interned<Collection>, StoreError> {
    let mut collections = Interned::new();
    let mut select = connection.prepare("SELECT id, name FROM _collections ORDER BY id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        let collection = Collection::of_any_kind(&name)
            .map_err(|_| StoreError::corrupt("a collection's name"))?;
        if collections.push(collection) != row.get::<_, i64>(0)? {
            return Err(StoreError::corrupt("the numbers of collections have a gap"));
        }
    }
    Ok(collections)
}
