//! Indexes that an app asks for: on a value in the documents, or on the words of a text.

use std::{fmt, str::FromStr};

use dunlin_model::{Collection, InvalidInput};

use super::{SpaceStore, Writer};
use crate::{
    error::StoreError,
    names::{rows_table, view},
};

/// Most indexes of one collection, of both kinds together: each makes every change dearer.
const MAX_INDEXES: usize = 16;
/// Longest path of an index, in bytes.
const MAX_PATH_BYTES: usize = 256;

/// Where in a document an index looks: `$.due`, `$.address.city`, `$.tags[0]`.
///
/// It is written the way in which a query has to write it: an index on `$.due` serves
/// `json_extract(doc, '$.due')` and nothing else, not even `doc ->> '$.due'`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IndexPath(String);

impl IndexPath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IndexPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for IndexPath {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let is_path = text.len() <= MAX_PATH_BYTES
            && text.strip_prefix('$').is_some_and(|rest| !rest.is_empty() && has_steps_only(rest));
        if is_path {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidInput::new(
            format!("{text:?} is not a path for an index"),
            "write it like $.due, $.address.city or $.tags[0], with letters, digits and _",
        ))
    }
}

/// Whether this is a row of `.name` and `[number]`.
fn has_steps_only(mut rest: &str) -> bool {
    while !rest.is_empty() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let after = if let Some(name) = rest.strip_prefix('.') {
            let after = name.trim_start_matches(is_word);
            (after.len() < name.len()).then_some(after)
        } else {
            rest.strip_prefix('[').and_then(|number| {
                let after = number.trim_start_matches(|c: char| c.is_ascii_digit());
                (after.len() < number.len()).then_some(after)?.strip_prefix(']')
            })
        };
        match after {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

impl SpaceStore {
    /// The paths by which a collection's documents are indexed.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn indexes(&self, collection: &Collection) -> Result<Vec<IndexPath>, StoreError> {
        self.paths_of("CREATE INDEX", &format!("rows:{collection}:"))
    }

    /// The paths by whose words a collection's documents can be searched.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn text_indexes(&self, collection: &Collection) -> Result<Vec<IndexPath>, StoreError> {
        self.paths_of("CREATE VIRTUAL TABLE", &format!("{}:", view(collection)))
    }

    fn paths_of(&self, start: &str, prefix: &str) -> Result<Vec<IndexPath>, StoreError> {
        // The beginning of the SQL tells a text index from the tables that it keeps beside it.
        let sql = "SELECT substr(name, length(?2) + 1) FROM sqlite_schema
                   WHERE substr(sql, 1, length(?1)) = ?1 AND substr(name, 1, length(?2)) = ?2
                   ORDER BY name";
        let mut select = self.connection.prepare_cached(sql)?;
        let names = select.query_map([start, prefix], |row| row.get::<_, String>(0))?;
        names
            .map(|name| name?.parse().map_err(|_| StoreError::corrupt("the name of an index")))
            .collect()
    }
}

