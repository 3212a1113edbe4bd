//! One device alone: documents, queries, the change feed, restart.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use dunlin::{
    ChangeFeed, Clock, Code, Config, DeviceKind, Difference, DocId, Edit, Engines, Entropy, Event,
    KeySealer, ListKeys, Node, Origin, Placed, QueryChange, SealError, Sealer, Version,
};
use serde_json::{Value as Json, json};

use support::{Site, config, id, tasks, value};

fn edits(json: Json) -> Vec<Edit> {
    Edit::list_from_json(&json).unwrap()
}

async fn drain(feed: &mut ChangeFeed) -> Vec<Event> {
    feed.read(1000).await.unwrap()
}

#[tokio::test]
async fn what_was_put_is_read_queried_and_told_after_the_call_returned() {
    let (_site, space, tasks) = tasks().await;
    let mut feed = space.changes("indexer").await.unwrap();
    let first = tasks.put(&id("a"), value(json!({"title": "Waders", "n": 1}))).await.unwrap();
    let second = tasks.put(&id("a"), value(json!({"n": null, "done": true}))).await.unwrap();
    assert!(second.seq > first.seq);
    assert_eq!(second.paths, ["/done", "/n"]);

    let read = tasks.get(&id("a")).await.unwrap();
    assert_eq!(read.to_json(), json!({"title": "Waders", "done": true}));
    assert_eq!(read.version, second.version);
    let rows = space.query("SELECT id, doc FROM tasks", &[]).await.unwrap();
    assert_eq!(rows.rows.len(), 1);
    assert_eq!(rows.rows[0][0], json!("a"));

    let events = feed.next().await.unwrap().unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].seq, second.seq);
    assert_eq!(events[1].doc, DocId::parse("tasks", "a").unwrap());
    assert_eq!(events[1].origin, Origin::Local);
}

#[tokio::test]
async fn a_put_that_changes_nothing_commits_nothing() {
    let (_site, space, tasks) = tasks().await;
    let first = tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
    let mut feed = space.changes_after(None);
    let again = tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
    assert_eq!((again.seq, again.paths.len()), (first.seq, 0));
    assert_eq!(drain(&mut feed).await, []);
}

#[tokio::test]
async fn documents_and_acknowledgements_survive_a_restart() {
    let (site, space, tasks) = tasks().await;
    let first = tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
    tasks.put(&id("b"), value(json!({"body": {"$text": "Grüße 🐦"}}))).await.unwrap();
    let feed = space.changes("indexer").await.unwrap();
    feed.acknowledge(first.seq).await.unwrap();
    drop((space, tasks, feed));

    let site = site.reopen().await;
    let space = site.node.space("farm").unwrap();
    let tasks = space.collection("tasks").unwrap();
    assert_eq!(tasks.get(&id("b")).await.unwrap().to_json(), json!({"body": "Grüße 🐦"}));
    let mut feed = space.changes("indexer").await.unwrap();
    let events = drain(&mut feed).await;
    assert_eq!(events.iter().map(|event| event.doc.key.as_str()).collect::<Vec<_>>(), ["b"]);
    let again = tasks.put(&id("a"), value(json!({"n": 2}))).await.unwrap();
    assert!(again.seq > events[0].seq);
}

#[tokio::test]
async fn a_failed_edit_changes_nothing_and_says_why() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"n": "one", "body": {"$text": "ab"}}))).await.unwrap();
    let before = tasks.get(&id("a")).await.unwrap();
    let mut feed = space.changes_after(None);
    let attempts = [
        (
            json!([{"op":"set","path":"/x","value":1},{"op":"increment","path":"/n"}]),
            Code::WrongKind,
        ),
        (
            json!([{"op":"set","path":"/x","value":1},{"op":"splice","path":"/body","at":9,"insert":"x"}]),
            Code::InvalidInput,
        ),
    ];
    for (attempt, code) in attempts {
        let error = tasks.edit(&id("a"), edits(attempt), None).await.unwrap_err();
        assert_eq!(error.code(), code, "{error:?}");
        assert!(error.reason().contains("tasks/a") && !error.remedy().is_empty(), "{error:?}");
    }
    let deep = edits(json!([{"op":"set","path":"/x","value":1},{"op":"increment","path":"/x"}]));
    let missing = tasks.edit(&id("z"), deep, None).await;
    assert_eq!(missing.unwrap_err().code(), Code::WrongKind);
    assert_eq!(tasks.get(&id("z")).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(tasks.get(&id("a")).await.unwrap(), before);
    assert_eq!(drain(&mut feed).await, []);
    tasks.edit(&id("a"), edits(json!([{"op":"set","path":"/x","value":1}])), None).await.unwrap();
}

