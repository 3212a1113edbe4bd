//! Documents: names, updates and snapshots, projections, digests.

use dunlin_model::{Collection, Digest, DocHash, DocId};
use rusqlite::{OptionalExtension, Row, params};

use super::{SpaceStore, Writer, collections::NOT_OF_THE_SYSTEM};
use crate::{
    error::StoreError,
    names::rows_table,
    types::{Commit, DocRow, Head, LogSize, Projection, Stored},
};

const HEAD: &str = "row, generation, last_seq, deleted, stale, log_updates, log_bytes";

impl SpaceStore {
    /// What the store knows of a document, if it has it.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn head(&self, doc: &DocId) -> Result<Option<Head>, StoreError> {
        if self.collections.number(&doc.collection).is_none() {
            return Ok(None);
        }
        let sql = format!(
            "SELECT {HEAD} FROM _documents WHERE row = (SELECT row FROM {} WHERE id = ?1)",
            rows_table(&doc.collection)
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        Ok(select.query_row([doc.key.as_str()], head).optional()?)
    }

    /// What the store knows of the document at `row`.
    ///
    /// # Errors
    /// `NotFound` for a row of another file.
    pub fn head_at(&self, row: DocRow) -> Result<Head, StoreError> {
        let sql = format!("SELECT {HEAD} FROM _documents WHERE row = ?1");
        let mut select = self.connection.prepare_cached(&sql)?;
        select.query_row([row.0], head).optional()?.ok_or_else(|| missing(row))
    }

    /// The name of the document at `row`.
    ///
    /// # Errors
    /// `NotFound` for a row of another file.
    pub fn name(&self, row: DocRow) -> Result<DocId, StoreError> {
        let number: Option<i64> = self
            .connection
            .prepare_cached("SELECT collection FROM _documents WHERE row = ?1")?
            .query_row([row.0], |found| found.get(0))
            .optional()?;
        self.name_in(number.ok_or_else(|| missing(row))?, row)
    }

