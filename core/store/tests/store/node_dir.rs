//! The node's directory.

use std::{fs, time::Duration};

use dunlin_model::{DeviceId, DeviceKind, SpaceId};
use dunlin_store::{Device, NodeDir, OpenError, Seed, SpaceRow, StoreError};

fn device() -> Device {
    Device { seed: Seed::Plain([1; 32]), name: "field phone".to_owned(), kind: DeviceKind::Agent }
}

fn space(byte: u8) -> SpaceRow {
    SpaceRow {
        id: SpaceId([byte; 32]),
        name: "team".to_owned(),
        alias: None,
        secret: vec![byte; 32],
        extra: vec![1, 2, 3],
    }
}

#[test]
fn a_node_is_what_it_was_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/node");
    let node = NodeDir::create(&path, &device()).unwrap();
    assert!(node.insert_space(&space(1)).unwrap());
    assert!(!node.insert_space(&space(1)).unwrap());
    node.update_space(&SpaceRow { alias: Some("mine".to_owned()), ..space(1) }).unwrap();
    assert!(matches!(node.update_space(&space(2)), Err(StoreError::NotFound { .. })));
    drop(node);
    let node = NodeDir::open(&path, Duration::ZERO).unwrap();
    assert_eq!(node.device().unwrap(), device());
    let spaces = node.spaces().unwrap();
    assert_eq!(spaces, [SpaceRow { alias: Some("mine".to_owned()), ..space(1) }]);
    assert_eq!(node.space_path(&spaces[0].id).parent().unwrap(), path.join("spaces"));
    assert!(!format!("{:?}{:?}", node.device().unwrap(), spaces).contains("[1, 1"));
    node.set_device(&Device { name: "other".to_owned(), ..device() }).unwrap();
    assert_eq!(node.device().unwrap().name, "other");
}

#[test]
fn a_seed_that_was_sealed_later_is_nowhere_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let plain = Device { seed: Seed::Plain(*b"a seed that nobody else may read"), ..device() };
    let node = NodeDir::create(directory.path(), &plain).unwrap();
    let sealed = Device { seed: Seed::Sealed(vec![9; 60]), ..device() };
    node.set_device(&sealed).unwrap();
    for file in fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = if file.is_file() { fs::read(&file).unwrap() } else { Vec::new() };
        let found = bytes.windows(32).any(|part| part == b"a seed that nobody else may read");
        assert!(!found, "{}", file.display());
    }
    drop(node);
    assert_eq!(NodeDir::open(directory.path(), Duration::ZERO).unwrap().device().unwrap(), sealed);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("node");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let node = NodeDir::create(&path, &device()).unwrap();
    node.insert_space(&space(1)).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("spaces")), 0o700);
    for name in ["device.sqlite", "device.sqlite-wal", "device.sqlite-shm", "lock"] {
        assert_eq!(mode(&path.join(name)), 0o600, "{name}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "one thread waits for what the other holds")]
fn one_process_has_it_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("node");
    let node = NodeDir::create(&path, &device()).unwrap();
    let refused = NodeDir::open(&path, Duration::from_millis(50)).err().unwrap();
    assert!(matches!(refused, OpenError::OpenHere { is_ending: false, .. }));
    assert!(!refused.is_retryable());
    let refused = NodeDir::create(&path, &device()).err().unwrap();
    assert!(matches!(refused, OpenError::OpenHere { is_ending: false, .. }));
    node.end_soon();
    let refused = NodeDir::open(&path, Duration::ZERO).err().unwrap();
    assert!(matches!(refused, OpenError::OpenHere { is_ending: true, .. }));
    assert!(refused.is_retryable());
    let waiting = std::thread::spawn({
        let path = path.clone();
        move || NodeDir::open(&path, Duration::from_secs(30)).map(drop)
    });
    drop(node);
    waiting.join().unwrap().unwrap();
}

#[test]
fn a_directory_is_the_same_by_every_path_and_another_process_is_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("node");
    let node = NodeDir::create(&path, &device()).unwrap();
    let mut paths = vec![path.join("."), path.join("..").join("node"), relative(&path)];
    #[cfg(unix)]
    {
        paths.push(directory.path().join("link"));
        std::os::unix::fs::symlink(&path, &paths[3]).unwrap();
    }
    for path in &paths {
        let refused = NodeDir::open(path, Duration::ZERO).err().unwrap();
        assert!(matches!(refused, OpenError::OpenHere { .. }), "{}: {refused:?}", path.display());
    }
    drop(node);
    // Not by a node of this process: as if another one had it.
    let lock = fs::File::open(path.join("lock")).unwrap();
    lock.lock().unwrap();
    for path in &paths {
        let refused = NodeDir::open(path, Duration::ZERO).err().unwrap();
        assert!(
            matches!(refused, OpenError::AlreadyOpen { .. }),
            "{}: {refused:?}",
            path.display()
        );
        assert!(refused.is_retryable());
    }
    drop(lock);
    NodeDir::open(&paths[0], Duration::ZERO).unwrap();
}

/// The path from the working directory.
fn relative(path: &std::path::Path) -> std::path::PathBuf {
    let here = std::env::current_dir().unwrap();
    let up = here.components().skip(1).map(|_| "..");
    up.collect::<std::path::PathBuf>().join(path.strip_prefix("/").unwrap())
}

#[test]
fn a_directory_without_a_node_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let refused = NodeDir::open(directory.path(), Duration::ZERO).err().unwrap();
    assert!(matches!(refused, OpenError::NotANode { .. }));
    assert!(refused.to_string().contains(directory.path().to_str().unwrap()));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    drop(NodeDir::create(directory.path(), &device()).unwrap());
    let refused = NodeDir::create(directory.path(), &device()).err().unwrap();
    assert!(matches!(refused, OpenError::AlreadyANode { .. }));
}

#[test]
fn addresses_are_remembered_the_last_first_and_not_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let node = NodeDir::create(directory.path(), &device()).unwrap();
    let (one, two) = (DeviceId([1; 32]), DeviceId([2; 32]));
    node.remember_peer(&two, "10.0.0.9:1", 5).unwrap();
    for minute in 0..20 {
        node.remember_peer(&one, &format!("10.0.0.1:{minute}"), 100 + minute).unwrap();
    }
    node.remember_peer(&two, "10.0.0.9:1", 500).unwrap();
    node.forget_address(&one, "10.0.0.1:19").unwrap();
    let peers = node.peers().unwrap();
    assert_eq!(peers[0].device, two);
    assert_eq!(peers[0].seen_ms, 500);
    assert_eq!(peers[1].address, "10.0.0.1:18");
    assert_eq!(peers.len(), 1 + 7);
}
