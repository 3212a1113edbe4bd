//! What is on disk when the process goes without a word.

use std::{fs, path::Path};

use dunlin_model::Digest;
use dunlin_store::{Commit, Durability, SpaceStore, StoreError};

use crate::support::{Space, change, doc, plain, put};

/// The files as they are while the store is open: what a killed process leaves.
fn copy_as_killed(space: &Space, to: &Path) {
    for suffix in ["", "-wal"] {
        let from = space.directory.path().join(format!("space.sqlite{suffix}"));
        fs::copy(from, to.join(format!("space.sqlite{suffix}"))).unwrap();
    }
}

fn open_in(directory: &Path) -> SpaceStore {
    SpaceStore::open(&directory.join("space.sqlite"), Durability::Flushed).unwrap()
}

#[test]
fn everything_acknowledged_is_there_after_a_crash_and_nothing_else() {
    let mut space = Space::new();
    space
        .store
        .write(|writer| {
            put(writer, "tasks", "1", r#"{"a":1}"#)?;
            writer.insert_statement([1; 32], b"root")?;
            writer.add_consumer("backup")?;
            writer.ack("backup", 1)
        })
        .unwrap();
    let row = space.store.head(&doc("tasks", "1")).unwrap().unwrap().row;
    space.store.write(|writer| writer.set_digest(row, Digest([1; 32]))).unwrap();
    let fingerprint = space.store.fingerprint();

    let after = tempfile::tempdir().unwrap();
    let killed = space.store.write(|writer| {
        for number in 0..500 {
            put(writer, "birds", &number.to_string(), &"x".repeat(2000))?;
        }
        writer.append(row, Commit { update: b"late", change: change(&[]), ..plain("{}") })?;
        Err::<(), _>(StoreError::NotFound { what: "rest".to_owned() })
    });
    assert!(killed.is_err());
    copy_as_killed(&space, after.path());
    let store = open_in(after.path());
    let stored = store.load(&store.head_at(row).unwrap()).unwrap();
    assert_eq!(stored.snapshot.as_deref(), Some(&br#"{"a":1}"#[..]));
    assert!(stored.updates.is_empty());
    assert_eq!(store.last_seq().unwrap(), 1);
    assert_eq!(store.fingerprint(), fingerprint);
    assert_eq!(store.consumer("backup").unwrap(), Some(1));
    assert_eq!(store.statements().unwrap(), [b"root"]);
    assert_eq!(store.head(&doc("birds", "1")).unwrap(), None);
    assert!(store.quick_check().unwrap().is_empty());
}

#[test]
fn a_crash_in_the_middle_of_a_transaction_loses_that_one_only() {
    let mut space = Space::new();
    space.put("tasks", "1", "{}");
    let after = tempfile::tempdir().unwrap();
    let directory = space.directory.path().to_owned();
    space
        .store
        .write(|writer| {
            // More than the page cache holds, so that unfinished pages reach the log.
            for number in 0..2000 {
                put(writer, "birds", &number.to_string(), &"x".repeat(3000))?;
            }
            for suffix in ["", "-wal"] {
                let name = format!("space.sqlite{suffix}");
                fs::copy(directory.join(&name), after.path().join(&name)).unwrap();
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert!(fs::metadata(after.path().join("space.sqlite-wal")).unwrap().len() > 1 << 20);
    let store = open_in(after.path());
    assert_eq!(store.last_seq().unwrap(), 1);
    assert_eq!(store.collections(), [doc("tasks", "1").collection]);
    assert!(store.quick_check().unwrap().is_empty());
}

#[test]
fn closing_leaves_one_file_and_stops_queries() {
    let mut space = Space::new();
    space.put("tasks", "1", "{}");
    let reader = space.store.reader();
    reader.query("SELECT id FROM tasks", &[], &Default::default()).unwrap();
    space.store.close().unwrap();
    let files: Vec<_> =
        fs::read_dir(space.directory.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files, [space.directory.path().join("space.sqlite")]);
    let refused = reader.query("SELECT id FROM tasks", &[], &Default::default()).unwrap_err();
    assert!(matches!(refused, dunlin_store::QueryError::Closed));
}
