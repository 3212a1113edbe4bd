//! Lists of documents that somebody has to look at: contested ones, and deleted ones.

use dunlin_model::{Collection, DocId};
use rusqlite::params;

use super::{SpaceStore, collections::NOT_OF_THE_SYSTEM};
use crate::{
    error::StoreError,
    types::{DocRow, Listed, Listing},
};

impl SpaceStore {
    /// Documents of a list, in the order of their collections and then of their coming, those behind
    /// `after`, at most `limit`; of all collections but system ones, or of one.
    ///
    /// A document whose projection is stale may be missing among contested ones.
    ///
    /// # Errors
    /// `NotFound` where there is no document `after`; `StoreError` where the file cannot be read.
    pub fn list(
        &self,
        listing: Listing,
        collection: Option<&Collection>,
        after: Option<&DocId>,
        limit: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        let only = match collection.map(|name| self.collections.number(name)) {
            Some(None) => return Ok(Vec::new()),
            only => only.flatten(),
        };
        let (behind, row) = match after {
            Some(doc) => self.place(doc)?,
            None => (0, 0),
        };
        let which = match listing {
            Listing::Contested => "conflicts = 1",
            Listing::Deleted => "deleted = 1",
        };
        let sql = format!(
            "SELECT row, collection, deleted, conflicts FROM _documents
             WHERE {which} AND (collection, row) > (?1, ?2) AND collection = ifnull(?3, collection)
             AND collection {NOT_OF_THE_SYSTEM}
             ORDER BY collection, row LIMIT ?4"
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        let mut rows = select.query(params![behind, row, only, limit as i64])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Listed {
                doc: self.name_in(row.get(1)?, DocRow(row.get(0)?))?,
                is_deleted: row.get(2)?,
                has_conflicts: row.get(3)?,
            });
        }
        Ok(found)
    }

    fn place(&self, doc: &DocId) -> Result<(i64, i64), StoreError> {
        let head = self.head(doc)?.zip(self.collections.number(&doc.collection));
        let (head, number) =
            head.ok_or_else(|| StoreError::NotFound { what: format!("document {doc}") })?;
        Ok((number, head.row.0))
    }
}
