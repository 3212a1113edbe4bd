//! What shares a transaction, and what a commit that fails leaves behind: nothing.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::{collections::BTreeSet, fs, net::SocketAddr, path::PathBuf, time::Duration};

use dunlin::{
    Carrier, ChangeFeed, Code, CollectionHandle, Committed, Config, Engines, Invitation, LiveQuery,
    QueryChange, Result, Rows, Space, SyncConfig,
};
use serde_json::{Value as Json, json};
use tokio::{
    task::{JoinHandle, yield_now},
    time::{sleep, timeout},
};

use support::{Site, config, id, tasks, value};

const DEADLINE: Duration = Duration::from_secs(120);
/// A budget for the file, and a text that alone is longer.
const BUDGET_BYTES: u64 = 600 << 10;
const TOO_LONG: usize = 700 << 10;

fn file(site: &Site, space: &Space) -> PathBuf {
    site.dir.path().join("spaces").join(format!("{}.sqlite", space.id()))
}

/// Transactions in the write-ahead log: the frames that say how long the file is after a commit
/// (<https://sqlite.org/fileformat2.html#the_write_ahead_log>).
fn transactions(site: &Site, space: &Space) -> usize {
    const HEADER: usize = 32;
    const FRAME_HEADER: usize = 24;
    let log = fs::read(file(site, space).with_extension("sqlite-wal")).unwrap();
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let frame = FRAME_HEADER + number(8) as usize;
    let frames = (HEADER..log.len()).step_by(frame).filter(|at| at + frame <= log.len());
    // Frames of an earlier round of the log have another salt.
    frames.filter(|at| log[at + 8..at + 16] == log[16..24] && number(at + 4) > 0).count()
}

/// Writes these at one moment.
async fn at_once(
    tasks: &CollectionHandle,
    documents: impl IntoIterator<Item = (String, Json)>,
) -> Vec<JoinHandle<Result<Committed>>> {
    let write = |(key, json): (String, Json)| {
        let tasks = tasks.clone();
        tokio::spawn(async move { tasks.put(&id(&key), value(json)).await })
    };
    let writing: Vec<_> = documents.into_iter().map(write).collect();
    // On a runtime of one thread everybody has had a turn after that, and waits for the engine.
    yield_now().await;
    writing
}

#[tokio::test(start_paused = true)]
async fn writes_at_one_moment_share_a_transaction() {
    const WRITES: usize = 64;
    // An engine that runs as a task has its turn when all of them wait; on a clock that stands
    // still, no slice ends for its time.
    let site = Site::with("here", Config { engines: Engines::Tasks, ..config() }).await;
    let space = site.node.create_space("farm").await.unwrap();
    let tasks = space.collection("tasks").unwrap();
    tasks.put(&id("first"), value(json!({}))).await.unwrap();
    let before = transactions(&site, &space);
    assert!(before > 0);
    let documents = (0..WRITES).map(|n| (format!("doc-{n}"), json!({"n": n})));
    let writing = at_once(&tasks, documents).await;
    let mut seqs = BTreeSet::new();
    for write in writing {
        seqs.insert(write.await.unwrap().unwrap().seq);
    }
    assert_eq!(seqs.len(), WRITES);
    let shared = transactions(&site, &space) - before;
    assert!((1..=2).contains(&shared), "{shared} transactions for {WRITES} writes");
}

/// Tries to write what does not fit, amid others that do, in one transaction: an engine that runs
/// as a task has its turn when all of them wait. Returns the outcomes, in order.
async fn overfill(space: &Space) -> Vec<Result<Committed>> {
    let tasks = space.collection("tasks").unwrap();
    space.limit_size(Some(BUDGET_BYTES)).await.unwrap();
    let documents = [
        ("earlier", json!({"n": 1})),
        ("neighbour", json!({"n": 2})),
        ("too-long", json!({"text": "x".repeat(TOO_LONG)})),
        ("later", json!({"n": 3})),
    ];
    let documents = documents.map(|(key, json)| (key.to_owned(), json));
    let writing = at_once(&tasks, documents).await;
    let mut outcomes = Vec::new();
    for write in writing {
        outcomes.push(write.await.unwrap());
    }
    space.limit_size(None).await.unwrap();
    outcomes
}

/// The documents that a feed tells of, up to the one called `last`.
async fn told(feed: &mut ChangeFeed) -> Vec<String> {
    let mut names = Vec::new();
    while names.last().is_none_or(|name| name != "last") {
        let events = timeout(DEADLINE, feed.next()).await.unwrap().unwrap().unwrap();
        names.extend(events.iter().map(|event| event.doc.key.to_string()));
    }
    names
}