#[tokio::test]
async fn a_base_is_mapped_forward_over_later_edits() {
    let (_site, _space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"body": {"$text": "hello"}}))).await.unwrap();
    let base: Version = tasks.get(&id("a")).await.unwrap().version;
    let at_front = edits(json!([{"op":"splice","path":"/body","at":0,"insert":">> "}]));
    tasks.edit(&id("a"), at_front, None).await.unwrap();
    let at_end = edits(json!([{"op":"splice","path":"/body","at":5,"insert":"!"}]));
    tasks.edit(&id("a"), at_end, Some(base)).await.unwrap();
    assert_eq!(tasks.get(&id("a")).await.unwrap().to_json(), json!({"body": ">> hello!"}));
}

#[tokio::test]
async fn saving_an_object_keeps_fields_that_the_caller_does_not_know() {
    let (_site, _space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"title": "x", "n": 1}))).await.unwrap();
    let read = tasks.get(&id("a")).await.unwrap();
    tasks.put(&id("a"), value(json!({"later": true}))).await.unwrap();
    tasks.save(&read, value(json!({"title": "y"})), ListKeys::default()).await.unwrap();
    let now = tasks.get(&id("a")).await.unwrap();
    assert_eq!(now.to_json(), json!({"title": "y", "later": true}));
}

#[tokio::test]
async fn a_deleted_document_is_gone_until_it_is_restored() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
    tasks.delete(&id("a")).await.unwrap();
    assert_eq!(tasks.get(&id("a")).await.unwrap_err().code(), Code::NotFound);
    assert!(tasks.inspect(&id("a")).await.unwrap().is_deleted);
    assert_eq!(space.query("SELECT id FROM tasks", &[]).await.unwrap().rows.len(), 0);
    assert_eq!(tasks.delete(&id("a")).await.unwrap_err().code(), Code::NotFound);
    tasks.restore(&id("a")).await.unwrap();
    assert_eq!(tasks.get(&id("a")).await.unwrap().to_json(), json!({"n": 1}));
}

#[tokio::test]
async fn inserting_under_a_taken_id_is_refused_and_new_ids_sort_by_time() {
    let (_site, _space, tasks) = tasks().await;
    let first = tasks.insert(value(json!({"n": 1}))).await.unwrap();
    let second = tasks.insert(value(json!({"n": 2}))).await.unwrap();
    assert_ne!(first.id, second.id);
    let taken = tasks.insert_with_id(&first.id, value(json!({"n": 3}))).await.unwrap_err();
    assert_eq!(taken.code(), Code::AlreadyExists);
    assert_eq!(tasks.get(&first.id).await.unwrap().to_json(), json!({"n": 1}));
}

#[tokio::test]
async fn each_document_of_a_batch_stands_or_falls_alone() {
    let (_site, space, tasks) = tasks().await;
    let many = (0..600).map(|n| {
        let content = if n == 300 { json!([1]) } else { json!({"n": n}) };
        (id(&format!("doc-{n:03}")), value(content))
    });
    let answers = tasks.put_many(many, ListKeys::default()).await.unwrap();
    assert_eq!(answers.len(), 600);
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 1);
    assert_eq!(answers[300].as_ref().unwrap_err().code(), Code::InvalidInput);
    let count = space.query("SELECT count(*) FROM tasks", &[]).await.unwrap();
    assert_eq!(count.rows[0][0], json!(599));
}

#[tokio::test]
async fn writers_at_one_moment_all_get_their_own_commit() {
    let (_site, _space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"n": {"$counter": 0}}))).await.unwrap();
    let writers = (0..64).map(|_| {
        let tasks = tasks.clone();
        tokio::spawn(async move {
            let add = edits(json!([{"op":"increment","path":"/n","by":1}]));
            tasks.edit(&id("a"), add, None).await.unwrap().seq
        })
    });
    let mut seqs = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        seqs.push(writer.await.unwrap());
    }
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(seqs.len(), 64);
    assert_eq!(tasks.get(&id("a")).await.unwrap().to_json(), json!({"n": 64}));
}

