//! Row 10: an edit here, committed and announced there, over loopback.

use std::time::Instant;

use dunlin::Durability;
use quinn::{RecvStream, SendStream};
use tempfile::tempdir;
use tokio::sync::mpsc;

use super::{Setting, edits::set_minutes};
use crate::{
    Result,
    floor::{documents::BareDocument, quic, sqlite::PlainStore},
    measure::Sample,
    product::Product,
    table::{Bar, Outcome},
    task::{EDITED, Task},
};

/// Edits of one run, after some that warm up.
const EDITS: usize = 1_000;
const WARM_UP: usize = 50;

/// Row 10.
pub(super) fn edit(setting: &Setting) -> Result<Vec<Outcome>> {
    let [mut round_trips, mut bare, mut ours] = [const { Vec::new() }; 3];
    for _ in 0..setting.runs {
        round_trips.push(setting.runtime.block_on(stream_round_trips())?);
        bare.push(setting.runtime.block_on(bare_chain())?);
        ours.push(setting.runtime.block_on(our_chain())?);
    }
    let at = |part: f64, runs: &[Sample]| {
        Sample::new(runs.iter().map(|run| run.quantile(part)).collect())
    };
    let outcome = |what: &str, floor, ours, must, goal| Outcome {
        row: 10,
        what: format!("edit here → announced there, {what}"),
        unit: "µs",
        floor: Some(floor),
        ours,
        must: Bar::Times(must),
        goal: Bar::Times(goal),
    };
    Ok(vec![
        outcome("p50, to a round trip", at(0.5, &round_trips), at(0.5, &ours), 5.0, 3.0),
        outcome("p99, to bare parts", at(0.99, &bare), at(0.99, &ours), 3.0, 1.5),
    ])
}

/// Round trips of 200 bytes on one QUIC stream.
async fn stream_round_trips() -> Result<Sample> {
    let (here, there) = (quic::endpoint(1)?, quic::endpoint(2)?);
    let to = there.local_addr()?;
    let echo = tokio::spawn(async move {
        let connection = quic::answer(&there).await.ok()?;
        let (mut back, mut stream) = connection.accept_bi().await.ok()?;
        while let Ok(message) = quic::receive(&mut stream).await {
            quic::send(&mut back, &message).await.ok()?;
        }
        Some(())
    });
    let connection = quic::dial(&here, to).await?;
    let (mut stream, mut back) = connection.open_bi().await?;
    let mut times = Vec::new();
    for round in 0..EDITS + WARM_UP {
        let start = Instant::now();
        quic::send(&mut stream, &[7; 200]).await?;
        quic::receive(&mut back).await?;
        if round >= WARM_UP {
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    connection.close(0u32.into(), b"");
    echo.await?;
    Ok(Sample::new(times))
}

/// Edit, commit, send; receive, apply, commit: the bare parts.
async fn bare_chain() -> Result<Sample> {
    let dir = tempdir()?;
    let (here, there) = (quic::endpoint(1)?, quic::endpoint(2)?);
    let to = there.local_addr()?;
    let (announce, mut announced) = mpsc::unbounded_channel();
    let task = Task::new(0);
    let created = BareDocument::new(1)?.set(task.fields());
    let theirs = Replica::create(&dir.path().join("there.sqlite"), &task, &created, 2)?;
    let mut ours = Replica::create(&dir.path().join("here.sqlite"), &task, &created, 3)?;
    let peer = tokio::spawn(async move {
        let connection = quic::answer(&there).await.ok()?;
        let stream = connection.accept_uni().await.ok()?;
        receive_edits(stream, theirs, &announce).await.ok()
    });
    let connection = quic::dial(&here, to).await?;
    let mut stream: SendStream = connection.open_uni().await?;
    let mut times = Vec::new();
    for edit in 0..EDITS + WARM_UP {
        let start = Instant::now();
        let delta = ours.document.set([(EDITED.to_owned(), (edit as f64).into())]);
        ours.store(&delta)?;
        quic::send(&mut stream, &delta).await?;
        let end: Instant = announced.recv().await.ok_or("the peer is gone")?;
        if edit >= WARM_UP {
            times.push((end - start).as_secs_f64() * 1e6);
        }
    }
    connection.close(0u32.into(), b"");
    peer.await?;
    Ok(Sample::new(times))
}

async fn receive_edits(
    mut stream: RecvStream,
    mut replica: Replica,
    announce: &mpsc::UnboundedSender<Instant>,
) -> Result<()> {
    loop {
        let delta = quic::receive(&mut stream).await?;
        replica.document.apply(&delta)?;
        replica.store(&delta)?;
        announce.send(Instant::now())?;
    }
}

/// One document, in yrs and in plain SQLite.
struct Replica {
    document: BareDocument,
    store: PlainStore,
    json: String,
}

impl Replica {
    fn create(path: &std::path::Path, task: &Task, created: &[u8], client: u64) -> Result<Self> {
        let document = BareDocument::load(client, [created])?;
        let json = task.json.to_string();
        let mut store = PlainStore::create(path, false)?;
        store.commit(|store| store.insert_document(1, &task.id, &json))?;
        Ok(Self { document, store, json })
    }

    fn store(&mut self, delta: &[u8]) -> Result<()> {
        let json = &self.json;
        self.store.commit(|store| {
            store.append(1, delta)?;
            store.update_document(1, json)?;
            store.announce(1, EDITED)
        })
    }
}

/// The product: an edit at one node until the other's change feed tells of it.
pub(super) async fn our_chain() -> Result<Sample> {
    let dir = tempdir()?;
    let here = Product::create(&dir.path().join("here"), Durability::Relaxed).await?;
    let there = here.join(&dir.path().join("there"), Durability::Relaxed).await?;
    let (id, value) = Task::new(0).patch()?;
    let tasks = here.tasks()?;
    tasks.put(&id, value).await?;
    there.dial(here.listen().await?).await?;
    here.until_in_sync().await?;
    there.until_in_sync().await?;

    let (announce, mut announced) = mpsc::unbounded_channel();
    let mut feed = there.space.changes_after(None);
    let watcher = tokio::spawn(async move {
        while let Ok(Some(events)) = feed.next().await {
            for _ in events {
                announce.send(Instant::now()).ok()?;
            }
        }
        Some(())
    });
    let mut times = Vec::new();
    for edit in 0..EDITS + WARM_UP {
        let start = Instant::now();
        tasks.edit(&id, vec![set_minutes(edit as i64 + 1_000)?], None).await?;
        let end: Instant = announced.recv().await.ok_or("the watcher is gone")?;
        if edit >= WARM_UP {
            times.push((end - start).as_secs_f64() * 1e6);
        }
    }
    here.close().await?;
    there.close().await?;
    watcher.await?;
    Ok(Sample::new(times))
}
