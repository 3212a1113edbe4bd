//! Rows 11 to 13: two nodes meet, and the one lacks everything, nothing, or one document.

use std::{path::Path, time::Instant};

use dunlin::Durability;
use quinn::{Connection, Endpoint};
use tempfile::{TempDir, tempdir};
use tokio::task::JoinHandle;

use super::{
    Setting,
    documents::{BATCH, fill},
    edits::set_minutes,
};
use crate::{
    Result,
    floor::{documents::BareDocument, quic, sqlite::PlainStore},
    measure::{Sample, in_turns},
    product::Product,
    relay::Relay,
    table::{Bar, Outcome},
    task::{EDITED, MANY, Task},
};

/// The larger of the two sizes at which nothing is exchanged.
const MORE: usize = 100_000;

/// Row 11.
pub(super) fn empty_peer(setting: &Setting) -> Result<Vec<Outcome>> {
    let tasks = Task::many(MANY);
    let updates = tasks.iter().map(|task| Ok(BareDocument::new(1)?.set(task.fields())));
    let updates = updates.collect::<Result<Vec<_>>>()?;
    let full = setting.runtime.block_on(Full::new(&tasks))?;
    let (floor, time) = in_turns(
        setting.runs,
        || setting.runtime.block_on(bare_catch_up(&tasks, &updates)),
        || setting.runtime.block_on(full.catch_up(false)),
    )?;
    let payload = updates.iter().map(Vec::len).sum::<usize>();
    let bytes = setting.runtime.block_on(full.catch_up(true))?;
    Ok(vec![
        Outcome {
            row: 11,
            what: "10,000 documents to an empty durable peer".to_owned(),
            unit: "ms",
            floor: Some(floor),
            ours: time,
            must: Bar::Times(3.0),
            goal: Bar::Times(1.5),
        },
        Outcome {
            row: 11,
            what: "the same: bytes on the wire, to the payload".to_owned(),
            unit: "kB",
            floor: Some(Sample::exact(payload as f64 / 1e3)),
            ours: Sample::exact(bytes / 1e3),
            must: Bar::Times(1.1),
            goal: Bar::Times(0.5),
        },
    ])
}

/// Row 12.
pub(super) fn nothing(setting: &Setting) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for count in [MANY, MORE] {
        let pair = setting.runtime.block_on(Pair::new(&Task::many(count)))?;
        let (floor, time) = in_turns(
            setting.runs,
            || setting.runtime.block_on(bare_digests()),
            || setting.runtime.block_on(pair.meet()),
        )?;
        let (handshake, bytes) = in_turns(
            setting.runs,
            || setting.runtime.block_on(bare_handshake_bytes()),
            || setting.runtime.block_on(pair.meet_counted()),
        )?;
        outcomes.push(Outcome {
            row: 12,
            what: format!("nothing to exchange, {count} documents"),
            unit: "ms",
            floor: Some(floor),
            ours: time,
            must: Bar::Times(3.0),
            goal: Bar::Times(1.5),
        });
        outcomes.push(Outcome {
            row: 12,
            what: format!("the same, {count}: bytes, to a handshake's"),
            unit: "B",
            floor: Some(handshake),
            ours: bytes,
            must: Bar::Over(1_500.0),
            goal: Bar::Over(600.0),
        });
    }
    Ok(outcomes)
}

/// Row 13.
pub(super) fn one_document(setting: &Setting) -> Result<Vec<Outcome>> {
    let pair = setting.runtime.block_on(Pair::new(&Task::many(MANY)))?;
    let mut minutes = 0;
    let (handshake, bytes) = in_turns(
        setting.runs,
        || setting.runtime.block_on(bare_handshake_bytes()),
        || {
            minutes += 1;
            setting.runtime.block_on(pair.meet_after_edit(minutes))
        },
    )?;
    let edited = BareDocument::new(1)?;
    edited.set(Task::new(0).fields());
    let difference = edited.set([(EDITED.to_owned(), 1.0.into())]).len();
    Ok(vec![Outcome {
        row: 13,
        what: format!("1 of 10,000 differs ({difference} B): bytes, to a handshake's"),
        unit: "B",
        floor: Some(handshake),
        ours: bytes,
        must: Bar::Over(6_000.0),
        goal: Bar::Over(2_000.0),
    }])
}

/// A node with documents, that listens.
struct Full {
    dir: TempDir,
    product: Product,
    count: usize,
}

impl Full {
    async fn new(tasks: &[Task]) -> Result<Self> {
        let dir = tempdir()?;
        let product = Product::create(&dir.path().join("full"), Durability::Relaxed).await?;
        fill(&product, tasks).await?;
        Ok(Self { dir, product, count: tasks.len() })
    }

    /// A fresh peer joins and fetches everything; milliseconds, or bytes if they are counted.
    async fn catch_up(&self, counted: bool) -> Result<f64> {
        let dir = tempfile::tempdir_in(self.dir.path())?;
        let peer = self.product.join(dir.path(), Durability::Relaxed).await?;
        let address = self.product.listen().await?;
        let relay = Relay::start(address).await?;
        let start = Instant::now();
        peer.dial(if counted { relay.address() } else { address }).await?;
        peer.until_in_sync().await?;
        let time = start.elapsed();
        let bytes = relay.bytes();
        let rows = peer.space.query(crate::task::TASKS_QUERY, &[]).await?;
        if rows.rows.first().and_then(|row| row.first()?.as_u64()) != Some(self.count as u64) {
            return Err("the peer says it is in sync, and lacks documents".into());
        }
        peer.close().await?;
        Ok(if counted { bytes as f64 } else { time.as_secs_f64() * 1e3 })
    }
}

