//! Refused bytes of peers, kept for whoever looks into it; bounded, so that a peer cannot fill the
//! disk with nonsense.

use dunlin_model::{DeviceId, DocId};
use rusqlite::params;

use super::{SpaceStore, Writer};
use crate::{error::StoreError, types::Quarantined};

/// Most entries; the oldest go first.
pub const MAX_QUARANTINED: usize = 64;
/// Most bytes kept of one entry.
pub const MAX_QUARANTINED_BYTES: usize = 64 << 10;
/// Most bytes kept of its reason.
const MAX_REASON_BYTES: usize = 1024;

impl SpaceStore {
    /// What is in quarantine, oldest first.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, StoreError> {
        let sql = "SELECT peer, document, reason, size, bytes, time FROM _quarantine ORDER BY id";
        let mut select = self.connection.prepare_cached(sql)?;
        let found = select.query_map([], |row| {
            Ok(Quarantined {
                peer: DeviceId(row.get(0)?),
                document: row.get(1)?,
                reason: row.get(2)?,
                size: row.get::<_, i64>(3)? as u64,
                bytes: row.get(4)?,
                time_ms: row.get(5)?,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

impl Writer<'_> {
    /// Keeps the first [`MAX_QUARANTINED_BYTES`] of what a peer sent, and drops the oldest entry
    /// if there are too many.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn quarantine(
        &mut self,
        peer: &DeviceId,
        doc: &DocId,
        reason: &str,
        bytes: &[u8],
        time_ms: i64,
    ) -> Result<(), StoreError> {
        let reason = &reason[..reason.floor_char_boundary(MAX_REASON_BYTES)];
        let kept = &bytes[..bytes.len().min(MAX_QUARANTINED_BYTES)];
        let sql = "INSERT INTO _quarantine (peer, document, reason, size, bytes, time)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let id = self.connection()?.prepare_cached(sql)?.insert(params![
            peer.as_bytes(),
            doc.to_string(),
            reason,
            bytes.len() as i64,
            kept,
            time_ms
        ])?;
        let sql = "DELETE FROM _quarantine WHERE id <= ?1";
        self.connection()?.prepare_cached(sql)?.execute([id - MAX_QUARANTINED as i64])?;
        Ok(())
    }

    /// Forgets all that is in quarantine; returns how much that was.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn empty_quarantine(&mut self) -> Result<u64, StoreError> {
        let forgotten = self.connection()?.prepare_cached("DELETE FROM _quarantine")?.execute([])?;
        Ok(forgotten as u64)
    }
}
