//! What keeps a file small and sound: compaction candidates, giving pages back, checking, backup.

use std::path::Path;

use dunlin_model::DocId;

use super::SpaceStore;
use crate::{error::StoreError, files, types::DocRow};

/// Free pages worth giving back to the file system.
const MIN_FREE_PAGES: i64 = 64;

impl SpaceStore {
    /// Documents with at least this many updates beside their snapshot.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn compaction_candidates(
        &self,
        min_updates: u32,
    ) -> Result<Vec<(DocRow, DocId)>, StoreError> {
        self.names(
            "SELECT row, collection FROM _documents WHERE log_updates >= ?1",
            i64::from(min_updates.max(1)),
        )
    }

    /// Limits the size of the file, so that a host can give a space a budget; `None` lifts the
    /// limit. A transaction that would go over it fails as if the disk were full.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn set_max_bytes(&mut self, max_bytes: Option<u64>) -> Result<(), StoreError> {
        let page =
            self.connection.pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0))?;
        // SQLite takes no limit below the present size, and none above this one.
        let max = max_bytes.map_or(i64::from(u32::MAX) - 1, |bytes| {
            i64::try_from(bytes / page as u64).unwrap_or(i64::MAX).clamp(1, i64::from(u32::MAX) - 1)
        });
        self.connection.pragma_update_and_check(None, "max_page_count", max, |_| Ok(()))?;
        Ok(())
    }

    /// Gives the file's free pages back to the file system, if they are a quarter of it or more.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn reclaim(&mut self) -> Result<(), StoreError> {
        let number =
            |pragma| self.connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        let (free, all) = (number("freelist_count")?, number("page_count")?);
        if free >= MIN_FREE_PAGES && free * 4 >= all {
            let mut vacuum = self.connection.prepare("PRAGMA incremental_vacuum")?;
            let mut rows = vacuum.query([])?;
            while rows.next()?.is_some() {}
        }
        Ok(())
    }

    /// Looks through the whole file for damage; returns what it finds, at most 100 problems.
    ///
    /// # Errors
    /// `Corrupt` where the file cannot even be looked through.
    pub fn quick_check(&self) -> Result<Vec<String>, StoreError> {
        let mut check = self.connection.prepare("PRAGMA quick_check(100)")?;
        let found: Vec<String> =
            check.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(found.into_iter().filter(|problem| problem != "ok").collect())
    }

    /// Writes a complete, compact copy to a new file, which only its owner may read. The copy
    /// holds documents and statements, and no device's identity.
    ///
    /// # Errors
    /// `Io` where the file exists or cannot be made, `StorageFull` where there is no room for it.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        if to.exists() {
            return Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into());
        }
        let name =
            to.to_str().ok_or(std::io::ErrorKind::InvalidFilename).map_err(std::io::Error::from)?;
        files::create_private(to)?;
        let copied = self.connection.execute("VACUUM INTO ?1", [name]);
        if copied.is_err() {
            // Half a copy looks like a whole one to whoever finds it.
            let _ = std::fs::remove_file(to);
        }
        copied?;
        Ok(())
    }
}
