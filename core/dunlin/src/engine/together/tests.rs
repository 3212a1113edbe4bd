use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use dunlin_model::{
    DeviceId, DeviceKind, Document, Edit, Incarnation, ListKeys, SpaceId, StateVector, Value,
};
use dunlin_proto::session::DocUpdate;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    sync::oneshot::{self, Receiver},
    time::timeout,
};

use super::*;
use crate::{
    Config, Engines,
    engine::{EngineHandle, EngineOrigin, Identity, Operation, Origin},
    error::Code,
};

const DEADLINE: Duration = Duration::from_secs(60);

/// An engine on a clock that stands still while it works.
async fn engine() -> (EngineHandle, TempDir) {
    let dir = TempDir::new().unwrap();
    let identity = Identity {
        device_name: "here".into(),
        device: DeviceId([1; 32]),
        kind: DeviceKind::Human,
        space_name: "farm".to_owned(),
        may_write: Arc::new(AtomicBool::new(true)),
    };
    let origin = EngineOrigin {
        path: dir.path().join("farm.sqlite"),
        space: SpaceId([3; 32]),
        identity,
        config: Config { engines: Engines::Tasks, ..Config::default() },
        guard: Arc::new(()),
    };
    (EngineHandle::start(origin).await.unwrap(), dir)
}

fn doc(key: &str) -> DocId {
    DocId::parse("tasks", key).unwrap()
}

/// What another device has written: the document's beginning, and what builds on it.
fn theirs(key: &str) -> [DocUpdate; 2] {
    let mut document = Document::new(Incarnation::from_random([9; 8]));
    let mut put = |n: i64| {
        let value = Value::from_json(&json!({ "n": n })).unwrap();
        let change = document.merge(&value, None, &ListKeys::new(), n).unwrap();
        let (state_vector, digest) = (None, None);
        let update = change.update.into();
        DocUpdate { doc: doc(key), generation: 0, state_vector, digest, update }
    };
    [put(1), put(2)]
}

fn broken(key: &str) -> DocUpdate {
    DocUpdate { update: vec![0xff; 9].into(), ..theirs(key)[0].clone() }
}

/// Hands over what a peer committed.
async fn apply(
    engine: &EngineHandle,
    peer: u8,
    updates: &[DocUpdate],
    is_unit: bool,
) -> Receiver<Result<Vec<(DocId, Outcome)>>> {
    let (answer, answered) = oneshot::channel();
    let from =
        Origin { link: u64::from(peer), device: DeviceId([peer; 32]), kind: DeviceKind::Human };
    let reply = Box::new(move |outcomes| drop(answer.send(outcomes)));
    let updates = updates.to_vec();
    engine.apply(Apply { from, updates, is_live: true, is_unit, reply }).await.unwrap();
    answered
}

/// The outcomes in a letter each.
async fn heard(answer: Receiver<Result<Vec<(DocId, Outcome)>>>) -> String {
    let outcomes = timeout(DEADLINE, answer).await.unwrap().unwrap().unwrap();
    let letter = |(_, outcome): &(DocId, Outcome)| match outcome {
        Outcome::Applied { .. } => 'a',
        Outcome::Gap { .. } => 'g',
        Outcome::Undone => 'u',
        Outcome::Malformed { .. } => 'm',
        other => panic!("{other:?}"),
    };
    outcomes.iter().map(letter).collect()
}

async fn number(engine: &EngineHandle, key: &str) -> Option<serde_json::Value> {
    let read = engine.read_document(doc(key)).await.ok()?;
    Some(read.to_json()["n"].clone())
}

fn set(key: &str, n: i64) -> Order {
    let edits = vec![Edit::Set {
        path: "/n".parse().unwrap(),
        value: Value::from_json(&json!(n)).unwrap(),
    }];
    Order { doc: doc(key), operation: Operation::Edit { edits, base: None } }
}