impl Writer<'_> {
    /// Creates an index on the value at a path, unless it is there already; returns whether it is
    /// new. It serves `json_extract(doc, 'PATH')`, written exactly so.
    ///
    /// # Errors
    /// `LimitExceeded` beyond 16 indexes of one collection.
    pub fn create_index(
        &mut self,
        collection: &Collection,
        path: &IndexPath,
    ) -> Result<bool, StoreError> {
        self.collection_number(collection)?;
        if self.indexes(collection)?.contains(path) {
            return Ok(false);
        }
        self.check_room(collection)?;
        let table = rows_table(collection);
        let sql = format!(
            "CREATE INDEX \"rows:{collection}:{path}\" ON {table} (json_extract(doc, '{path}'))"
        );
        self.connection()?.execute_batch(&sql)?;
        Ok(true)
    }

    /// Drops an index; returns whether there was one.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn drop_index(
        &mut self,
        collection: &Collection,
        path: &IndexPath,
    ) -> Result<bool, StoreError> {
        let exists = self.indexes(collection)?.contains(path);
        if exists {
            self.connection()?
                .execute_batch(&format!("DROP INDEX \"rows:{collection}:{path}\""))?;
        }
        Ok(exists)
    }

    /// Creates a full-text index (FTS5) on the text at a path, unless it is there already; returns
    /// whether it is new. It is a table `"VIEW:PATH"(id, text)`, to be searched so:
    ///
    /// ```sql
    /// SELECT t.* FROM "tasks:$.title" s JOIN "tasks" t USING (id)
    /// WHERE s.text MATCH 'wader' ORDER BY s.rank
    /// ```
    ///
    /// # Errors
    /// `LimitExceeded` beyond 16 indexes of one collection.
    pub fn create_text_index(
        &mut self,
        collection: &Collection,
        path: &IndexPath,
    ) -> Result<bool, StoreError> {
        self.collection_number(collection)?;
        if self.text_indexes(collection)?.contains(path) {
            return Ok(false);
        }
        self.check_room(collection)?;
        self.connection()?.execute_batch(&create_text_index(collection, path))?;
        Ok(true)
    }

    /// Drops a full-text index; returns whether there was one.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn drop_text_index(
        &mut self,
        collection: &Collection,
        path: &IndexPath,
    ) -> Result<bool, StoreError> {
        let exists = self.text_indexes(collection)?.contains(path);
        if exists {
            let name = format!("{}:{path}", view(collection));
            self.connection()?.execute_batch(&format!(
                "DROP TRIGGER \"{name}:insert\"; DROP TRIGGER \"{name}:update\";
                 DROP TABLE \"{name}\";"
            ))?;
        }
        Ok(exists)
    }

    fn check_room(&self, collection: &Collection) -> Result<(), StoreError> {
        let count = self.indexes(collection)?.len() + self.text_indexes(collection)?.len();
        if count >= MAX_INDEXES {
            let reason = format!("{collection} has {MAX_INDEXES} indexes already");
            return Err(StoreError::LimitExceeded { reason });
        }
        Ok(())
    }
}

/// A table of the words, and triggers that keep it in step with the projections. Rows are only
/// ever inserted and updated: a deleted document's projection becomes null.
fn create_text_index(collection: &Collection, path: &IndexPath) -> String {
    let (rows, name) = (rows_table(collection), format!("{}:{path}", view(collection)));
    let text = |row: &str| format!("json_extract({row}doc, '{path}')");
    let (of_new, of_old, of_all) = (text("new."), text("old."), text(""));
    format!(
        "CREATE VIRTUAL TABLE \"{name}\" USING fts5 (id UNINDEXED, text);
         INSERT INTO \"{name}\" (rowid, id, text)
             SELECT row, id, {of_all} FROM {rows} WHERE {of_all} IS NOT NULL;
         CREATE TRIGGER \"{name}:insert\" AFTER INSERT ON {rows}
             WHEN {of_new} IS NOT NULL
         BEGIN
             INSERT INTO \"{name}\" (rowid, id, text) VALUES (new.row, new.id, {of_new});
         END;
         CREATE TRIGGER \"{name}:update\" AFTER UPDATE OF doc ON {rows}
             WHEN {of_new} IS NOT {of_old}
         BEGIN
             DELETE FROM \"{name}\" WHERE rowid = old.row;
             INSERT INTO \"{name}\" (rowid, id, text)
                 SELECT new.row, new.id, {of_new} WHERE {of_new} IS NOT NULL;
         END;"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_path_is_a_row_of_names_and_numbers() {
        for good in ["$.a", "$.a_1.B", "$[0]", "$.tags[12].x"] {
            assert_eq!(good.parse::<IndexPath>().map(|path| path.to_string()), Ok(good.to_owned()));
        }
        let long = format!("$.{}", "a".repeat(MAX_PATH_BYTES));
        for bad in ["", "$", "a", "$a", "$.", "$.a.", "$..a", "$[x]", "$[", "$[]", "$.a'", "$.é"] {
            assert!(bad.parse::<IndexPath>().is_err(), "{bad}");
        }
        assert!(long.parse::<IndexPath>().is_err());
    }
}
