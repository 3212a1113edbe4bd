//! The change feed and its consumers.
//!
//! Changes that were committed as one unit are handed out together, whatever the limit.
//!
//! Every change has an entry. An entry may go once every consumer has acknowledged it, a later
//! change of the same document has one too, and it is not among the last [`KEPT`]: so a new
//! consumer, starting at zero, is told of every document at least once, and the feed does not grow
//! with the number of edits.

use dunlin_model::{DeviceId, DeviceKind, InvalidInput};
use rusqlite::{Connection, OptionalExtension, params};

use super::{SpaceStore, Writer, collections::NOT_OF_THE_SYSTEM, interned::Interned};
use crate::{
    error::StoreError,
    types::{Change, ChangeRow, Consumer, DocRow, Origin},
};

/// Entries at the end of the feed that are kept whole.
pub const KEPT: i64 = 1024;
/// Entries that one commit looks at when it thins the feed out.
const BATCH: i64 = 1024;
/// Longest name of a consumer, in bytes.
const MAX_CONSUMER_BYTES: usize = 128;
/// Most consumers of one space.
const MAX_CONSUMERS: usize = 64;

impl SpaceStore {
    /// The changes after sequence number `after`, oldest first: at most `limit`, and the rest of the
    /// unit of which the last one is a part; not those in system collections.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn changes(&self, after: i64, limit: usize) -> Result<Vec<ChangeRow>, StoreError> {
        let sql = format!(
            "SELECT c.seq, c.doc, d.collection, c.device, c.tags, c.time, c.paths, c.unit
             FROM _changes c JOIN _documents d ON d.row = c.doc
             WHERE c.seq > ?1 AND d.collection {NOT_OF_THE_SYSTEM}
             ORDER BY c.seq"
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        let mut rows = select.query([after])?;
        let (mut changes, mut last_unit) = (Vec::new(), None);
        while let Some(row) = rows.next()? {
            let unit: Option<i64> = row.get(7)?;
            if changes.len() >= limit && (unit.is_none() || unit != last_unit) {
                break;
            }
            last_unit = unit;
            let tags: u8 = row.get(4)?;
            let paths = row.get_ref(6)?.as_blob().ok().and_then(decode_paths);
            let device = self.devices.key(row.get(3)?);
            let kind = DeviceKind::from_code(tags >> 1);
            let (Some(device), Some(kind), Some(paths)) = (device, kind, paths) else {
                return Err(StoreError::corrupt("an entry of the change feed"));
            };
            changes.push(ChangeRow {
                seq: row.get(0)?,
                doc: self.name_in(row.get(2)?, DocRow(row.get(1)?))?,
                change: Change {
                    paths,
                    device: *device,
                    kind,
                    origin: if tags & 1 == 1 { Origin::Remote } else { Origin::Local },
                    time_ms: row.get(5)?,
                },
            });
        }
        Ok(changes)
    }

    /// Up to where a consumer has acknowledged, or none if there is no such consumer.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn consumer(&self, name: &str) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT acked FROM _consumers WHERE name = ?1";
        let mut select = self.connection.prepare_cached(sql)?;
        Ok(select.query_row([name], |row| row.get(0)).optional()?)
    }

    /// All consumers, by name.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be read.
    pub fn consumers(&self) -> Result<Vec<Consumer>, StoreError> {
        let sql = "SELECT name, acked FROM _consumers ORDER BY name";
        let mut select = self.connection.prepare_cached(sql)?;
        let consumers =
            select.query_map([], |row| Ok(Consumer { name: row.get(0)?, acked: row.get(1)? }))?;
        Ok(consumers.collect::<Result<_, _>>()?)
    }
}