#[tokio::test(start_paused = true)]
async fn of_a_peers_unit_nothing_stays_unless_all_of_it_can_be_applied() {
    let (engine, _dir) = engine().await;
    let ([a, more], [b, _], [_, late]) = (theirs("a"), theirs("b"), theirs("c"));
    let gap = [a.clone(), late, b.clone()];
    assert_eq!(heard(apply(&engine, 2, &gap, true).await).await, "ugu");
    let malformed = [a.clone(), broken("b")];
    assert_eq!(heard(apply(&engine, 2, &malformed, true).await).await, "um");
    assert_eq!((number(&engine, "a").await, number(&engine, "b").await), (None, None));
    let quarantined = engine.call(|engine| Ok(engine.store.quarantined()?)).await.unwrap();
    assert_eq!(quarantined.len(), 1, "the bytes that no honest peer sends are kept");
    assert_eq!(engine.call(|engine| Ok(engine.store.changes(0, 9)?)).await.unwrap(), []);

    let whole = [a, b, more];
    assert_eq!(heard(apply(&engine, 2, &whole, true).await).await, "aaa");
    assert_eq!(number(&engine, "a").await, Some(json!(2)));
    let batch = engine.call(|engine| Ok(engine.store.changes(0, 1)?)).await.unwrap();
    assert_eq!(batch.len(), 3, "one batch of the feed");
    // A document that is known keeps what it had.
    let [_, known] = theirs("a");
    assert_eq!(heard(apply(&engine, 2, &[known, broken("b")], true).await).await, "um");
    assert_eq!(number(&engine, "a").await, Some(json!(2)));
    let vectors = engine.call(|engine| engine.vectors(&[doc("c").hash()])).await.unwrap();
    assert_eq!(vectors[0].state_vector, StateVector::default());
}

/// A turn at this run, which has read `a`.
async fn at_run(engine: &EngineHandle, number: u32) -> Run {
    let mut run = engine.begin_turn().await.unwrap();
    for _ in 1..number {
        run = engine.turns().run_again(run).unwrap();
    }
    drop(engine.read_in_turn(run, doc("a"), Vec::new()).await);
    run
}

#[tokio::test(start_paused = true)]
async fn from_the_third_run_on_peers_wait_with_what_was_read() {
    let (engine, _dir) = engine().await;
    let ([a, more], [b, _], [c, _]) = (theirs("a"), theirs("b"), theirs("c"));
    let run = at_run(&engine, 2).await;
    assert_eq!(heard(apply(&engine, 2, &[a], false).await).await, "a");
    assert!(engine.turns().is_overtaken(run).unwrap());
    engine.give_back(run);

    let run = at_run(&engine, 3).await;
    let mut waits = apply(&engine, 2, &[more.clone(), b.clone()], false).await;
    let mut unit = apply(&engine, 3, &[c, more], true).await;
    // Another peer with another document does not, nor does this device.
    assert_eq!(heard(apply(&engine, 4, &[b], false).await).await, "a");
    assert!(waits.try_recv().is_err() && unit.try_recv().is_err());
    assert!(!engine.turns().is_overtaken(run).unwrap());
    engine.write(vec![set("a", 3)]).await.unwrap();
    assert!(engine.turns().is_overtaken(run).unwrap());
    engine.give_back(run);
    assert_eq!(heard(waits).await, "aa");
    assert_eq!(heard(unit).await, "aa");
}

#[tokio::test(start_paused = true)]
async fn in_the_fifth_run_everybody_waits_so_that_it_is_the_last() {
    let (engine, _dir) = engine().await;
    engine.write(vec![set("a", 1), set("b", 1)]).await.unwrap();
    let run = at_run(&engine, 5).await;
    let waiting = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.write(vec![set("a", 50)]).await })
    };
    // Comes behind it, and is let by.
    tokio::task::yield_now().await;
    engine.read_in_turn(run, doc("b"), Vec::new()).await.unwrap();
    let attempt = engine.commit_turn(run, vec![Arc::new(set("a", 40))]).await.unwrap();
    assert!(matches!(attempt, Attempt::Committed(_)), "{attempt:?}");
    assert!(!waiting.is_finished());
    engine.give_back(run);
    timeout(DEADLINE, waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(number(&engine, "a").await, Some(json!(50)), "it comes behind the turn");
    assert_eq!(engine.turns().run_again(run).unwrap_err().code(), Code::Busy);
}

#[tokio::test(start_paused = true)]
async fn what_had_to_wait_goes_on_when_a_turn_takes_too_long() {
    let (engine, _dir) = engine().await;
    let [a, _] = theirs("a");
    let run = at_run(&engine, 3).await;
    assert_eq!(heard(apply(&engine, 2, &[a], false).await).await, "a");
    let late = engine.commit_turn(run, vec![Arc::new(set("b", 1))]).await;
    assert_eq!(late.unwrap_err().code(), Code::Busy);
}