#[tokio::test]
async fn long_texts_are_current_in_queries_all_the_same() {
    let (_site, space, tasks) = tasks().await;
    let long = "wader ".repeat(4000);
    tasks.put(&id("a"), value(json!({"body": {"$text": long}}))).await.unwrap();
    let at_front = edits(json!([{"op":"splice","path":"/body","at":0,"insert":"first "}]));
    tasks.edit(&id("a"), at_front, None).await.unwrap();
    let sql = "SELECT substr(json_extract(doc, '$.body'), 1, 11) FROM tasks WHERE id = ?";
    let rows = space.query(sql, &[json!("a")]).await.unwrap();
    assert_eq!(rows.rows, [[json!("first wader")]]);
}

#[tokio::test]
async fn a_long_log_is_compacted_without_a_visible_change() {
    let (site, _space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"body": {"$text": ""}}))).await.unwrap();
    for n in 0..300u32 {
        let append = edits(json!([{"op":"splice","path":"/body","at":n * 3,"insert":"abc"}]));
        tasks.edit(&id("a"), append, None).await.unwrap();
    }
    let before = tasks.get(&id("a")).await.unwrap();
    assert_eq!(before.to_json(), json!({"body": "abc".repeat(300)}));
    drop((tasks, _space));
    let site = site.reopen().await;
    let space = site.node.space("farm").unwrap();
    let tasks = space.collection("tasks").unwrap();
    let after = tasks.get(&id("a")).await.unwrap();
    assert_eq!((after.to_json(), after.version), (before.to_json(), before.version));
}

#[tokio::test]
async fn a_live_query_gives_a_snapshot_and_then_the_difference() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
    let sql = "SELECT id, json_extract(doc, '$.n') AS n FROM tasks ORDER BY n";
    let mut live = space.watch(sql, &[]);
    let Some(QueryChange::Snapshot(rows)) = live.next().await.unwrap() else { panic!() };
    assert_eq!(rows.rows, [[json!("a"), json!(1)]]);

    let notes = space.collection("notes").unwrap();
    notes.put(&id("x"), value(json!({"n": 1}))).await.unwrap();
    tasks.put(&id("b"), value(json!({"n": 0}))).await.unwrap();
    let Some(QueryChange::Difference(difference)) = live.next().await.unwrap() else { panic!() };
    let inserted = vec![Placed { at: 0, row: vec![json!("b"), json!(0)].into() }];
    assert_eq!(difference, Difference { inserted, ..Difference::default() });
}

#[tokio::test]
async fn a_live_query_of_a_collection_to_come_is_empty_at_first() {
    let (_site, space, tasks) = tasks().await;
    let mut live = space.watch("SELECT id FROM tasks", &[]);
    let Some(QueryChange::Snapshot(rows)) = live.next().await.unwrap() else { panic!() };
    assert_eq!(rows.rows.len(), 0);
    tasks.put(&id("a"), value(json!({}))).await.unwrap();
    let Some(QueryChange::Difference(difference)) = live.next().await.unwrap() else { panic!() };
    assert_eq!(difference.inserted.len(), 1);
}

#[tokio::test]
async fn a_query_that_writes_or_reads_anything_else_is_refused() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
    for sql in [
        "DELETE FROM tasks",
        "ATTACH 'x' AS y",
        "SELECT * FROM _statements",
        "WITH tasks AS (SELECT body FROM _statements) SELECT * FROM tasks",
    ] {
        let error = space.query(sql, &[]).await.unwrap_err();
        assert!(
            matches!(error.code(), Code::Denied | Code::InvalidInput | Code::NotFound),
            "{error:?}"
        );
    }
    let unknown = space.query("SELECT * FROM birds", &[]).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    assert_eq!(tasks.get(&id("a")).await.unwrap().to_json(), json!({"n": 1}));
}

