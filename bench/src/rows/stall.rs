//! Row 26: how long a `get` of another document waits while the space does its worst jobs.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use dunlin::{
    CollectionHandle, DeviceId, DeviceKind, DocId, DocKey, Durability, Edit, ListKeys, Value,
};
use dunlin_store::{Change, Commit, Origin, Projection, ProjectionState, SpaceStore};
use tempfile::{TempDir, tempdir};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{
    Setting,
    bulk::{objects, shuffle},
    crowd::Crowd,
    wide::in_pieces,
};
use crate::{
    Result,
    measure::Sample,
    product::{Product, TASKS},
    table::{Bar, Outcome},
    task::Task,
};

/// Between two calls that are timed; a new one starts whether or not the last has been answered.
const TICK: Duration = Duration::from_millis(1);
/// What the jobs consist of.
const SETS: usize = 10_000;
const ITEMS: usize = 4_000;
const DOCUMENTS: usize = 10_000;
const TEXTS: usize = 4;
const CROWDS: usize = 3;
const WRITERS: u64 = 20_000;
const UPDATES: usize = 300;

/// Row 26.
pub(super) fn get(setting: &Setting) -> Result<Vec<Outcome>> {
    let text = in_pieces()?;
    let crowd = Crowd::gather(WRITERS, 0)?.state;
    let mut runs: [Vec<f64>; 5] = Default::default();
    for _ in 0..setting.runs {
        setting.runtime.block_on(async {
            runs[0].push(during_sets().await?);
            runs[1].push(during_shuffle().await?);
            runs[2].push(during_puts().await?);
            runs[3].push(during_query(&text).await?);
            runs[4].push(during_sync(&crowd).await?);
            Ok::<_, crate::Error>(())
        })?;
    }
    let jobs = [
        format!("{SETS} sets in one batch"),
        format!("a shuffled array of {ITEMS}"),
        format!("{DOCUMENTS} documents in one call"),
        format!("a query over {TEXTS} new texts of 1 MB"),
        format!("{CROWDS} × {WRITERS} writers from a peer, {UPDATES} edits"),
    ];
    let outcome = |(job, runs)| Outcome {
        row: 26,
        what: format!("get, p99 during {job}"),
        unit: "ms",
        floor: None,
        ours: Sample::new(runs),
        must: Bar::AtMost(50.0),
        goal: Bar::AtMost(10.0),
    };
    Ok(jobs.into_iter().zip(runs).map(outcome).collect())
}

async fn during_sets() -> Result<f64> {
    let node = Watched::create().await?;
    let id: DocKey = "sets".parse()?;
    node.tasks.put(&id, Value::Object(BTreeMap::new())).await?;
    let set = |number: usize| {
        let path = format!("/field{number}").parse()?;
        Ok(Edit::Set { path, value: Value::Int(number as i64) })
    };
    let edits: Vec<Edit> = (0..SETS).map(set).collect::<Result<_>>()?;
    let job = async {
        node.tasks.edit(&id, edits, None).await?;
        Ok(())
    };
    let waits = node.waits_during(job).await?;
    node.close(waits).await
}

async fn during_shuffle() -> Result<f64> {
    let node = Watched::create().await?;
    let id: DocKey = "shuffled".parse()?;
    let mut order: Vec<usize> = (0..ITEMS).collect();
    let document = |order: &[usize]| {
        let items = order.iter().map(|number| objects(*number)).collect();
        Value::Object(BTreeMap::from([("items".to_owned(), Value::List(items))]))
    };
    node.tasks.put(&id, document(&order)).await?;
    shuffle(&mut order);
    let job = async {
        node.tasks.put(&id, document(&order)).await?;
        Ok(())
    };
    let waits = node.waits_during(job).await?;
    node.close(waits).await
}

async fn during_puts() -> Result<f64> {
    let node = Watched::create().await?;
    let tasks = Task::many(DOCUMENTS);
    let patches = tasks.iter().map(Task::patch).collect::<Result<Vec<_>>>()?;
    let job = async {
        node.tasks.put_many(patches, ListKeys::default()).await?;
        Ok(())
    };
    let waits = node.waits_during(job).await?;
    node.close(waits).await
}