/// Two nodes with the same documents, not connected.
struct Pair {
    full: Full,
    peer: Product,
}

impl Pair {
    async fn new(tasks: &[Task]) -> Result<Self> {
        let full = Full::new(tasks).await?;
        let peer = full.product.join(&full.dir.path().join("peer"), Durability::Relaxed).await?;
        let pair = Self { full, peer };
        pair.meet().await?;
        Ok(pair)
    }

    /// Milliseconds from dialling to in sync.
    async fn meet(&self) -> Result<f64> {
        let address = self.full.product.listen().await?;
        let start = Instant::now();
        self.peer.dial(address).await?;
        self.peer.until_in_sync().await?;
        let time = start.elapsed();
        self.part().await;
        Ok(time.as_secs_f64() * 1e3)
    }

    /// Bytes from dialling until both are in sync and the wire is quiet.
    async fn meet_counted(&self) -> Result<f64> {
        let relay = Relay::start(self.full.product.listen().await?).await?;
        self.peer.dial(relay.address()).await?;
        self.peer.until_in_sync().await?;
        self.full.product.until_in_sync().await?;
        let bytes = relay.settled_bytes().await;
        self.part().await;
        Ok(bytes as f64)
    }

    async fn meet_after_edit(&self, minutes: i64) -> Result<f64> {
        let (id, _) = Task::new(MANY / 2).patch()?;
        let edits = vec![set_minutes(minutes + 1_000)?];
        self.full.product.tasks()?.edit(&id, edits, None).await?;
        let bytes = self.meet_counted().await?;
        let [here, there] = [&self.full.product, &self.peer];
        let [here, there] = [here.tasks()?.get(&id).await?, there.tasks()?.get(&id).await?];
        if here.value != there.value {
            return Err("the nodes say they are in sync, and differ".into());
        }
        Ok(bytes)
    }

    async fn part(&self) {
        self.peer.node.stop_sync().await;
        self.full.product.node.stop_sync().await;
    }
}

/// The bare parts: each document in turn over one stream, applied, and committed by the hundred.
async fn bare_catch_up(tasks: &[Task], updates: &[Vec<u8>]) -> Result<f64> {
    let dir = tempdir()?;
    let path = dir.path().join("there.sqlite");
    let there = quic::endpoint(2)?;
    let to = there.local_addr()?;
    let tasks: Vec<(String, String)> =
        tasks.iter().map(|task| (task.id.clone(), task.json.to_string())).collect();
    let peer = tokio::spawn(async move {
        let done = receive_all(&there, &path, &tasks).await.map_err(|error| error.to_string());
        there.wait_idle().await;
        done
    });
    let start = Instant::now();
    let here = quic::endpoint(1)?;
    let connection = quic::dial(&here, to).await?;
    let mut stream = connection.open_uni().await?;
    for update in updates {
        quic::send(&mut stream, update).await?;
    }
    stream.finish()?;
    let mut done = connection.accept_uni().await?;
    quic::receive(&mut done).await?;
    let time = start.elapsed();
    connection.close(0u32.into(), b"");
    peer.await??;
    Ok(time.as_secs_f64() * 1e3)
}

async fn receive_all(endpoint: &Endpoint, path: &Path, tasks: &[(String, String)]) -> Result<()> {
    let mut store = PlainStore::create(path, false)?;
    let connection = quic::answer(endpoint).await?;
    let mut stream = connection.accept_uni().await?;
    for (first, batch) in (0..).step_by(BATCH).zip(tasks.chunks(BATCH)) {
        let mut updates = Vec::with_capacity(batch.len());
        for _ in batch {
            updates.push(quic::receive(&mut stream).await?);
        }
        store.commit(|store| {
            for ((row, update), (id, json)) in (first..).zip(&updates).zip(batch) {
                BareDocument::load(2, [update.as_slice()])?;
                store.insert_document(row, id, json)?;
                store.append(row, update)?;
            }
            Ok(())
        })?;
    }
    let mut done = connection.open_uni().await?;
    quic::send(&mut done, b"done").await?;
    connection.closed().await;
    Ok(())
}

/// A handshake and 32 bytes each way; milliseconds.
async fn bare_digests() -> Result<f64> {
    let (address, peer) = bare_peer()?;
    let start = Instant::now();
    let here = quic::endpoint(1)?;
    let connection = quic::dial(&here, address).await?;
    let (mut stream, mut back) = connection.open_bi().await?;
    quic::send(&mut stream, &[7; 32]).await?;
    quic::receive(&mut back).await?;
    let time = start.elapsed();
    connection.close(0u32.into(), b"");
    peer.await?;
    Ok(time.as_secs_f64() * 1e3)
}

/// What a handshake costs with nothing said afterwards.
async fn bare_handshake_bytes() -> Result<f64> {
    let (address, peer) = bare_peer()?;
    let relay = Relay::start(address).await?;
    let here = quic::endpoint(1)?;
    let connection = quic::dial(&here, relay.address()).await?;
    let bytes = relay.settled_bytes().await;
    connection.close(0u32.into(), b"");
    peer.await?;
    Ok(bytes as f64)
}

/// Answers one call, and one message if one comes.
fn bare_peer() -> Result<(std::net::SocketAddr, JoinHandle<Option<Connection>>)> {
    let endpoint = quic::endpoint(2)?;
    let address = endpoint.local_addr()?;
    let peer = tokio::spawn(async move {
        let connection = quic::answer(&endpoint).await.ok()?;
        if let Ok((mut back, mut stream)) = connection.accept_bi().await {
            let message = quic::receive(&mut stream).await.ok()?;
            quic::send(&mut back, &message).await.ok()?;
        }
        connection.closed().await;
        Some(connection)
    });
    Ok((address, peer))
}
