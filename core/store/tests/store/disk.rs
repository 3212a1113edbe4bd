//! A full disk.

use dunlin_store::{Durability, SpaceStore, StoreError};

use crate::support::{Space, doc, put};

/// Writes until the file may not grow; returns how many documents were acknowledged.
fn fill(space: &mut Space) -> usize {
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(1000));
    for number in 0..10_000 {
        let key = number.to_string();
        match space.store.write(|writer| put(writer, "tasks", &key, &body)) {
            Ok(_) => {}
            Err(error) => {
                assert!(error.is_storage_full() && error.is_retryable(), "{error:?}");
                return number;
            }
        }
    }
    panic!("the limit was never reached");
}

#[test]
fn acknowledged_data_survives_a_full_disk_and_writing_recovers() {
    let mut space = Space::new();
    space.put("tasks", "before", "{}");
    space.store.set_max_bytes(Some(400 << 10)).unwrap();
    let acknowledged = fill(&mut space);
    assert!(acknowledged > 50);
    let fingerprint = space.store.fingerprint();

    // Again and again: nothing changes, and reading goes on.
    for _ in 0..3 {
        let refused = space.store.write(|writer| put(writer, "birds", "1", &"x".repeat(50_000)));
        assert!(refused.unwrap_err().is_storage_full());
    }
    let count = acknowledged as i64 + 1;
    assert_eq!(space.column("SELECT count(*) FROM tasks"), [count]);
    assert_eq!(space.store.last_seq().unwrap(), count);
    assert_eq!(space.store.fingerprint(), fingerprint);
    assert_eq!(space.store.collections().len(), 1);
    assert!(space.store.quick_check().unwrap().is_empty());

    space.store.set_max_bytes(None).unwrap();
    assert_eq!(space.put("birds", "1", "{}"), count + 1);
    let space = space.reopen();
    assert_eq!(space.column("SELECT count(*) FROM tasks"), [count]);
    assert_eq!(space.column("SELECT id FROM birds"), ["1"]);
}

#[test]
fn a_closure_that_ignores_a_full_disk_commits_nothing() {
    let mut space = Space::new();
    space.put("tasks", "before", "{}");
    space.store.set_max_bytes(Some(200 << 10)).unwrap();
    let outcome = space.store.write(|writer| {
        let mut failures = 0;
        for number in 0..1000 {
            let key = number.to_string();
            let written: Result<i64, StoreError> =
                writer.savepoint(|writer| put(writer, "tasks", &key, &"x".repeat(1000)));
            failures += usize::from(written.is_err());
        }
        assert!(failures > 0);
        Ok::<_, StoreError>(())
    });
    // Either SQLite kept the transaction and what fitted into it, or all of it is gone.
    let count = space.column("SELECT count(*) FROM tasks")[0].as_i64().unwrap();
    match outcome {
        Ok(()) => assert!(count > 1),
        Err(error) => assert_eq!((count, error.is_retryable()), (1, true)),
    }
    assert_eq!(space.store.last_seq().unwrap(), count);
    assert!(space.store.quick_check().unwrap().is_empty());
}

#[test]
fn compaction_on_a_full_disk_changes_nothing() {
    let mut space = Space::new();
    for _ in 0..20 {
        space.put("tasks", "1", &"x".repeat(1000));
    }
    let head = space.store.head(&doc("tasks", "1")).unwrap().unwrap();
    let before = space.store.load(&head).unwrap();
    space.store.set_max_bytes(Some(0)).unwrap();
    let snapshot = vec![1; 300_000];
    let refused =
        space.store.write(|writer| writer.replace_snapshot(head.row, head.last_seq, &snapshot));
    assert!(refused.unwrap_err().is_storage_full());
    assert_eq!(space.store.load(&head).unwrap(), before);
    space.store.set_max_bytes(None).unwrap();
    space
        .store
        .write(|writer| writer.replace_snapshot(head.row, head.last_seq, &snapshot))
        .unwrap();
    assert_eq!(space.store.load(&head).unwrap().snapshot, Some(snapshot));
}

#[test]
fn space_that_compaction_frees_goes_back_to_the_file_system() {
    let mut space = Space::new();
    for _ in 0..40 {
        space.put("tasks", "1", &"x".repeat(50_000));
    }
    let row = space.store.head(&doc("tasks", "1")).unwrap().unwrap().row;
    let path = space.path();
    let size = || std::fs::metadata(&path).unwrap().len();
    space.store.checkpoint().unwrap();
    let full = size();
    let last = space.store.last_seq().unwrap();
    space.store.write(|writer| writer.replace_snapshot(row, last, b"all")).unwrap();
    space.store.checkpoint().unwrap();
    assert!(full > 2_000_000 && size() < full / 4, "{full} to {}", size());
    space.store.close().unwrap();
    let again = SpaceStore::open(&path, Durability::Flushed).unwrap();
    assert!(again.quick_check().unwrap().is_empty());
}