impl Writer<'_> {
    /// Adds a consumer that has acknowledged nothing, unless it is there already; returns up to
    /// where it has acknowledged. Until it is removed, the feed keeps what it has not.
    ///
    /// # Errors
    /// `Invalid` for a name that is empty, longer than 128 bytes or has control characters;
    /// `LimitExceeded` beyond 64 consumers.
    pub fn add_consumer(&mut self, name: &str) -> Result<i64, StoreError> {
        if let Some(acked) = self.consumer(name)? {
            return Ok(acked);
        }
        if name.is_empty() || name.len() > MAX_CONSUMER_BYTES || name.chars().any(char::is_control)
        {
            return Err(InvalidInput::new(
                "that is not a consumer's name",
                format!("use 1 to {MAX_CONSUMER_BYTES} bytes without control characters"),
            )
            .into());
        }
        if self.consumers()?.len() >= MAX_CONSUMERS {
            let reason = format!("a space has at most {MAX_CONSUMERS} consumers");
            return Err(StoreError::LimitExceeded { reason });
        }
        let sql = "INSERT INTO _consumers (name, acked) VALUES (?1, 0)";
        self.connection()?.prepare_cached(sql)?.execute([name])?;
        Ok(0)
    }

    /// Forgets a consumer, so that the feed no longer waits for it. Returns whether there was one.
    ///
    /// # Errors
    /// `StoreError` where the file cannot be written.
    pub fn remove_consumer(&mut self, name: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM _consumers WHERE name = ?1";
        Ok(self.connection()?.prepare_cached(sql)?.execute([name])? > 0)
    }

    /// Notes that a consumer has dealt with everything up to `seq`; going back changes nothing.
    ///
    /// # Errors
    /// `NotFound` for an unknown consumer, `Invalid` for a number that no change has yet.
    pub fn ack(&mut self, name: &str, seq: i64) -> Result<(), StoreError> {
        let last = self.store.cursor.last_seq;
        if !(0..=last).contains(&seq) {
            return Err(InvalidInput::new(
                format!("no change has the number {seq}"),
                format!("acknowledge at most {last}, the last change"),
            )
            .into());
        }
        let sql = "UPDATE _consumers SET acked = max(acked, ?2) WHERE name = ?1";
        match self.connection()?.prepare_cached(sql)?.execute(params![name, seq])? {
            0 => Err(StoreError::NotFound { what: format!("consumer {name:?}") }),
            _ => Ok(()),
        }
    }

    pub(super) fn insert_change(
        &mut self,
        seq: i64,
        row: DocRow,
        change: &Change,
    ) -> Result<(), StoreError> {
        let device = match self.store.devices.number(&change.device) {
            Some(number) => number,
            None => {
                let number = self.store.devices.len() as i64 + 1;
                let sql = "INSERT INTO _devices (id, device) VALUES (?1, ?2)";
                self.connection()?
                    .prepare_cached(sql)?
                    .execute(params![number, change.device.as_bytes()])?;
                self.store.devices.push(change.device)
            }
        };
        let tags = change.kind.code() << 1 | u8::from(change.origin == Origin::Remote);
        let sql = "INSERT INTO _changes (seq, doc, device, tags, time, paths, unit)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        self.connection()?.prepare_cached(sql)?.execute(params![
            seq,
            row.0,
            device,
            tags,
            change.time_ms,
            encode_paths(&change.paths),
            self.unit
        ])?;
        Ok(())
    }

    /// Drops the entry that a document's new one makes superfluous, if thinning out has already
    /// gone past it and left it as the document's last.
    pub(super) fn drop_superseded(&self, previous: i64) -> Result<(), StoreError> {
        if previous > 0 && previous <= self.store.cursor.saved.thinned {
            let sql = "DELETE FROM _changes WHERE seq = ?1";
            self.connection()?.prepare_cached(sql)?.execute([previous])?;
        }
        Ok(())
    }

    /// Drops entries that no consumer needs, a batch at most.
    pub(super) fn thin_feed(&mut self) -> Result<(), StoreError> {
        let Cursors { thinned, end } = self.thinnable()?;
        if end - thinned < BATCH {
            return Ok(());
        }
        let end = end.min(thinned + 2 * BATCH);
        let sql = "DELETE FROM _changes WHERE seq > ?1 AND seq <= ?2
                   AND seq < (SELECT last_seq FROM _documents WHERE row = doc)";
        self.connection()?.prepare_cached(sql)?.execute(params![thinned, end])?;
        self.store.cursor.saved.thinned = end;
        Ok(())
    }

    fn thinnable(&self) -> Result<Cursors, StoreError> {
        let thinned = self.store.cursor.saved.thinned;
        let end = self.store.cursor.last_seq - KEPT;
        if end - thinned < BATCH {
            return Ok(Cursors { thinned, end });
        }
        let acked: Option<i64> = self
            .connection()?
            .prepare_cached("SELECT min(acked) FROM _consumers")?
            .query_row([], |row| row.get(0))?;
        Ok(Cursors { thinned, end: acked.map_or(end, |acked| acked.min(end)) })
    }
}

struct Cursors {
    thinned: i64,
    end: i64,
}

pub(super) fn load_devices(connection: &Connection) -> Result<Interned<DeviceId>, StoreError> {
    let mut devices = Interned::new();
    let mut select = connection.prepare("SELECT id, device FROM _devices ORDER BY id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if devices.push(DeviceId(row.get(1)?)) != row.get::<_, i64>(0)? {
            return Err(StoreError::corrupt("the numbers of devices have a gap"));
        }
    }
    Ok(devices)
}

fn encode_paths(paths: &[String]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(paths.iter().map(|path| path.len() + 2).sum());
    for path in paths {
        let mut len = path.len();
        while len >= 0x80 {
            bytes.push(len as u8 | 0x80);
            len >>= 7;
        }
        bytes.push(len as u8);
        bytes.extend_from_slice(path.as_bytes());
    }
    bytes
}

fn decode_paths(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut paths = Vec::new();
    while !bytes.is_empty() {
        let mut len = 0usize;
        let mut shift = 0;
        loop {
            let (byte, rest) = bytes.split_first()?;
            bytes = rest;
            len |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
        }
        let (path, rest) = bytes.split_at_checked(len)?;
        paths.push(str::from_utf8(path).ok()?.to_owned());
        bytes = rest;
    }
    Some(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_encoding_and_broken_bytes_do_not_panic() {
        let paths = vec![String::new(), "/a/b".to_owned(), "/é".repeat(200)];
        let bytes = encode_paths(&paths);
        assert_eq!(decode_paths(&bytes), Some(paths));
        for cut in 0..bytes.len() {
            let _ = decode_paths(&bytes[..cut]);
        }
        assert_eq!(decode_paths(&[0xff; 40]), None);
    }
}
