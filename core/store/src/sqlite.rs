//! Opens SQLite files the one way that Dunlin uses them.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::{error::OpenError, files, schema::Schema};

/// How hard a commit is pushed to the disk before it counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Durability {
    /// A commit survives power failure (`synchronous=FULL`).
    #[default]
    Flushed,
    /// A commit survives the end of the process; power failure may take the last few
    /// (`synchronous=NORMAL`). Peers hand them back.
    Relaxed,
}

/// How long a statement waits for another connection's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// What the write-ahead log shrinks to once it has been copied back, in bytes.
const WAL_LIMIT_BYTES: i64 = 1 << 20;
/// Prepared statements kept; the store uses about fifty, and a few for each busy collection.
const STATEMENT_CACHE: usize = 256;

/// Opens a file of this schema for writing, creating or migrating it as needed.
pub(crate) fn open(
    path: &Path,
    schema: &Schema,
    durability: Durability,
) -> Result<Connection, OpenError> {
    let failed = |source| OpenError::sqlite(path, source);
    check_header(path, schema)?;
    files::create_private(path).map_err(|source| OpenError::io(path, source))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    // A file of a newer program must stay untouched, and its log not be copied back on closing.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    let version = check_pragmas(&connection, path, schema)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(failed)?;
    configure(&connection, durability).map_err(failed)?;
    if version < schema.version() {
        migrate(&connection, schema).map_err(failed)?;
    }
    Ok(connection)
}

/// Runs `work` in one transaction that takes the write lock at once: an upgrade from reading to
/// writing fails without waiting.
pub(crate) fn transaction<T>(
    connection: &Connection,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let outcome = work().and_then(|value| connection.execute_batch("COMMIT").map(|()| value));
    if outcome.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    outcome
}

/// Reads the file's first bytes, so that a file of a newer program is not even opened.
pub(crate) fn check_header(path: &Path, schema: &Schema) -> Result<(), OpenError> {
    let mut header = [0; 100];
    match File::open(path).and_then(|mut file| file.read_exact(&mut header)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            let empty = std::fs::metadata(path).is_ok_and(|file| file.len() == 0);
            return if empty { Ok(()) } else { Err(foreign(path)) };
        }
        Err(source) => return Err(OpenError::io(path, source)),
        Ok(()) => {}
    }
    let number = |at: usize| header[at..at + 4].try_into().map_or(0, i32::from_be_bytes);
    if &header[..16] != b"SQLite format 3\0" {
        return Err(foreign(path));
    }
    check_numbers(path, schema, number(68), i64::from(number(60)))
}

/// Asks again through SQLite, which also sees what is only in the write-ahead log.
fn check_pragmas(connection: &Connection, path: &Path, schema: &Schema) -> Result<i64, OpenError> {
    let number = |pragma| -> Result<i64, OpenError> {
        connection
            .pragma_query_value(None, pragma, |row| row.get(0))
            .map_err(|source| OpenError::sqlite(path, source))
    };
    let version = number("user_version")?;
    let application_id = number("application_id")?;
    check_numbers(path, schema, application_id as i32, version)?;
    let objects: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|source| OpenError::sqlite(path, source))?;
    // Another program's, which numbers its files as new ones are numbered.
    if application_id == 0 && objects > 0 {
        return Err(foreign(path));
    }
    Ok(version)
}

fn check_numbers(
    path: &Path,
    schema: &Schema,
    application_id: i32,
    version: i64,
) -> Result<(), OpenError> {
    // Zero is a file whose first migration has not reached it yet.
    let ours = application_id == schema.application_id || (application_id == 0 && version == 0);
    if !ours {
        return Err(foreign(path));
    }
    if version > schema.version() {
        let (path, supported) = (path.to_owned(), schema.version());
        return Err(OpenError::NewerSchema { path, found: version, supported });
    }
    Ok(())
}

