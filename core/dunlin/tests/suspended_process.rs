//! What a process holds while its node is suspended: alone in its binary, since it looks at the
//! process as a whole.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use dunlin::{Carrier, Invitation, SyncConfig};
use serde_json::json;
use tokio::time::{sleep, timeout};

use support::{Site, id, value};

const DEADLINE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(5);

/// What the open files of this process are.
fn open_files() -> Vec<String> {
    let files = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| {
        let target = fs::read_link(entry.unwrap().path()).ok()?;
        Some(target.to_string_lossy().into_owned())
    });
    files.collect()
}

fn sockets() -> BTreeSet<String> {
    open_files().into_iter().filter(|file| file.starts_with("socket:")).collect()
}

fn files_in(dir: &Path) -> Vec<String> {
    let dir = dir.to_string_lossy();
    open_files().into_iter().filter(|file| file.starts_with(&*dir)).collect()
}

/// The locks on files that this process holds.
fn locks() -> Vec<String> {
    let own = std::process::id().to_string();
    let locks = fs::read_to_string("/proc/locks").unwrap();
    let is_own = |line: &&str| line.split_whitespace().any(|field| field == own);
    locks.lines().filter(is_own).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_node_holds_no_file_no_lock_and_no_socket() {
    let before = sockets();
    let (a, b) = (Site::new("a").await, Site::new("b").await);
    let here = a.node.create_space("farm").await.unwrap();
    let ticket = here.invite(&Invitation::default()).await.unwrap();
    let there = b.node.join(&ticket, None).await.unwrap();
    let loopback = |peers| SyncConfig {
        carrier: Carrier::Udp("127.0.0.1:0".parse().unwrap()),
        peers,
        ..SyncConfig::default()
    };
    a.node.start_sync(loopback(vec![])).await.unwrap();
    let address = a.node.status().await.unwrap().listen[0];
    b.node.start_sync(loopback(vec![address])).await.unwrap();
    let tasks = here.collection("tasks").unwrap();
    tasks.put(&id("x"), value(json!({"n": 1}))).await.unwrap();
    let mut feed = there.changes_after(Some(0));
    timeout(DEADLINE, feed.next()).await.unwrap().unwrap();
    there.query("SELECT id FROM tasks", &[]).await.unwrap();
    let _live = there.watch("SELECT id FROM tasks", &[]).next().await.unwrap();
    // The test would see them.
    assert!(!files_in(b.dir.path()).is_empty() && !locks().is_empty());
    assert!(sockets().len() >= before.len() + 2);

    a.node.suspend(SOON).await.unwrap();
    b.node.suspend(SOON).await.unwrap();
    for site in [&a, &b] {
        assert_eq!(files_in(site.dir.path()), Vec::<String>::new());
        let log = fs::read_dir(site.dir.path().join("spaces")).unwrap();
        let names: Vec<_> = log.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 1, "the write-ahead log is gone: {names:?}");
    }
    assert_eq!(locks(), Vec::<String>::new());
    // The thread that does multicast DNS says that it ends, and lets go right after.
    let let_go = async {
        while sockets() != before {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let all_gone = timeout(Duration::from_secs(5), let_go).await.is_ok();
    assert!(all_gone, "{:?} beside {before:?}", sockets());

    for site in [a, b] {
        site.node.resume().await.unwrap();
        assert!(!files_in(site.dir.path()).is_empty());
        site.node.shutdown().await.unwrap();
    }
}
