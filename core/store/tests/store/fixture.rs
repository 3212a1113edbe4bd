//! Files of released schemas, and files of programs that do not exist yet.

use std::{fs, path::PathBuf, time::Duration};

use dunlin_model::{DeviceId, DeviceKind, Digest, Fingerprint, SpaceId};
use dunlin_store::{
    Commit, Device, Durability, KnownPeer, LogSize, NodeDir, OpenError, Origin, Projection, Seed,
    SpaceRow, SpaceStore, StoreError,
};

use crate::support::{Space, TIME, change, doc, gone, plain, put, put_off, row, shown};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A copy that the test may write to.
fn copy(name: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    fs::copy(fixture(name), &path).unwrap();
    (directory, path)
}

/// Writes `space_v1.sqlite`. A released fixture is never written again; a new schema gets its own:
/// `cargo test -p dunlin-store --test store -- --ignored write_fixture`.
#[test]
#[ignore = "writes a file of the repository"]
fn write_fixture() {
    let path = fixture("space_v1.sqlite");
    assert!(!path.exists(), "a released fixture stays as it is");
    let mut space = Space::new();
    space
        .store
        .write(|writer| {
            put(writer, "tasks", "1", r#"{"title":"Count waders","done":false}"#)?;
            put(writer, "tasks", "2", "{}")?;
            let first = row(writer, "tasks", "1")?;
            let conflicting =
                Projection { has_conflicts: true, ..shown(r#"{"title":"Count all waders"}"#) };
            let mut theirs = change(&["/title", "/done"]);
            theirs.device = DeviceId([2; 32]);
            theirs.kind = DeviceKind::Sensor;
            theirs.origin = Origin::Remote;
            writer.append(
                first,
                Commit {
                    update: b"an update",
                    projection: conflicting,
                    change: theirs,
                    ..plain("{}")
                },
            )?;
            writer.set_digest(first, Digest([1; 32]))?;
            let second = row(writer, "tasks", "2")?;
            writer.append(second, gone())?;
            writer.create(&doc("notes", "long"), 3, put_off())?;
            writer.replace_snapshot(second, 4, b"a snapshot")?;
            writer.create_index(&doc("tasks", "1").collection, &"$.title".parse()?)?;
            writer.create_text_index(&doc("tasks", "1").collection, &"$.title".parse()?)?;
            writer.insert_statement([5; 32], b"root")?;
            writer.quarantine(
                &DeviceId([3; 32]),
                &doc("tasks", "9"),
                "malformed",
                b"\xff",
                TIME,
            )?;
            writer.add_consumer("backup")?;
            writer.ack("backup", 2)
        })
        .unwrap();
    space.store.backup(&path).unwrap();
}

#[test]
fn a_space_of_schema_1_is_read_completely() {
    let (_directory, path) = copy("space_v1.sqlite");
    let mut store = SpaceStore::open(&path, Durability::Flushed).unwrap();
    let names: Vec<_> = store.collections().iter().map(|name| name.to_string()).collect();
    assert_eq!(names, ["tasks", "notes"]);

    let head = store.head(&doc("tasks", "1")).unwrap().unwrap();
    assert_eq!(head.log, LogSize { updates: 1, bytes: 9 });
    let stored = store.load(&head).unwrap();
    assert_eq!(stored.snapshot.unwrap(), br#"{"title":"Count waders","done":false}"#);
    assert_eq!(stored.updates, [b"an update"]);
    let gone = store.head(&doc("tasks", "2")).unwrap().unwrap();
    assert!(gone.deleted);
    assert_eq!(store.load(&gone).unwrap().snapshot.unwrap(), b"a snapshot");
    let note_doc = doc("notes", "long");
    let note = store.head(&note_doc).unwrap().unwrap();
    assert_eq!((note.generation, note.stale), (3, true));
    assert_eq!(store.dirty_projections(9).unwrap(), [(note.row, doc("notes", "long"))]);

    let mut fingerprint = Fingerprint::default();
    fingerprint.insert(doc("tasks", "1").hash(), Digest([1; 32]));
    assert_eq!(store.fingerprint(), fingerprint);
    assert_eq!(store.dirty_digests(9).unwrap().len(), 2);
    assert_eq!(store.find(note_doc.hash()).unwrap(), Some((note_doc, note)));

    let events = store.changes(0, 9).unwrap();
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let theirs = &events[2].change;
    assert_eq!(theirs.paths, ["/title", "/done"]);
    assert_eq!((theirs.device, theirs.kind), (DeviceId([2; 32]), DeviceKind::Sensor));
    assert_eq!((theirs.origin, theirs.time_ms), (Origin::Remote, TIME));
    assert_eq!(store.consumer("backup").unwrap(), Some(2));
    assert_eq!(store.statements().unwrap(), [b"root"]);
    assert_eq!(store.quarantined().unwrap()[0].reason, "malformed");

    let collection = doc("tasks", "1").collection;
    assert_eq!(store.indexes(&collection).unwrap()[0].as_str(), "$.title");
    let search = "SELECT t.id, t.has_conflicts FROM \"tasks:$.title\" s JOIN tasks t USING (id)
                  WHERE s.text MATCH 'waders'";
    let found = store.reader().query(search, &[], &Default::default()).unwrap();
    assert_eq!(found.rows, [[serde_json::json!("1"), serde_json::json!(1)]]);

    assert_eq!(store.write(|writer| put(writer, "tasks", "3", "{}")).unwrap(), 6);
    assert!(store.quick_check().unwrap().is_empty());
}

/// What `device_v1.sqlite` and `device_v2.sqlite` hold.
struct Known {
    device: Device,
    spaces: [SpaceRow; 2],
    peers: [KnownPeer; 3],
}

fn known() -> Known {
    let space = |byte: u8, name: &str, alias: Option<&str>| SpaceRow {
        id: SpaceId([byte; 32]),
        name: name.to_owned(),
        alias: alias.map(str::to_owned),
        secret: vec![byte + 1; 32],
        extra: vec![byte + 2; 3],
    };
    let peer = |byte: u8, address: &str, seen_ms| KnownPeer {
        device: DeviceId([byte; 32]),
        address: address.to_owned(),
        seen_ms,
    };
    Known {
        device: Device {
            seed: Seed::Plain([7; 32]),
            name: "buoy".to_owned(),
            kind: DeviceKind::Sensor,
        },
        spaces: [space(10, "boat", None), space(20, "farm", Some("home"))],
        peers: [
            peer(1, "[fe80::1]:4000", TIME + 2),
            peer(1, "192.0.2.1:4000", TIME + 1),
            peer(2, "192.0.2.2:4000", TIME),
        ],
    }
}

/// Writes `device_v2.sqlite`, as [`write_fixture`] does for spaces.
#[test]
#[ignore = "writes a file of the repository"]
fn write_device_fixture() {
    let path = fixture("device_v2.sqlite");
    assert!(!path.exists(), "a released fixture stays as it is");
    let directory = tempfile::tempdir().unwrap();
    let Known { device, spaces, peers } = known();
    let node = NodeDir::create(directory.path(), &device).unwrap();
    for space in &spaces {
        assert!(node.insert_space(space).unwrap());
    }
    for KnownPeer { device, address, seen_ms } in &peers {
        node.remember_peer(device, address, *seen_ms).unwrap();
    }
    // The last connection that closes copies the log back.
    drop(node);
    fs::copy(directory.path().join("device.sqlite"), &path).unwrap();
}

#[test]
fn a_device_of_schema_1_is_read_completely() {
    is_read_completely("device_v1.sqlite");
}

#[test]
fn a_device_of_schema_2_is_read_completely() {
    is_read_completely("device_v2.sqlite");
}

fn is_read_completely(name: &str) {
    let directory = tempfile::tempdir().unwrap();
    fs::copy(fixture(name), directory.path().join("device.sqlite")).unwrap();
    let node = NodeDir::open(directory.path(), Duration::ZERO).unwrap();
    let Known { device, spaces, peers } = known();
    assert_eq!(node.device().unwrap(), device);
    assert_eq!(node.spaces().unwrap(), spaces);
    assert_eq!(node.peers().unwrap(), peers);

    let renamed = SpaceRow { alias: Some("ship".to_owned()), ..spaces[0].clone() };
    node.update_space(&renamed).unwrap();
    node.forget_address(&peers[0].device, &peers[0].address).unwrap();
    assert_eq!(node.spaces().unwrap(), [renamed, spaces[1].clone()]);
    assert_eq!(node.peers().unwrap(), peers[1..]);
}

#[test]
fn a_file_of_a_newer_program_is_refused_and_left_as_it_was() {
    let (directory, path) = copy("space_v1.sqlite");
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 4).unwrap();
    newer.close().unwrap();
    let before = fs::read(&path).unwrap();
    let refused = SpaceStore::open(&path, Durability::Flushed).err().unwrap();
    assert!(matches!(refused, OpenError::NewerSchema { found: 4, supported: 3, .. }));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_newer_version_that_is_only_in_the_log_is_refused_too() {
    let (directory, path) = copy("space_v1.sqlite");
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).unwrap();
    newer.pragma_update(None, "user_version", 4).unwrap();
    let killed = directory.path().join("killed.sqlite");
    fs::copy(&path, &killed).unwrap();
    let log = |name: &str| directory.path().join(format!("{name}.sqlite-wal"));
    fs::copy(log("space_v1"), log("killed")).unwrap();
    let before = (fs::read(&killed).unwrap(), fs::read(log("killed")).unwrap());
    let refused = SpaceStore::open(&killed, Durability::Flushed).err().unwrap();
    assert!(matches!(refused, OpenError::NewerSchema { found: 4, .. }), "{refused:?}");
    assert_eq!((fs::read(&killed).unwrap(), fs::read(log("killed")).unwrap()), before);
}

#[test]
fn something_else_in_the_files_place_is_refused_and_left_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("space.sqlite");
    let foreign = {
        let file = directory.path().join("foreign.sqlite");
        let other = rusqlite::Connection::open(&file).unwrap();
        other.execute_batch("PRAGMA application_id = 77; CREATE TABLE t (x)").unwrap();
        other.close().unwrap();
        fs::read(file).unwrap()
    };
    for bytes in [b"hello".to_vec(), vec![0x5a; 5000], foreign] {
        fs::write(&path, &bytes).unwrap();
        let refused = SpaceStore::open(&path, Durability::Flushed).err().unwrap();
        assert!(matches!(refused, OpenError::Corrupt { .. }), "{refused:?}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn damage_is_reported_as_such() {
    let mut space = Space::new();
    for number in 0..200 {
        space.put("tasks", &number.to_string(), &"x".repeat(500));
    }
    let path = space.path();
    space.store.close().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let pages = bytes.len() / 4096;
    for page in 8..pages {
        bytes[page * 4096..page * 4096 + 64].fill(0xaa);
    }
    fs::write(&path, &bytes).unwrap();
    let error = match SpaceStore::open(&path, Durability::Flushed) {
        Err(error) => return assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}"),
        Ok(store) => (0..200)
            .find_map(|number| store.head(&doc("tasks", &number.to_string())).err())
            .or_else(|| store.document_count().err())
            .or_else(|| store.quick_check().err())
            .unwrap_or_else(|| StoreError::NotFound { what: "damage".to_owned() }),
    };
    assert!(error.is_corrupt(), "{error:?}");
}

#[test]
fn a_newer_nodes_directory_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let device = dunlin_store::Device {
        seed: dunlin_store::Seed::Plain([1; 32]),
        name: "phone".to_owned(),
        kind: DeviceKind::Human,
    };
    drop(NodeDir::create(directory.path(), &device).unwrap());
    let newer = rusqlite::Connection::open(directory.path().join("device.sqlite")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    newer.close().unwrap();
    let refused = NodeDir::open(directory.path(), Default::default()).err().unwrap();
    assert!(matches!(refused, OpenError::NewerSchema { found: 99, .. }));
}