#[tokio::test]
async fn after_shutdown_calls_answer_closed_and_the_directory_is_free() {
    let (site, space, tasks) = tasks().await;
    let mut feed = space.changes_after(None);
    let waiting = tokio::spawn(async move { feed.next().await });
    site.node.shutdown().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), None);
    let late = tasks.put(&id("a"), value(json!({}))).await.unwrap_err();
    assert_eq!(late.code(), Code::Closed);
    assert_eq!(site.node.create_space("x").await.err().unwrap().code(), Code::Closed);
    Node::open(site.dir.path(), config()).await.unwrap();
}

#[tokio::test]
async fn a_directory_belongs_to_one_node_at_a_time() {
    let site = Site::new("here").await;
    let config = Config { lock_wait: std::time::Duration::ZERO, ..config() };
    let error = Node::open(site.dir.path(), config.clone()).await.err().unwrap();
    assert_eq!((error.code(), error.is_retryable()), (Code::AlreadyOpen, false));
    assert!(error.remedy().contains("share the node"), "{error:?}");
    let again = Node::create(site.dir.path(), "b", DeviceKind::Human, config.clone()).await;
    assert_eq!(again.err().unwrap(), error);
    let dir = site.dir;
    drop(site.node);
    let node = Node::open(dir.path(), config.clone()).await.unwrap();
    node.suspend(std::time::Duration::from_secs(30)).await.unwrap();
    let other = Node::open(dir.path(), config.clone()).await.unwrap();
    let refused = node.resume().await.unwrap_err();
    assert_eq!((refused.code(), refused.is_retryable()), (Code::AlreadyOpen, false));
    other.shutdown().await.unwrap();
    node.shutdown().await.unwrap();
    let taken = Node::create(dir.path(), "b", DeviceKind::Human, config.clone()).await;
    assert_eq!(taken.err().unwrap().code(), Code::AlreadyExists);
    // Not by a node of this process: as if another one had it.
    let lock = std::fs::File::open(dir.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let error = Node::open(dir.path(), config.clone()).await.err().unwrap();
    assert_eq!((error.code(), error.is_retryable()), (Code::AlreadyOpen, true));
    assert!(error.reason().contains("another process"), "{error:?}");
    drop(lock);
    let empty = tempfile::tempdir().unwrap();
    let error = Node::open(empty.path(), config).await.err().unwrap();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test]
async fn an_invited_device_joins_offline_with_its_role() {
    let (_site, space, _tasks) = tasks().await;
    let reader = dunlin::Invitation { role: dunlin::Role::Reader, ..Default::default() };
    let ticket = space.invite(&reader).await.unwrap().to_string();

    let guest = Site::new("guest").await;
    let joined = guest.node.join(&ticket.parse().unwrap(), Some("theirs")).await.unwrap();
    assert_eq!((joined.id(), joined.role()), (space.id(), Some(dunlin::Role::Reader)));
    assert_eq!(guest.node.space("theirs").unwrap().id(), space.id());
    let denied = joined.collection("tasks").unwrap().put(&id("a"), value(json!({}))).await;
    assert_eq!(denied.unwrap_err().code(), Code::Denied);
    assert_eq!(joined.invite(&reader).await.err().unwrap().code(), Code::Denied);
    drop(joined);

    let guest = guest.reopen().await;
    assert_eq!(guest.node.space("theirs").unwrap().role(), Some(dunlin::Role::Reader));
    assert_eq!(guest.node.space("farm").unwrap().members().len(), 2);
}

#[tokio::test]
async fn an_expired_or_damaged_ticket_is_refused() {
    let (_site, space, _tasks) = tasks().await;
    let short = dunlin::Invitation {
        expires_in: Some(std::time::Duration::from_millis(1)),
        ..Default::default()
    };
    let ticket = space.invite(&short).await.unwrap();
    let year = 365 * 24 * 3600 * 1000;
    let ahead = Clock::new(move || Clock::system().now_ms() + year);
    let guest = Site::with("guest", Config { clock: ahead, ..config() }).await;
    assert_eq!(guest.node.join(&ticket, None).await.err().unwrap().code(), Code::Expired);
    let text = ticket.to_string();
    assert!(text[..text.len() - 9].parse::<dunlin::Ticket>().is_err());
    assert_eq!(guest.node.spaces().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn engines_as_tasks_do_the_same_as_engines_on_threads() {
    let config = Config {
        engines: Engines::Tasks,
        entropy: Entropy::seeded(7),
        clock: Clock::new(|| 4_000_000_000_000),
        ..config()
    };
    let site = Site::with("simulated", config).await;
    let space = site.node.create_space("farm").await.unwrap();
    let tasks = space.collection("tasks").unwrap();
    let many = (0..50).map(|n| (id(&n.to_string()), value(json!({"n": n}))));
    assert!(tasks.put_many(many, ListKeys::default()).await.unwrap().iter().all(Result::is_ok));
    let mut feed = space.changes("all").await.unwrap();
    let events = feed.next().await.unwrap().unwrap();
    assert_eq!(events.len(), 50);
    assert!(events.iter().all(|event| event.time_ms == 4_000_000_000_000));
    let rows = space.query("SELECT count(*) FROM tasks", &[]).await.unwrap();
    assert_eq!(rows.rows, [[json!(50)]]);
    site.node.shutdown().await.unwrap();
}

#[tokio::test]
async fn on_a_full_disk_reads_go_on_and_writing_recovers() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("kept"), value(json!({"n": 1}))).await.unwrap();
    space.limit_size(Some(1)).await.unwrap();
    let big = |n: u32| value(json!({"text": format!("{n} {}", "x".repeat(60_000))}));
    let mut acknowledged = 0;
    let error = loop {
        match tasks.put(&id(&format!("big-{acknowledged}")), big(acknowledged)).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 100);
    };
    assert_eq!(error.code(), Code::StorageFull);
    assert!(error.is_retryable());
    assert_eq!(tasks.get(&id("kept")).await.unwrap().to_json(), json!({"n": 1}));
    let count = space.query("SELECT count(*) FROM tasks", &[]).await.unwrap();
    assert_eq!(count.rows, [[json!(acknowledged + 1)]]);
    let missing = tasks.get(&id(&format!("big-{acknowledged}"))).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);

    space.limit_size(None).await.unwrap();
    tasks.put(&id("kept"), value(json!({"n": 2}))).await.unwrap();
    tasks.put(&id("big"), big(0)).await.unwrap();
    assert_eq!(tasks.get(&id("kept")).await.unwrap().to_json(), json!({"n": 2}));
}

