//! What others notice while an engine is at something long.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::time::Duration;

use dunlin::{Code, CollectionHandle, Config, Edit, Engines, ListKeys, QueryChange, Space};
use serde_json::json;
use tokio::time::{Instant, timeout};

use support::{Site, config, id, tasks, value};

const DEADLINE: Duration = Duration::from_secs(120);
/// More JSON than an edit rewrites at once.
const LONG: usize = 20 << 10;
/// How often the projection of a long document is rebuilt at most.
const INTERVAL: Duration = Duration::from_secs(1);

/// A node on a clock that stands still while anybody works.
async fn simulated() -> (Site, Space, CollectionHandle) {
    let site = Site::with("here", Config { engines: Engines::Tasks, ..config() }).await;
    let space = site.node.create_space("farm").await.unwrap();
    let tasks = space.collection("tasks").unwrap();
    (site, space, tasks)
}

#[tokio::test]
async fn a_document_can_be_read_while_the_engine_waits_for_the_file() {
    let (site, space, tasks) = tasks().await;
    let (other, busy) = (id("other"), id("busy"));
    let before = tasks.put(&other, value(json!({"n": 1}))).await.unwrap();
    let file = site.dir.path().join("spaces").join(format!("{}.sqlite", space.id()));
    let lock = rusqlite::Connection::open(file).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writing = tokio::spawn({
        let (tasks, busy) = (tasks.clone(), busy.clone());
        async move { tasks.put(&busy, value(json!({}))).await }
    });

    let read = timeout(DEADLINE, tasks.get(&other)).await.unwrap().unwrap();
    assert_eq!((read.to_json(), &read.version), (json!({"n": 1}), &before.version));

    lock.execute_batch("ROLLBACK").unwrap();
    writing.await.unwrap().unwrap();
    let edit = Edit::Set { path: "/n".parse().unwrap(), value: value(json!(2)) };
    tasks.edit(&other, vec![edit], Some(read.version)).await.unwrap();
    assert_eq!(tasks.get(&other).await.unwrap().to_json(), json!({"n": 2}));
    assert_eq!(tasks.get(&id("nobody")).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_several_transactions_answers_for_each_document_in_order() {
    const MANY: usize = 5_000;
    let (_site, _space, tasks) = simulated().await;
    let patch = |n: usize| match n % 1_000 {
        999 => (id(&format!("d{n}")), value(json!([n]))),
        _ => (id(&format!("d{n}")), value(json!({"n": n}))),
    };
    let many = tokio::spawn({
        let tasks = tasks.clone();
        async move { tasks.put_many((0..MANY).map(patch), ListKeys::default()).await }
    });
    tokio::task::yield_now().await;
    let between = tasks.put(&id("between"), value(json!({}))).await.unwrap();
    let answers = many.await.unwrap().unwrap();
    assert_eq!(answers.len(), MANY);
    let mut last = 0;
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(committed) => {
                assert_eq!(committed.id, id(&format!("d{n}")));
                last = committed.seq;
            }
            Err(error) => assert_eq!((n % 1_000, error.code()), (999, Code::InvalidInput)),
        }
    }
    assert!(between.seq < last, "a write that came later did not wait for all of them");
}

#[tokio::test(start_paused = true)]
async fn a_query_sees_the_last_edit_of_a_long_document_which_is_rebuilt_once_a_second() {
    let (_site, space, tasks) = simulated().await;
    let paper = id("paper");
    let count = async || {
        let sql = "SELECT json_extract(doc, '$.n') FROM tasks";
        space.query(sql, &[]).await.unwrap().rows
    };
    tasks.put(&paper, value(json!({"n": 0, "body": "x".repeat(LONG)}))).await.unwrap();
    let start = Instant::now();
    assert_eq!(count().await, [[json!(0)]]);
    assert_eq!(start.elapsed(), Duration::ZERO, "what is new waits for nothing");
    for n in 1..=3 {
        tasks.put(&paper, value(json!({"n": n}))).await.unwrap();
        assert_eq!(count().await, [[json!(n)]]);
        // Nor does the first edit.
        assert!(start.elapsed() >= INTERVAL * (n - 1));
    }
    space.collection("others").unwrap().put(&paper, value(json!({}))).await.unwrap();
    tasks.put(&paper, value(json!({"n": 4}))).await.unwrap();
    let start = Instant::now();
    space.query("SELECT id FROM others", &[]).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO, "whoever does not read it does not wait");
}

#[tokio::test(start_paused = true)]
async fn a_live_query_shows_the_last_edit_of_a_long_document() {
    const EDITS: u64 = 50;
    let (_site, space, tasks) = simulated().await;
    let paper = id("paper");
    tasks.put(&paper, value(json!({"n": 0, "body": "x".repeat(LONG)}))).await.unwrap();
    let mut live = space.watch("SELECT id, json_extract(doc, '$.n') FROM tasks", &[]);
    let editing = tokio::spawn(async move {
        for n in 1..=EDITS {
            tasks.put(&paper, value(json!({"n": n}))).await.unwrap();
            tokio::time::sleep(INTERVAL / 10).await;
        }
    });
    let (mut shown, mut times) = (json!(0), 0);
    while shown != json!(EDITS) {
        shown = match timeout(DEADLINE, live.next()).await.unwrap().unwrap().unwrap() {
            QueryChange::Snapshot(rows) => rows.rows[0][1].clone(),
            QueryChange::Difference(difference) => difference.changed[0].row[1].clone(),
            QueryChange::Failed(error) => panic!("{error:?}"),
        };
        times += 1;
    }
    editing.await.unwrap();
    assert!(times <= 8, "{times} deliveries in five seconds");
}