/// The ids that a live query shows until it shows `last`.
async fn shown(live: &mut LiveQuery) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let id = |row: &dunlin::Row| row[0].as_str().unwrap().to_owned();
    while !ids.contains("last") {
        match timeout(DEADLINE, live.next()).await.unwrap().unwrap().unwrap() {
            QueryChange::Snapshot(Rows { rows, .. }) => ids.extend(rows.iter().map(id)),
            QueryChange::Difference(difference) => {
                assert_eq!((difference.removed.len(), difference.changed.len()), (0, 0));
                ids.extend(difference.inserted.iter().map(|placed| id(&placed.row)));
            }
            QueryChange::Failed(error) => panic!("{error:?}"),
        }
    }
    ids
}

#[tokio::test]
async fn of_a_commit_that_fails_nobody_sees_anything_and_its_neighbours_commit() {
    const SEEN: [&str; 5] = ["first", "earlier", "neighbour", "later", "last"];
    let seen = || SEEN.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    let as_task = Config { engines: Engines::Tasks, ..config() };
    let (a, b) = (Site::with("a", as_task).await, Site::new("b").await);
    let here = a.node.create_space("farm").await.unwrap();
    let ticket = here.invite(&Invitation::default()).await.unwrap();
    let there = b.node.join(&ticket, None).await.unwrap();
    let mut peers = Vec::new();
    for site in [&a, &b] {
        let carrier = Carrier::Udp(SocketAddr::from(([127, 0, 0, 1], 0)));
        site.node
            .start_sync(SyncConfig { carrier, peers, mdns: false, ..SyncConfig::default() })
            .await
            .unwrap();
        peers = site.node.status().await.unwrap().listen;
    }
    let (mut feed, mut their_feed) = (here.changes_after(None), there.changes_after(None));
    let mut live = here.watch("SELECT id FROM tasks ORDER BY id", &[]);
    let put = async |key| {
        let tasks = here.collection("tasks").unwrap();
        tasks.put(&id(key), value(json!({"at": key}))).await.unwrap();
    };
    put("first").await;
    // From here on the peer is connected and hears of every commit at once.
    assert!(timeout(DEADLINE, their_feed.next()).await.unwrap().unwrap().is_some());

    let outcomes = overfill(&here).await;
    let codes: Vec<_> = outcomes.iter().map(|outcome| outcome.as_ref().err()).collect();
    let [None, None, Some(error), None] = codes[..] else { panic!("{outcomes:?}") };
    assert_eq!(error.code(), Code::StorageFull);
    put("last").await;

    assert_eq!(told(&mut feed).await, SEEN);
    assert_eq!(shown(&mut live).await, seen());
    let mut theirs: BTreeSet<String> = ["first".to_owned()].into();
    while !theirs.is_superset(&seen()) {
        let events = timeout(DEADLINE, their_feed.next()).await.unwrap().unwrap().unwrap();
        theirs.extend(events.iter().map(|event| event.doc.key.to_string()));
    }
    assert_eq!(theirs, seen());
    let agree = async {
        loop {
            let (ours, theirs) = (a.node.status().await.unwrap(), b.node.status().await.unwrap());
            if ours.spaces[0].in_sync && ours.spaces[0].digest == theirs.spaces[0].digest {
                return (ours.spaces[0].documents, theirs.spaces[0].documents);
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let count = SEEN.len() as u64;
    assert_eq!(timeout(DEADLINE, agree).await.unwrap(), (count, count));
    for space in [here, there] {
        let tasks = space.collection("tasks").unwrap();
        assert_eq!(tasks.get(&id("too-long")).await.unwrap_err().code(), Code::NotFound);
        // What its neighbours wrote in the transaction that failed went the same way: they wrote
        // anew, and nobody holds anything of their first attempt.
        for key in SEEN {
            let version = tasks.get(&id(key)).await.unwrap().version;
            assert_eq!(version.state_vector.len(), 1, "{key} has one writer: {version:?}");
        }
    }
}

#[tokio::test]
async fn after_a_commit_that_failed_the_next_write_comes_from_a_fresh_incarnation() {
    let (_site, space, tasks) = tasks().await;
    // What a new document begins with is nobody's write, and what is then put has one writer.
    let writer = async |key: &str| {
        tasks.put(&id(key), value(json!({"n": 1}))).await.unwrap();
        let committed = tasks.put(&id(key), value(json!({"n": 2}))).await.unwrap();
        let writers = committed.version.state_vector.iter().map(|(writer, _)| writer);
        let mut writers = writers.filter(|writer| !writer.is_founder());
        let writer = writers.next().unwrap();
        assert_eq!(writers.next(), None);
        writer
    };
    let before = writer("before").await;
    assert_eq!(writer("before too").await, before);
    space.limit_size(Some(BUDGET_BYTES)).await.unwrap();
    let too_long = value(json!({"text": "x".repeat(TOO_LONG)}));
    let error = tasks.put(&id("before"), too_long).await.unwrap_err();
    assert_eq!(error.code(), Code::StorageFull);
    let after = writer("after").await;
    assert_ne!(after, before);
    assert_eq!(writer("after too").await, after);
}