    /// The document of this hash and what the store knows of it, if the store has it.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn find(&self, hash: DocHash) -> Result<Option<(DocId, Head)>, StoreError> {
        let sql = format!("SELECT {HEAD}, collection FROM _documents WHERE hash = ?1");
        let mut select = self.connection.prepare_cached(&sql)?;
        let found = select.query_row([hash.0], |row| Ok((head(row)?, row.get("collection")?)));
        let Some((head, number)) = found.optional()? else { return Ok(None) };
        Ok(Some((self.name_in(number, head.row)?, head)))
    }

    /// Reads the snapshot of the document with this head and the updates after it.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn load(&self, head: &Head) -> Result<Stored, StoreError> {
        let row = head.row.0;
        let snapshot = self
            .connection
            .prepare_cached("SELECT data FROM _snapshots WHERE doc = ?1")?
            .query_row([row], |found| found.get(0))
            .optional()?;
        let updates = match head.log.updates {
            0 => Vec::new(),
            _ => self.updates(head.row)?,
        };
        Ok(Stored { generation: head.generation, snapshot, updates, seq: head.last_seq })
    }

    fn updates(&self, row: DocRow) -> Result<Vec<Vec<u8>>, StoreError> {
        let sql = "SELECT data FROM _updates WHERE doc = ?1 ORDER BY seq";
        let mut select = self.connection.prepare_cached(sql)?;
        Ok(select.query_map([row.0], |found| found.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The number of documents, without deleted ones and those of system collections.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn document_count(&self) -> Result<u64, StoreError> {
        let sql = format!(
            "SELECT count(*) FROM _documents WHERE deleted = 0 AND last_seq > 0
             AND collection {NOT_OF_THE_SYSTEM}"
        );
        let count: i64 = self.connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
        Ok(count as u64)
    }

    /// Hash and digest of every document whose digest is known, in no order.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn items(&self) -> Result<Vec<(DocHash, Digest)>, StoreError> {
        let sql = "SELECT hash, digest FROM _documents WHERE digest IS NOT NULL";
        let mut select = self.connection.prepare_cached(sql)?;
        let items = select.query_map([], |row| Ok((DocHash(row.get(0)?), Digest(row.get(1)?))))?;
        Ok(items.collect::<Result<_, _>>()?)
    }

    /// The digest of the document at `row`, or none if it has changed since it was computed.
    ///
    /// # Errors
    /// `NotFound` for a row of another file.
    pub fn digest(&self, row: DocRow) -> Result<Option<Digest>, StoreError> {
        let sql = "SELECT digest FROM _documents WHERE row = ?1";
        let mut select = self.connection.prepare_cached(sql)?;
        let digest = select.query_row([row.0], |found| found.get::<_, Option<[u8; 32]>>(0));
        Ok(digest.optional()?.ok_or_else(|| missing(row))?.map(Digest))
    }

    /// Documents whose digest is to be computed, at most `limit`.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn dirty_digests(&self, limit: usize) -> Result<Vec<(DocRow, DocId)>, StoreError> {
        self.names(
            "SELECT row, collection FROM _documents
             WHERE digest IS NULL AND last_seq > 0 LIMIT ?1",
            limit as i64,
        )
    }

    /// Documents whose projection is to be rebuilt before the next query, at most `limit`.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn dirty_projections(&self, limit: usize) -> Result<Vec<(DocRow, DocId)>, StoreError> {
        self.names("SELECT row, collection FROM _documents WHERE stale = 1 LIMIT ?1", limit as i64)
    }

    /// Runs a query for rows and collections, and adds the names.
    pub(super) fn names(
        &self,
        sql: &str,
        parameter: i64,
    ) -> Result<Vec<(DocRow, DocId)>, StoreError> {
        let mut select = self.connection.prepare_cached(sql)?;
        let found = select.query_map([parameter], |row| Ok((DocRow(row.get(0)?), row.get(1)?)))?;
        found
            .map(|entry| {
                let (row, number) = entry?;
                Ok((row, self.name_in(number, row)?))
            })
            .collect()
    }

    pub(super) fn name_in(&self, number: i64, row: DocRow) -> Result<DocId, StoreError> {
        let collection = self.collection_at(number)?;
        let sql = format!("SELECT id FROM {} WHERE row = ?1", rows_table(collection));
        let key: String =
            self.connection.prepare_cached(&sql)?.query_row([row.0], |found| found.get(0))?;
        let key = key.parse().map_err(|_| StoreError::corrupt("a document's id"))?;
        Ok(DocId { collection: collection.clone(), key })
    }

    fn collection_at(&self, number: i64) -> Result<&Collection, StoreError> {
        self.collections.key(number).ok_or_else(|| StoreError::corrupt("an unknown collection"))
    }
}