fn foreign(path: &Path) -> OpenError {
    OpenError::Corrupt { path: path.to_owned(), detail: "not a file of this kind".to_owned() }
}

fn configure(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    // Before the first page is written: it cannot be changed afterwards.
    connection.pragma_update(None, "auto_vacuum", "incremental")?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    let synchronous = match durability {
        Durability::Flushed => "full",
        Durability::Relaxed => "normal",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    // On Apple systems fsync alone leaves data in the drive's cache; a no-op elsewhere.
    connection.pragma_update(None, "fullfsync", durability == Durability::Flushed)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Android has no writable directory for temporary files.
    connection.pragma_update(None, "temp_store", 2)?;
    connection.pragma_update_and_check(None, "journal_size_limit", WAL_LIMIT_BYTES, |_| Ok(()))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // Otherwise a cached statement is parsed anew each time it is bound to other values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    Ok(())
}

fn migrate(connection: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    transaction(connection, || {
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let done = usize::try_from(version).unwrap_or(0);
        for migration in schema.migrations.iter().skip(done) {
            connection.execute_batch(migration)?;
        }
        connection.pragma_update(None, "application_id", schema.application_id)?;
        connection.pragma_update(None, "user_version", schema.version())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE birds (name TEXT); INSERT INTO birds VALUES ('dunlin');";
    const V1: Schema = Schema { application_id: 77, migrations: &[FIRST] };
    const V2: Schema = Schema {
        application_id: 77,
        migrations: &[FIRST, "ALTER TABLE birds ADD COLUMN seen INTEGER NOT NULL DEFAULT 3;"],
    };
    const BROKEN: Schema = Schema {
        application_id: 77,
        migrations: &[
            FIRST,
            "ALTER TABLE birds ADD COLUMN seen INTEGER;
             DELETE FROM birds;
             INSERT INTO waders VALUES ('no such table');",
        ],
    };

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.sqlite");
        (directory, path)
    }

    fn pragma(connection: &Connection, name: &str) -> i64 {
        connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
    }

    fn birds(connection: &Connection, columns: &str) -> Vec<String> {
        let mut select = connection.prepare(&format!("SELECT {columns} FROM birds")).unwrap();
        let rows = select.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn a_file_of_version_1_migrates_to_version_2_and_keeps_its_rows() {
        let (_directory, path) = file();
        let old = open(&path, &V1, Durability::Flushed).unwrap();
        old.execute("INSERT INTO birds VALUES ('sanderling')", []).unwrap();
        old.close().unwrap();
        for _ in 0..2 {
            // The second time there is nothing left to do.
            let new = open(&path, &V2, Durability::Flushed).unwrap();
            assert_eq!((pragma(&new, "user_version"), pragma(&new, "application_id")), (2, 77));
            assert_eq!(birds(&new, "name || ' ' || seen"), ["dunlin 3", "sanderling 3"]);
            new.close().unwrap();
        }
    }

    #[test]
    fn a_migration_that_fails_leaves_version_1_as_it_was() {
        let (_directory, path) = file();
        open(&path, &V1, Durability::Flushed).unwrap().close().unwrap();
        let failed = open(&path, &BROKEN, Durability::Flushed).unwrap_err();
        assert!(failed.to_string().contains("waders"), "{failed}");
        let old = open(&path, &V1, Durability::Flushed).unwrap();
        assert_eq!(pragma(&old, "user_version"), 1);
        assert_eq!(birds(&old, "name"), ["dunlin"]);
        assert!(old.prepare("SELECT seen FROM birds").is_err());
    }

    #[test]
    fn commits_are_flushed_unless_told_otherwise() {
        let (_directory, path) = file();
        let synchronous = |durability| {
            let connection = open(&path, &V1, durability).unwrap();
            (pragma(&connection, "synchronous"), pragma(&connection, "fullfsync"))
        };
        assert_eq!(synchronous(Durability::default()), (2, 1));
        assert_eq!(synchronous(Durability::Relaxed), (1, 0));
    }
}
