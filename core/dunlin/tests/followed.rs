//! Following one document.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Wake, Waker},
    time::Duration,
};

use dunlin::{DocumentState, FollowedDocument};
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use support::{devices, id, meet, tasks, value};

const DEADLINE: Duration = Duration::from_secs(60);

async fn next(followed: &mut FollowedDocument) -> Option<DocumentState> {
    timeout(DEADLINE, followed.next()).await.unwrap().unwrap()
}

async fn content(followed: &mut FollowedDocument) -> Json {
    next(followed).await.unwrap().into_present().unwrap().to_json()
}

#[tokio::test]
async fn a_document_is_followed_from_before_it_is_there_until_after_it_is_deleted() {
    let (site, _space, tasks) = tasks().await;
    let mut followed = tasks.watch_document(&id("a"));
    assert_eq!(next(&mut followed).await, Some(DocumentState::Missing));
    tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
    assert_eq!(content(&mut followed).await, json!({"n": 1}));
    tasks.delete(&id("a")).await.unwrap();
    let deleted = next(&mut followed).await.unwrap();
    assert!(matches!(&deleted, DocumentState::Deleted(it) if it.to_json() == json!({"n": 1})));
    tasks.restore(&id("a")).await.unwrap();
    assert_eq!(content(&mut followed).await, json!({"n": 1}));
    tasks.refound(&id("a")).await.unwrap();
    assert_eq!(content(&mut followed).await, json!({"n": 1}));
    site.node.shutdown().await.unwrap();
    assert_eq!(next(&mut followed).await, None);
    assert_eq!(next(&mut tasks.watch_document(&id("a"))).await, None);
}

#[tokio::test]
async fn changes_that_come_faster_than_they_are_taken_are_told_as_one() {
    let (_site, _space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"n": 0}))).await.unwrap();
    let (mut quick, mut slow) = (tasks.watch_document(&id("a")), tasks.watch_document(&id("a")));
    assert_eq!(content(&mut slow).await, json!({"n": 0}));
    for n in 1..=10 {
        tasks.put(&id("a"), value(json!({"n": n}))).await.unwrap();
        assert_eq!(content(&mut quick).await, json!({"n": n}));
    }
    assert_eq!(content(&mut slow).await, json!({"n": 10}));
    tasks.put(&id("a"), value(json!({"n": 11}))).await.unwrap();
    assert_eq!(content(&mut slow).await, json!({"n": 11}));
}

#[derive(Default)]
struct Counted(AtomicUsize);

impl Wake for Counted {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn what_is_written_to_other_documents_wakes_nobody() {
    let (_site, space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
    let mut followed = tasks.watch_document(&id("a"));
    content(&mut followed).await;
    let woken = Arc::new(Counted::default());
    {
        let mut waiting = pin!(followed.next());
        let waker = Waker::from(woken.clone());
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let others = space.collection("others").unwrap();
        for n in 0..10 {
            tasks.put(&id("b"), value(json!({"n": n}))).await.unwrap();
            others.put(&id("a"), value(json!({"n": n}))).await.unwrap();
        }
        assert_eq!(woken.0.load(Ordering::SeqCst), 0);
        tasks.put(&id("a"), value(json!({"n": 2}))).await.unwrap();
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    }
    // What was asked for and given up is not lost.
    assert_eq!(content(&mut followed).await, json!({"n": 2}));
}

#[tokio::test]
async fn it_waits_while_the_node_is_suspended() {
    let (site, _space, tasks) = tasks().await;
    tasks.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
    let (mut old, mut new) = (tasks.watch_document(&id("a")), tasks.watch_document(&id("a")));
    assert_eq!(content(&mut old).await, json!({"n": 1}));
    site.node.suspend(DEADLINE).await.unwrap();
    let resumed = async {
        tokio::task::yield_now().await;
        site.node.resume().await.unwrap();
        tasks.put(&id("a"), value(json!({"n": 2}))).await.unwrap();
    };
    let (first, changed, ()) = tokio::join!(next(&mut new), content(&mut old), resumed);
    assert!(first.unwrap().into_present().is_some());
    assert_eq!(changed, json!({"n": 2}));

    site.node.suspend(DEADLINE).await.unwrap();
    let (end, shut_down) = tokio::join!(next(&mut old), site.node.shutdown());
    shut_down.unwrap();
    assert_eq!(end, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_from_another_device_is_told() {
    let [ann, ben] = devices().await;
    let here = ann.node.space("farm").unwrap().collection("tasks").unwrap();
    let there = ben.node.space("farm").unwrap().collection("tasks").unwrap();
    let mut followed = there.watch_document(&id("a"));
    assert_eq!(next(&mut followed).await, Some(DocumentState::Missing));
    here.put(&id("a"), value(json!({"n": 1}))).await.unwrap();
    meet(&ann.node, &ben.node).await;
    assert_eq!(content(&mut followed).await, json!({"n": 1}));
}