impl Writer<'_> {
    /// Commits the first change of a document: its update is the document's first snapshot. Returns
    /// where the document is, and the change's sequence number.
    ///
    /// # Errors
    /// `LimitExceeded` for one collection too many.
    pub fn create(
        &mut self,
        doc: &DocId,
        generation: u32,
        commit: Commit<'_>,
    ) -> Result<(DocRow, i64), StoreError> {
        let Commit { update, projection, change, digest } = commit;
        let number = self.collection_number(&doc.collection)?;
        let seq = self.store.cursor.last_seq + 1;
        let connection = self.connection()?;
        let sql = "INSERT INTO _documents
                   (collection, generation, hash, last_seq, deleted, stale, digest, conflicts)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ifnull(?8, 0))";
        let row = connection.prepare_cached(sql)?.insert(params![
            number,
            generation,
            doc.hash().0,
            seq,
            projection.deleted,
            projection.is_stale(),
            digest.map(|digest| digest.0),
            projection.conflicts()
        ])?;
        let sql = format!(
            "INSERT INTO {} (row, id, has_conflicts, doc) VALUES (?1, ?2, ?3, ?4)",
            rows_table(&doc.collection)
        );
        connection.prepare_cached(&sql)?.execute(params![
            row,
            doc.key.as_str(),
            projection.has_conflicts,
            projection.shown()
        ])?;
        let sql = "INSERT INTO _snapshots (doc, data) VALUES (?1, ?2)";
        connection.prepare_cached(sql)?.execute(params![row, update])?;
        self.insert_change(seq, DocRow(row), &change)?;
        if let Some(digest) = digest {
            self.store.cursor.saved.fingerprint.insert(doc.hash(), digest);
        }
        self.store.cursor.last_seq = seq;
        Ok((DocRow(row), seq))
    }

    /// Commits a further change of a document: its update, its projection, its entry in the change
    /// feed and its digest, or the mark that this is out of date. Returns the change's sequence
    /// number.
    ///
    /// # Errors
    /// `NotFound` for a row of another file.
    pub fn append(&mut self, row: DocRow, commit: Commit<'_>) -> Result<i64, StoreError> {
        let Commit { update, projection, change, digest } = commit;
        let before = self.before_append(row)?;
        let seq = self.store.cursor.last_seq + 1;
        self.insert_change(seq, row, &change)?;
        let connection = self.connection()?;
        let sql = "INSERT INTO _updates (doc, seq, data) VALUES (?1, ?2, ?3)";
        connection.prepare_cached(sql)?.execute(params![row.0, seq, update])?;
        let sql = "UPDATE _documents SET last_seq = ?2, deleted = ?3, stale = ?4,
                   log_updates = log_updates + 1, log_bytes = log_bytes + ?5,
                   conflicts = ifnull(?6, conflicts) WHERE row = ?1";
        connection.prepare_cached(sql)?.execute(params![
            row.0,
            seq,
            projection.deleted,
            projection.is_stale(),
            update.len() as i64,
            projection.conflicts()
        ])?;
        // To name the column would write the page of its index, also where nothing changes.
        if before.digest != digest {
            let sql = "UPDATE _documents SET digest = ?2 WHERE row = ?1";
            connection.prepare_cached(sql)?.execute(params![row.0, digest.map(|it| it.0)])?;
        }
        if !projection.is_stale() {
            self.write_projection(before.collection, row, &projection)?;
        }
        self.drop_superseded(before.last_seq)?;
        self.replace_digest(&before, digest);
        self.store.cursor.last_seq = seq;
        Ok(seq)
    }

    /// Commits a document of another generation in the place of an older one: its update is the
    /// snapshot, and nothing of the older log stays. Returns the change's sequence number.
    ///
    /// # Errors
    /// `NotFound` for a row of another file.
    pub fn refound(
        &mut self,
        row: DocRow,
        generation: u32,
        commit: Commit<'_>,
    ) -> Result<i64, StoreError> {
        let snapshot = commit.update;
        let seq = self.append(row, commit)?;
        let sql = "UPDATE _documents SET generation = ?2 WHERE row = ?1";
        self.connection()?.prepare_cached(sql)?.execute(params![row.0, generation])?;
        self.replace_snapshot(row, seq, snapshot)?;
        Ok(seq)
    }

    /// Replaces the whole log of a document by one snapshot of the same state. `upto` is the
    /// sequence number of the last change in it; what came later stays.
    ///
    /// # Errors
    /// `NotFound` for a row of another file.
    pub fn replace_snapshot(
        &mut self,
        row: DocRow,
        upto: i64,
        snapshot: &[u8],
    ) -> Result<(), StoreError> {
        let connection = self.connection()?;
        let sql = "INSERT INTO _snapshots (doc, data) VALUES (?1, ?2)
                   ON CONFLICT (doc) DO UPDATE SET data = excluded.data";
        connection.prepare_cached(sql)?.execute(params![row.0, snapshot])?;
        let sql = "DELETE FROM _updates WHERE doc = ?1 AND seq <= ?2";
        connection.prepare_cached(sql)?.execute(params![row.0, upto])?;
        let sql = "UPDATE _documents SET (log_updates, log_bytes) =
                   (SELECT count(*), ifnull(sum(length(data)), 0) FROM _updates WHERE doc = ?1)
                   WHERE row = ?1";
        match connection.prepare_cached(sql)?.execute([row.0])? {
            0 => Err(missing(row)),
            _ => Ok(()),
        }
    }

    /// Brings a document's projection up to date.
    ///
    /// # Errors
    /// `NotFound` for a row of another file.
    pub fn set_projection(
        &mut self,
        row: DocRow,
        projection: &Projection,
    ) -> Result<(), StoreError> {
        let stale = projection.is_stale();
        let sql =
            "UPDATE _documents SET deleted = ?2, stale = ?3, conflicts = ifnull(?4, conflicts)
                   WHERE row = ?1 RETURNING collection";
        let number = self
            .connection()?
            .prepare_cached(sql)?
            .query_row(params![row.0, projection.deleted, stale, projection.conflicts()], |found| {
                found.get(0)
            })
            .optional()?
            .ok_or_else(|| missing(row))?;
        if stale { Ok(()) } else { self.write_projection(number, row, projection) }
    }

    /// Sets a document's digest, and with it the fingerprint of the set.
    ///
    /// # Errors
    /// `NotFound` for a row of another file.
    pub fn set_digest(&mut self, row: DocRow, digest: Digest) -> Result<(), StoreError> {
        let before = self.before_append(row)?;
        let sql = "UPDATE _documents SET digest = ?2 WHERE row = ?1";
        self.connection()?.prepare_cached(sql)?.execute(params![row.0, digest.0])?;
        self.replace_digest(&before, Some(digest));
        Ok(())
    }

    fn replace_digest(&mut self, before: &Before, digest: Option<Digest>) {
        let fingerprint = &mut self.store.cursor.saved.fingerprint;
        if let Some(old) = before.digest {
            fingerprint.remove(before.hash, old);
        }
        if let Some(new) = digest {
            fingerprint.insert(before.hash, new);
        }
    }

    fn before_append(&self, row: DocRow) -> Result<Before, StoreError> {
        let sql = "SELECT collection, last_seq, hash, digest FROM _documents WHERE row = ?1";
        self.connection()?
            .prepare_cached(sql)?
            .query_row([row.0], |found| {
                Ok(Before {
                    collection: found.get(0)?,
                    last_seq: found.get(1)?,
                    hash: DocHash(found.get(2)?),
                    digest: found.get::<_, Option<[u8; 32]>>(3)?.map(Digest),
                })
            })
            .optional()?
            .ok_or_else(|| missing(row))
    }

    fn write_projection(
        &self,
        number: i64,
        row: DocRow,
        projection: &Projection,
    ) -> Result<(), StoreError> {
        let table = rows_table(self.collection_at(number)?);
        let sql = format!("UPDATE {table} SET doc = ?2, has_conflicts = ?3 WHERE row = ?1");
        self.connection()?.prepare_cached(&sql)?.execute(params![
            row.0,
            projection.shown(),
            projection.has_conflicts
        ])?;
        Ok(())
    }
}

/// A document as a change finds it.
struct Before {
    collection: i64,
    last_seq: i64,
    hash: DocHash,
    digest: Option<Digest>,
}

fn head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        row: DocRow(row.get(0)?),
        generation: row.get(1)?,
        last_seq: row.get(2)?,
        deleted: row.get(3)?,
        stale: row.get(4)?,
        log: LogSize { updates: row.get(5)?, bytes: row.get::<_, i64>(6)? as u64 },
    })
}

pub(super) fn missing(row: DocRow) -> StoreError {
    StoreError::NotFound { what: format!("document in row {}", row.0) }
}