async fn during_query(text: &[u8]) -> Result<f64> {
    let node = Watched::create().await?.with_planted(text, TEXTS).await?;
    let query = format!("SELECT sum(length(doc)) FROM {TASKS}");
    let job = async {
        node.product.space.query(&query, &[]).await?;
        Ok(())
    };
    let waits = node.waits_during(job).await?;
    node.close(waits).await
}

async fn during_sync(crowd: &[u8]) -> Result<f64> {
    let node = Watched::create().await?;
    let there = tempdir()?;
    let peer = node.product.join(there.path(), Durability::Relaxed).await?;
    let peer = planted(peer, there.path(), crowd, CROWDS).await?;
    let (end, address): (DocKey, _) = ("end".parse()?, node.product.listen().await?);
    let job = async {
        peer.dial(address).await?;
        peer.until_in_sync().await?;
        let theirs = peer.tasks()?;
        for number in 0..UPDATES {
            let value = Value::String(format!("{number:050}"));
            let edit = Edit::Set { path: "/peer".parse()?, value };
            theirs.edit(&planted_key(number % CROWDS)?, vec![edit], None).await?;
        }
        theirs.put(&end, Value::Object(BTreeMap::new())).await?;
        while node.tasks.get(&end).await.is_err() {
            sleep(TICK).await;
        }
        Ok(())
    };
    let waits = node.waits_during(job).await?;
    peer.close().await?;
    node.close(waits).await
}

/// A node with a document that is asked for again and again.
struct Watched {
    dir: TempDir,
    product: Product,
    tasks: CollectionHandle,
    asked: DocKey,
}

impl Watched {
    async fn create() -> Result<Self> {
        let dir = tempdir()?;
        let product = Product::create(dir.path(), Durability::Relaxed).await?;
        let (tasks, (asked, value)) = (product.tasks()?, Task::new(DOCUMENTS).patch()?);
        tasks.put(&asked, value).await?;
        Ok(Self { dir, product, tasks, asked })
    }

    /// Opens the node anew, with more documents.
    async fn with_planted(self, state: &[u8], count: usize) -> Result<Self> {
        let Self { dir, product, asked, .. } = self;
        let product = planted(product, dir.path(), state, count).await?;
        let tasks = product.tasks()?;
        tasks.get(&asked).await?;
        Ok(Self { dir, product, tasks, asked })
    }

    /// How many milliseconds the calls took that began while the job ran.
    async fn waits_during(&self, job: impl Future<Output = Result<()>>) -> Result<Sample> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut job = std::pin::pin!(job);
        let mut calls = Vec::new();
        loop {
            tokio::select! {
                biased;
                done = &mut job => {
                    done?;
                    break;
                }
                _ = ticks.tick() => {
                    let (tasks, asked) = (self.tasks.clone(), self.asked.clone());
                    let start = Instant::now();
                    calls.push(tokio::spawn(async move {
                        tasks.get(&asked).await.map(|_| start.elapsed())
                    }));
                }
            }
        }
        let mut waits = vec![0.0];
        for call in calls {
            waits.push(call.await??.as_secs_f64() * 1e3);
        }
        Ok(Sample::new(waits))
    }

    async fn close(self, waits: Sample) -> Result<f64> {
        self.product.close().await?;
        Ok(waits.quantile(0.99))
    }
}

/// Closes a node, puts documents into its file that no call could make, and opens it again.
async fn planted(product: Product, dir: &Path, state: &[u8], count: usize) -> Result<Product> {
    let file = dir.join("spaces").join(format!("{}.sqlite", product.space.id()));
    product.close().await?;
    let mut store = SpaceStore::open(&file, dunlin_store::Durability::Relaxed)?;
    store.write(|writer| {
        for number in 0..count {
            let doc = DocId { collection: TASKS.parse()?, key: planted_key(number)? };
            let (state_of_row, deleted) = (ProjectionState::Dirty, false);
            let projection = Projection { state: state_of_row, deleted, has_conflicts: false };
            let (device, kind) = (DeviceId([7; 32]), DeviceKind::Human);
            let change =
                Change { paths: Vec::new(), device, kind, origin: Origin::Remote, time_ms: 0 };
            let commit = Commit { update: state, projection, change, digest: None };
            writer.create(&doc, 0, commit)?;
        }
        Ok::<_, crate::Error>(())
    })?;
    store.close()?;
    Product::open(dir, Durability::Relaxed).await
}

fn planted_key(number: usize) -> Result<DocKey> {
    Ok(format!("planted{number}").parse()?)
}
