//! Reading, changing and writing back while others write: on one device.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use dunlin::{
    Attempt, Code, CollectionHandle, Document, Edit, Error, ListKeys, Space, Value, Version,
};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use support::{id, tasks, value};

const DEADLINE: Duration = Duration::from_secs(60);

/// The document with its number raised by one.
fn raised(read: &Document) -> Value {
    let mut json = read.to_json();
    json["n"] = json!(json["n"].as_i64().unwrap() + 1);
    value(json)
}

async fn raise(tasks: &CollectionHandle, key: &str, runs: &AtomicUsize) -> Result<(), Error> {
    let raise = |read: Document| {
        runs.fetch_add(1, Ordering::Relaxed);
        async move { Ok::<_, Error>(raised(&read)) }
    };
    tasks.update(&id(key), ListKeys::default(), raise).await.map(drop)
}

async fn number(tasks: &CollectionHandle, key: &str) -> i64 {
    tasks.get(&id(key)).await.unwrap().to_json()["n"].as_i64().unwrap()
}

fn set(path: &str, json: serde_json::Value) -> Vec<Edit> {
    vec![Edit::Set { path: path.parse().unwrap(), value: value(json) }]
}

/// Puts a document in a transaction.
fn put(tx: &dunlin::Transaction, tasks: &CollectionHandle, key: &str, json: serde_json::Value) {
    tx.put(tasks, &id(key), value(json), None, ListKeys::default()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_that_add_one_make_fifty_without_a_second_run() {
    let (_site, _space, tasks) = tasks().await;
    tasks.put(&id("count"), value(json!({"n": 0}))).await.unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let all: Vec<_> = (0..50)
        .map(|_| {
            let (tasks, runs) = (tasks.clone(), runs.clone());
            tokio::spawn(async move { raise(&tasks, "count", &runs).await })
        })
        .collect();
    for one in all {
        timeout(DEADLINE, one).await.unwrap().unwrap().unwrap();
    }
    assert_eq!((number(&tasks, "count").await, runs.load(Ordering::Relaxed)), (50, 50));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_between_reading_and_writing_makes_it_run_again_until_the_fifth_keeps_others_out() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("count"), value(json!({"n": 0}))).await.unwrap();
    let runs = AtomicUsize::new(0);
    let mut waiting = Vec::new();
    let (tasks, runs) = (&tasks, &runs);
    let transaction = space.transaction(|tx| {
        let run = runs.fetch_add(1, Ordering::Relaxed) + 1;
        let disturb = {
            let tasks = tasks.clone();
            async move { tasks.edit(&id("count"), set("/n", json!(run * 100)), None).await }
        };
        let (begin, begun) = tokio::sync::oneshot::channel::<()>();
        let disturbing = tokio::spawn(async move {
            begun.await.ok();
            disturb.await.unwrap()
        });
        waiting.push(disturbing);
        let disturbing = waiting.last_mut().map(|it| it.abort_handle()).unwrap();
        async move {
            let read = tx.get(tasks, &id("count")).await?;
            begin.send(()).ok();
            // From the fifth run on it waits, and there is nothing to wait for.
            while run < 5 && !disturbing.is_finished() {
                tokio::task::yield_now().await;
            }
            tx.save(tasks, &read, raised(&read), ListKeys::default())?;
            Ok::<_, Error>(read.to_json()["n"].as_i64().unwrap())
        }
    });
    let read = timeout(DEADLINE, transaction).await.unwrap().unwrap();
    assert_eq!((read, runs.load(Ordering::Relaxed)), (400, 5));
    for one in waiting {
        timeout(DEADLINE, one).await.unwrap().unwrap();
    }
    assert_eq!(number(tasks, "count").await, 500, "what had to wait comes behind it");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_reads_one_moment() {
    let (_site, space, tasks) = tasks().await;
    for key in ["a", "b"] {
        tasks.put(&id(key), value(json!({"n": 1}))).await.unwrap();
    }
    let (tasks, runs) = (&tasks, &AtomicUsize::new(0));
    let both = space.transaction(|tx| async move {
        let a = tx.get(tasks, &id("a")).await?.to_json();
        if runs.fetch_add(1, Ordering::Relaxed) == 0 {
            for key in ["a", "b"] {
                tasks.put(&id(key), value(json!({"n": 2}))).await?;
            }
            let refused = tx.get(tasks, &id("b")).await.unwrap_err();
            assert_eq!(refused.code(), Code::Busy);
            // Whatever the closure makes of it, it runs again.
            return Ok((json!({"n": 1}), json!({"n": 2})));
        }
        Ok::<_, Error>((a, tx.get(tasks, &id("b")).await?.to_json()))
    });
    assert_eq!(both.await.unwrap(), (json!({"n": 2}), json!({"n": 2})));
    assert_eq!(runs.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_was_not_there_and_a_collection_that_was_queried_count_as_read() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
    let (tasks, runs) = (&tasks, &AtomicUsize::new(0));
    let absent = space.transaction(|tx| async move {
        let found = tx.find(tasks, &id("late")).await?.is_some();
        if runs.fetch_add(1, Ordering::Relaxed) == 0 {
            tasks.put(&id("late"), value(json!({"n": 1}))).await?;
        }
        put(&tx, tasks, "found", json!({ "found": found }));
        Ok::<_, Error>(found)
    });
    assert!(absent.await.unwrap());
    let (runs, tx_space) = (&AtomicUsize::new(0), &space);
    let counted = tx_space.transaction(|tx| async move {
        let rows = tx.query("SELECT count(*) FROM tasks", &[]).await?.rows;
        if runs.fetch_add(1, Ordering::Relaxed) == 0 {
            tasks.put(&id("another"), value(json!({"n": 1}))).await?;
        }
        put(&tx, tasks, "count", json!({ "n": rows[0][0] }));
        Ok::<_, Error>(())
    });
    counted.await.unwrap();
    assert_eq!((number(tasks, "count").await, runs.load(Ordering::Relaxed)), (4, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_sees_its_own_writes_and_may_build_on_them() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"n": 1, "body": {"$text": "ab"}}))).await.unwrap();
    let tasks = &tasks;
    let splice = |at, insert: &str| {
        let (path, insert) = ("/body".parse().unwrap(), insert.to_owned());
        vec![Edit::Splice { path, at, delete: 0, insert }]
    };
    let seen = space.transaction(|tx| async move {
        let first = tx.get(tasks, &id("a")).await?;
        tx.edit(tasks, &id("a"), splice(0, "x"), Some(first.version))?;
        let second = tx.get(tasks, &id("a")).await?;
        assert_eq!(second.to_json()["body"], json!("xab"));
        tx.edit(tasks, &id("a"), splice(3, "y"), Some(second.version.clone()))?;
        tx.save(tasks, &second, raised(&second), ListKeys::default())?;
        put(&tx, tasks, "new", json!({"n": 7}));
        let new = tx.get(tasks, &id("new")).await?;
        tx.save(tasks, &new, raised(&new), ListKeys::default())?;
        put(&tx, tasks, "gone", json!({"n": 7}));
        tx.delete(tasks, &id("gone"))?;
        assert_eq!(tx.get(tasks, &id("gone")).await.unwrap_err().code(), Code::NotFound);
        tx.get(tasks, &id("a")).await
    });
    let seen = seen.await.unwrap();
    let a = tasks.get(&id("a")).await.unwrap();
    assert_eq!(a.to_json(), json!({"n": 2, "body": "xaby"}));
    assert_eq!((&seen.value, &seen.conflicts[..]), (&a.value, &a.conflicts[..]));
    assert!(!a.has_conflicts(), "it has seen all that it wrote over");
    let new = tasks.get(&id("new")).await.unwrap();
    assert_eq!((new.to_json(), new.has_conflicts()), (json!({"n": 8}), false));
    assert_eq!(tasks.get(&id("gone")).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_at_the_end_leaves_nothing_of_what_came_before() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
    let before = space.query("SELECT count(*) FROM tasks", &[]).await.unwrap();
    let tasks = &tasks;
    let refused = space.transaction(|tx| async move {
        for n in 0..20 {
            put(&tx, tasks, &format!("new-{n}"), json!({ "n": n }));
        }
        tx.edit(tasks, &id("a"), set("/n", json!(2)), None)?;
        tx.delete(tasks, &id("nobody"))
    });
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert!(refused.reason().starts_with("tasks/nobody: "), "{}", refused.reason());
    assert_eq!(number(tasks, "a").await, 1);
    let after = space.query("SELECT count(*) FROM tasks", &[]).await.unwrap();
    assert_eq!(after.rows, before.rows);
    assert_eq!(space.changes_after(Some(0)).read(99).await.unwrap().len(), 1);
    // What is in memory is what is on disk.
    raise(tasks, "a", &AtomicUsize::new(0)).await.unwrap();
    assert_eq!(number(tasks, "a").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_hands_out_a_transaction_in_one_batch() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("before"), value(json!({}))).await.unwrap();
    let mut feed = space.changes_after(Some(0));
    let tasks = &tasks;
    space
        .transaction(|tx| async move {
            (0..1000).for_each(|n| put(&tx, tasks, &format!("d{n}"), json!({ "n": n })));
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    tasks.put(&id("after"), value(json!({}))).await.unwrap();
    let batch = timeout(DEADLINE, feed.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(batch.len(), 1001);
    let batch = timeout(DEADLINE, feed.next()).await.unwrap().unwrap().unwrap();
    assert_eq!((batch.len(), batch[0].doc.key.as_str()), (1, "after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_bounds_are_told() {
    let (_site, space, tasks) = tasks().await;
    let tasks = &tasks;
    let code = |refused: Result<(), Error>| refused.unwrap_err().code();
    let stage = |tx: &dunlin::Transaction, key: &str, json| {
        tx.put(tasks, &id(key), value(json), None, ListKeys::default())
    };
    space
        .transaction(|tx| async move {
            for n in 0..dunlin::MAX_TRANSACTION_DOCUMENTS {
                stage(&tx, &format!("d{n}"), json!({}))?;
            }
            assert_eq!(code(stage(&tx, "one-more", json!({}))), Code::LimitExceeded);
            let read = tx.get(tasks, &id("one-more")).await.map(drop);
            assert_eq!(code(read), Code::LimitExceeded);
            for _ in dunlin::MAX_TRANSACTION_DOCUMENTS..dunlin::MAX_TRANSACTION_WRITES {
                stage(&tx, "d0", json!({}))?;
            }
            assert_eq!(code(stage(&tx, "d0", json!({}))), Code::LimitExceeded);
            Err::<(), _>(Error::new(Code::Denied, "enough", "nothing"))
        })
        .await
        .unwrap_err();
    let large = space.transaction(|tx| async move {
        for n in 0..9 {
            stage(&tx, &format!("d{n}"), json!({"body": "x".repeat(1 << 20)}))?;
        }
        Ok(())
    });
    assert_eq!(code(large.await), Code::LimitExceeded);
    assert_eq!(space.changes_after(Some(0)).read(9).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_inside_another_is_refused_and_does_not_wait_for_itself() {
    let (site, space, tasks) = tasks().await;
    let elsewhere = site.node.create_space("elsewhere").await.unwrap();
    let others = elsewhere.collection("tasks").unwrap();
    for tasks in [&tasks, &others] {
        tasks.put(&id("count"), value(json!({"n": 0}))).await.unwrap();
    }
    let (space, tasks, others) = (&space, &tasks, &others);
    let start = Instant::now();
    let inside = |read: Document| async move {
        let never = |_| async { Ok::<_, Error>(()) };
        let refused = space.transaction(never).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidInput);
        let refused = raise(tasks, "count", &AtomicUsize::new(0)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidInput);
        // Another space's turn is another one.
        raise(others, "count", &AtomicUsize::new(0)).await?;
        Ok::<_, Error>(raised(&read))
    };
    tasks.update(&id("count"), ListKeys::default(), inside).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(2), "nobody waited for the end of a turn");
    assert_eq!((number(tasks, "count").await, number(others, "count").await), (1, 1));
    let mixed = space.transaction(|tx| async move { tx.get(others, &id("count")).await.map(drop) });
    assert_eq!(mixed.await.unwrap_err().code(), Code::InvalidInput);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_two_seconds_loses_its_turn_and_the_next_in_line_goes_on() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("count"), value(json!({"n": 0}))).await.unwrap();
    let raised_by_another = AtomicBool::new(false);
    let (tasks, done) = (&tasks, &raised_by_another);
    let (slow, next) = tokio::join!(
        space.transaction(|tx| async move {
            let read = tx.get(tasks, &id("count")).await?;
            tx.save(tasks, &read, value(json!({"n": -1})), ListKeys::default())?;
            let waiting = timeout(DEADLINE, async {
                while !done.load(Ordering::Relaxed) {
                    sleep(Duration::from_millis(10)).await;
                }
            });
            waiting.await.unwrap();
            assert_eq!(tx.get(tasks, &id("count")).await.unwrap_err().code(), Code::Busy);
            Ok::<_, Error>(())
        }),
        async {
            raise(tasks, "count", &AtomicUsize::new(0)).await.unwrap();
            done.store(true, Ordering::Relaxed);
        }
    );
    let busy = slow.unwrap_err();
    assert_eq!((busy.code(), busy.is_retryable()), (Code::Busy, true));
    assert_eq!(((), number(tasks, "count").await), (next, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_is_dropped_goes_to_the_next_in_line_and_writes_nothing() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("count"), value(json!({"n": 0}))).await.unwrap();
    let turn = space.turn(&[]).await.unwrap();
    put(&turn.transaction(), &tasks, "count", json!({"n": 9}));
    let next = tokio::spawn({
        let tasks = tasks.clone();
        async move { raise(&tasks, "count", &AtomicUsize::new(0)).await }
    });
    drop(turn);
    timeout(Duration::from_secs(1), next).await.unwrap().unwrap().unwrap();
    assert_eq!(number(&tasks, "count").await, 1);
    let turn = space.turn(&[]).await.unwrap();
    put(&turn.transaction(), &tasks, "count", json!({"n": 9}));
    assert!(!turn.again().unwrap());
    let Attempt::Committed(committed) = turn.commit().await.unwrap() else { panic!("overtaken") };
    assert_eq!(committed.len(), 1);
    assert_eq!(turn.commit().await.unwrap_err().code(), Code::Busy, "it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn suspending_ends_a_turn_and_tells_those_who_wait() {
    let (site, space, tasks) = tasks().await;
    tasks.put(&id("count"), value(json!({"n": 0}))).await.unwrap();
    let turn = space.turn(&[]).await.unwrap();
    put(&turn.transaction(), &tasks, "count", json!({"n": 9}));
    let waiting = tokio::spawn({
        let space: Space = space.clone();
        async move { space.turn(&[]).await.map(drop) }
    });
    tokio::task::yield_now().await;
    site.node.suspend(Duration::from_secs(9)).await.unwrap();
    let told = timeout(Duration::from_secs(1), waiting).await.unwrap().unwrap();
    // It may have been told before it waited, or after.
    assert_eq!(told.unwrap_err().code(), Code::Suspended);
    assert_eq!(turn.again().unwrap_err().code(), Code::Suspended);
    assert_eq!(turn.commit().await.unwrap_err().code(), Code::Suspended);
    site.node.resume().await.unwrap();
    assert_eq!(turn.commit().await.unwrap_err().code(), Code::Busy);
    raise(&tasks, "count", &AtomicUsize::new(0)).await.unwrap();
    assert_eq!(number(&tasks, "count").await, 1);
    let turn = space.turn(&[]).await.unwrap();
    site.node.shutdown().await.unwrap();
    assert_eq!(turn.again().unwrap_err().code(), Code::Closed);
    let read = turn.transaction().get(&tasks, &id("count")).await;
    assert_eq!(read.unwrap_err().code(), Code::Closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_of_before_the_transaction_holds_in_it() {
    let (_site, space, tasks) = tasks().await;
    let old: Version = tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap().version;
    tasks.edit(&id("a"), set("/n", json!(2)), None).await.unwrap();
    let (tasks, old) = (&tasks, &old);
    let stale = space.transaction(|tx| async move {
        tx.edit(tasks, &id("a"), set("/n", json!(3)), Some(old.clone()))
    });
    stale.await.unwrap();
    let a = tasks.get(&id("a")).await.unwrap();
    assert_eq!((a.to_json()["n"].clone(), a.conflicts.len()), (json!(3), 1));
}
