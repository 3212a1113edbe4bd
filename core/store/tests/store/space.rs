//! Documents, transactions, digests, statements, quarantine.

use dunlin_model::{DeviceId, Digest, DocHash, Fingerprint};
use dunlin_store::{
    Commit, Durability, LogSize, MAX_COLLECTIONS, MAX_QUARANTINED, MAX_QUARANTINED_BYTES,
    Projection, SpaceStore, StoreError,
};

use crate::support::{Space, change, doc, gone, plain, put, put_off, row, shown};

#[test]
fn a_document_is_its_first_update_and_those_after_it() {
    let mut space = Space::new();
    for json in ["{}", r#"{"a":1}"#, r#"{"a":2}"#] {
        space.put("tasks", "1", json);
    }
    let space = space.reopen();
    let head = space.store.head(&doc("tasks", "1")).unwrap().unwrap();
    assert_eq!((head.generation, head.last_seq, head.deleted, head.stale), (0, 3, false, false));
    assert_eq!(head.log, LogSize { updates: 2, bytes: 14 });
    let stored = space.store.load(&head).unwrap();
    assert_eq!(stored.snapshot.as_deref(), Some(&b"{}"[..]));
    assert_eq!(stored.updates, [br#"{"a":1}"#, br#"{"a":2}"#]);
    assert_eq!((stored.generation, stored.seq), (0, 3));
    assert_eq!(space.store.name(head.row).unwrap(), doc("tasks", "1"));
    assert_eq!(space.store.head(&doc("tasks", "2")).unwrap(), None);
    assert_eq!(space.store.head(&doc("birds", "1")).unwrap(), None);
}

#[test]
fn compaction_replaces_what_the_snapshot_holds_and_keeps_what_came_later() {
    let mut space = Space::new();
    for json in ["0", "1", "2", "333"] {
        space.put("tasks", "1", json);
    }
    let candidates = space.store.compaction_candidates(3).unwrap();
    assert_eq!(candidates.len(), 1);
    assert!(space.store.compaction_candidates(4).unwrap().is_empty());
    let row = candidates[0].0;
    space.store.write(|writer| writer.replace_snapshot(row, 3, b"012")).unwrap();
    let space = space.reopen();
    let stored = space.store.load(&space.store.head_at(row).unwrap()).unwrap();
    assert_eq!(stored.snapshot.as_deref(), Some(&b"012"[..]));
    assert_eq!(stored.updates, [b"333"]);
    assert_eq!(stored.seq, 4);
    assert_eq!(space.store.head_at(row).unwrap().log, LogSize { updates: 1, bytes: 3 });
}

#[test]
fn a_failed_transaction_leaves_nothing_behind() {
    let mut space = Space::new();
    space.put("tasks", "1", "{}");
    let fingerprint = space.store.fingerprint();
    let failed: Result<(), StoreError> = space.store.write(|writer| {
        put(writer, "tasks", "1", r#"{"a":1}"#)?;
        put(writer, "birds", "1", "{}")?;
        let row = row(writer, "birds", "1")?;
        writer.set_digest(row, Digest([1; 32]))?;
        let mut stranger = change(&[]);
        stranger.device = DeviceId([9; 32]);
        writer.append(row, Commit { update: b"x", change: stranger, ..plain("{}") })?;
        Err(StoreError::NotFound { what: "anything".to_owned() })
    });
    assert!(matches!(failed, Err(StoreError::NotFound { .. })));
    assert_eq!(space.store.last_seq().unwrap(), 1);
    assert_eq!(space.store.fingerprint(), fingerprint);
    assert_eq!(space.store.collections().len(), 1);
    assert_eq!(space.store.head(&doc("birds", "1")).unwrap(), None);
    // The numbers of the collection and the device that were rolled back are given out again.
    assert_eq!(space.put("places", "1", "{}"), 2);
    assert_eq!(space.column("SELECT id FROM places"), ["1"]);
    let space = space.reopen();
    assert_eq!(space.store.changes(0, 10).unwrap().len(), 2);
}

#[test]
fn a_panic_inside_a_transaction_rolls_it_back() {
    let mut space = Space::new();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        space.store.write(|writer| -> Result<(), StoreError> {
            put(writer, "tasks", "1", "{}")?;
            panic!("as tests do");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(space.put("birds", "1", "{}"), 1);
    assert_eq!(space.store.collections(), [doc("birds", "1").collection]);
}

#[test]
fn a_failed_part_of_a_transaction_leaves_the_rest() {
    let mut space = Space::new();
    space
        .store
        .write(|writer| {
            put(writer, "tasks", "1", "{}")?;
            let failed: Result<(), StoreError> = writer.savepoint(|writer| {
                put(writer, "birds", "1", "{}")?;
                Err(StoreError::RolledBack)
            });
            assert!(failed.is_err());
            writer.savepoint(|writer| put(writer, "tasks", "2", "{}"))
        })
        .unwrap();
    let space = space.reopen();
    assert_eq!(space.column("SELECT id FROM tasks ORDER BY id"), ["1", "2"]);
    assert_eq!(space.store.collections().len(), 1);
    let seqs: Vec<_> = space.store.changes(0, 10).unwrap().iter().map(|row| row.seq).collect();
    assert_eq!(seqs, [1, 2]);
}

#[test]
fn the_fingerprint_follows_digests_through_changes_and_restarts() {
    let mut space = Space::new();
    let (one, two) = (doc("tasks", "1"), doc("tasks", "2"));
    space.put("tasks", "1", "{}");
    space.put("tasks", "2", "{}");
    let dirty: Vec<_> = space.store.dirty_digests(10).unwrap();
    assert_eq!(dirty.iter().map(|(_, doc)| doc).collect::<Vec<_>>(), [&one, &two]);
    assert_eq!(space.store.dirty_digests(1).unwrap().len(), 1);

    space
        .store
        .write(|writer| {
            writer.set_digest(dirty[0].0, Digest([1; 32]))?;
            writer.set_digest(dirty[1].0, Digest([9; 32]))?;
            writer.set_digest(dirty[1].0, Digest([2; 32]))
        })
        .unwrap();
    let mut expected = Fingerprint::default();
    expected.insert(one.hash(), Digest([1; 32]));
    expected.insert(two.hash(), Digest([2; 32]));
    assert_eq!(space.store.fingerprint(), expected);
    assert!(space.store.dirty_digests(10).unwrap().is_empty());

    space.put("tasks", "1", r#"{"a":1}"#);
    space.put("tasks", "1", r#"{"a":2}"#);
    expected.remove(one.hash(), Digest([1; 32]));
    let mut space = space.reopen();
    assert_eq!(space.store.fingerprint(), expected);
    assert_eq!(space.store.items().unwrap(), [(two.hash(), Digest([2; 32]))]);
    assert_eq!(space.store.digest(dirty[0].0).unwrap(), None);
    assert_eq!(space.store.dirty_digests(10).unwrap(), [(dirty[0].0, one.clone())]);

    space.store.write(|writer| writer.set_digest(dirty[0].0, Digest([3; 32]))).unwrap();
    expected.insert(one.hash(), Digest([3; 32]));
    assert_eq!(space.store.fingerprint(), expected);
    assert_eq!(space.store.find(one.hash()).unwrap().unwrap().0, one);
    assert_eq!(space.store.find(DocHash([0; 16])).unwrap(), None);
}

#[test]
fn a_dirty_projection_shows_the_old_row_until_it_is_rebuilt() {
    let mut space = Space::new();
    space.put("notes", "1", r#"{"n":1}"#);
    let (row, new) = space
        .store
        .write(|writer| {
            let old = row(writer, "notes", "1")?;
            writer.append(old, put_off())?;
            let (new, _) = writer.create(&doc("notes", "2"), 0, put_off())?;
            Ok::<_, StoreError>((old, new))
        })
        .unwrap();
    assert_eq!(space.column("SELECT doc FROM notes"), [r#"{"n":1}"#]);
    let mut space = space.reopen();
    let stale = space.store.dirty_projections(10).unwrap();
    assert_eq!(stale, [(row, doc("notes", "1")), (new, doc("notes", "2"))]);
    assert!(space.store.head_at(row).unwrap().stale);
    space
        .store
        .write(|writer| {
            let conflicting = Projection { has_conflicts: true, ..shown(r#"{"n":2}"#) };
            writer.set_projection(row, &conflicting)?;
            writer.set_projection(new, &shown("{}"))
        })
        .unwrap();
    assert!(space.store.dirty_projections(10).unwrap().is_empty());
    assert_eq!(space.column("SELECT doc FROM notes ORDER BY id"), [r#"{"n":2}"#, "{}"]);
    assert_eq!(space.column("SELECT id FROM notes WHERE has_conflicts"), ["1"]);
}

#[test]
fn a_deleted_document_leaves_queries_and_counts_but_not_the_set() {
    let mut space = Space::new();
    space.put("tasks", "1", "{}");
    space.put("tasks", "2", "{}");
    let row = space.store.head(&doc("tasks", "1")).unwrap().unwrap().row;
    space
        .store
        .write(|writer| {
            writer.append(row, gone())?;
            writer.set_digest(row, Digest([1; 32]))
        })
        .unwrap();
    assert_eq!(space.column("SELECT id FROM tasks"), ["2"]);
    assert_eq!(space.store.document_count().unwrap(), 1);
    assert!(space.store.head_at(row).unwrap().deleted);
    assert_eq!(space.store.fingerprint().count, 1);
    space.put("tasks", "1", "{}");
    assert_eq!(space.store.document_count().unwrap(), 2);
    assert_eq!(space.column("SELECT id FROM tasks ORDER BY id"), ["1", "2"]);
}

#[test]
fn collections_may_have_any_name_that_the_model_allows() {
    let mut space = Space::new();
    // Keywords, names of tables inside SQLite and of our own, and the longest.
    let long = format!("c{}", "_".repeat(62));
    let names = ["select", "order", "documents", "changes", "rows", "json_each", "dbstat", &long];
    for name in names {
        space.put(name, "1", "{}");
    }
    for name in ["select", "order", "documents", "changes", "rows", &long] {
        assert_eq!(space.column(&format!("SELECT id FROM \"{name}\"")), ["1"], "{name}");
    }
    // SQLite refuses views of this name: the collection syncs and has no view.
    space.put("sqlite_master", "1", "{}");
    assert!(space.store.head(&doc("sqlite_master", "1")).unwrap().is_some());
    assert_eq!(space.store.collections().len(), names.len() + 1);
}

#[test]
fn there_is_a_limit_on_collections() {
    let mut space = Space::new();
    let refused = space.store.write(|writer| {
        (0..=MAX_COLLECTIONS).try_for_each(|number| {
            writer.create(&doc(&format!("c{number}"), "1"), 0, plain("{}")).map(drop)
        })
    });
    assert!(matches!(refused, Err(StoreError::LimitExceeded { .. })));
}

#[test]
fn statements_are_kept_once_and_in_order() {
    let mut space = Space::new();
    let added = space.store.write(|writer| {
        Ok::<_, StoreError>([
            writer.insert_statement([9; 32], b"root")?,
            writer.insert_statement([1; 32], b"grant")?,
            writer.insert_statement([9; 32], b"root")?,
        ])
    });
    assert_eq!(added.unwrap(), [true, true, false]);
    let space = space.reopen();
    assert_eq!(space.store.statements().unwrap(), [&b"root"[..], b"grant"]);
}

#[test]
fn quarantine_keeps_the_latest_entries_and_the_first_bytes() {
    let mut space = Space::new();
    let peer = DeviceId([3; 32]);
    let bytes = vec![0xee; MAX_QUARANTINED_BYTES + 1];
    let reason = "é".repeat(2000);
    space
        .store
        .write(|writer| {
            for number in 0..MAX_QUARANTINED + 3 {
                let doc = doc("tasks", &number.to_string());
                writer.quarantine(&peer, &doc, &reason, &bytes, number as i64)?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let mut space = space.reopen();
    let kept = space.store.quarantined().unwrap();
    assert_eq!(kept.len(), MAX_QUARANTINED);
    assert_eq!(kept[0].document, "tasks/3");
    assert_eq!(kept[0].peer, peer);
    assert_eq!(kept[0].size, bytes.len() as u64);
    assert_eq!(kept[0].bytes.len(), MAX_QUARANTINED_BYTES);
    assert_eq!(kept[0].reason.len(), 1024);
    assert_eq!(kept[0].time_ms, 3);

    let forgotten = space.store.write(|writer| writer.empty_quarantine()).unwrap();
    assert_eq!(forgotten, MAX_QUARANTINED as u64);
    assert_eq!(space.reopen().store.quarantined().unwrap(), []);
}

#[test]
fn a_backup_is_complete_private_and_never_overwrites() {
    let mut space = Space::new();
    space.put("tasks", "1", "{}");
    let copy = space.directory.path().join("copy.sqlite");
    space.store.backup(&copy).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&copy).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(matches!(space.store.backup(&copy), Err(StoreError::Io(_))));
    let copied = SpaceStore::open(&copy, Durability::Flushed).unwrap();
    assert_eq!(copied.changes(0, 10).unwrap(), space.store.changes(0, 10).unwrap());
    assert!(copied.quick_check().unwrap().is_empty());
}