/// Seals by turning bytes round, which is enough to see what is sealed.
struct Turned(Option<SealError>);

impl KeySealer for Turned {
    fn seal(&self, seed: &[u8]) -> Result<Vec<u8>, SealError> {
        match &self.0 {
            Some(error) => Err(error.clone()),
            None => Ok(seed.iter().map(|byte| !byte).collect()),
        }
    }

    fn unseal(&self, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        self.seal(sealed)
    }
}

#[tokio::test]
async fn a_sealed_key_opens_with_its_sealer_alone_and_an_older_one_is_sealed_at_the_next_start() {
    let sealing = |error| Config { sealer: Some(Sealer::new(Turned(error))), ..config() };
    let locked = || sealing(Some(SealError::unavailable("the device is locked")));
    let lost = || sealing(Some(SealError::lost("the key is gone")));
    for first in [sealing(None), config()] {
        let dir = tempfile::tempdir().unwrap();
        let node = Node::create(dir.path(), "a", DeviceKind::Human, first).await.unwrap();
        let device = node.device().id;
        node.shutdown().await.unwrap();
        // Whether the key was stored with a seal or without, a sealer that refuses changes nothing.
        for refuses in [locked(), lost()] {
            assert!(Node::open(dir.path(), refuses).await.is_err());
        }
        let node = Node::open(dir.path(), sealing(None)).await.unwrap();
        assert_eq!(node.device().id, device);
        node.shutdown().await.unwrap();
        for (refused, code, reason) in [
            (config(), Code::Denied, "sealed"),
            (locked(), Code::KeyUnavailable, "locked"),
            (lost(), Code::KeyLost, "gone"),
        ] {
            let error = Node::open(dir.path(), refused).await.err().unwrap();
            assert_eq!((error.code(), error.is_retryable()), (code, code.is_retryable()));
            assert!(error.reason().contains(reason), "{error:?}");
        }
        let node = Node::open(dir.path(), sealing(None)).await.unwrap();
        assert_eq!(node.device().id, device);
        node.shutdown().await.unwrap();
    }
}
