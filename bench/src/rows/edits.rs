//! Rows 1 to 4: a durable edit of a long text, and of one field.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use dunlin::{CollectionHandle, DocKey, Durability, Edit, Value};
use tempfile::tempdir;
use tokio::runtime::Runtime;

use super::{Setting, history};
use crate::{
    Result,
    floor::{documents::BareDocument, sqlite::PlainStore},
    measure::{Sample, in_turns},
    product::{Product, copy_dir},
    table::{Bar, Outcome},
    task::{EDITED, Task},
    trace::{Splice, Trace},
};

/// Edits of one run, Relaxed; fewer where each waits for the disk.
const EDITS: usize = 2_000;
const FLUSHED_EDITS: usize = 200;
/// Edits of one transaction in row 4, and transactions of one run.
const BATCH: usize = 64;
const BATCHES: usize = 40;
/// Documents that the edits of a field go round.
const DOCUMENTS: usize = 100;

/// A text that bare yrs has written along the trace.
pub(super) struct Paper {
    pub(super) snapshot: Vec<u8>,
}

impl Setting {
    /// The trace's text in bare yrs, written once.
    pub(super) fn paper(&self) -> Result<&Paper> {
        if self.paper.get().is_none() {
            let document = BareDocument::new(1)?;
            for edits in self.trace.edits.chunks(1_000) {
                document.splice(edits);
            }
            let snapshot = document.snapshot();
            return Ok(self.paper.get_or_init(|| Paper { snapshot }));
        }
        self.paper.get().ok_or_else(|| "the paper is gone".into())
    }
}

/// Row 1.
pub(super) fn text(setting: &Setting) -> Result<Vec<Outcome>> {
    let edits = Trace::continuation(setting.trace.text.len(), EDITS, 2);
    let paper = setting.paper()?;
    let history = setting.history()?;
    let (floor, ours) = in_turns(
        setting.runs,
        || bare_text(&paper.snapshot, &edits),
        || our_text(&setting.runtime, history.dir(), Durability::Relaxed, &edits),
    )?;
    Ok(vec![Outcome {
        row: 1,
        what: "text edit in 100 kB, one commit, relaxed".to_owned(),
        unit: "µs",
        floor: Some(floor),
        ours,
        must: Bar::Times(1.5),
        goal: Bar::Times(1.1),
    }])
}

/// Row 2.
pub(super) fn field(setting: &Setting) -> Result<Vec<Outcome>> {
    let (floor, ours) = in_turns(
        setting.runs,
        || bare_fields(EDITS),
        || our_fields(&setting.runtime, Durability::Relaxed, EDITS),
    )?;
    Ok(vec![Outcome {
        row: 2,
        what: "edit of 1 field of 10, one commit, relaxed".to_owned(),
        unit: "µs",
        floor: Some(floor),
        ours,
        must: Bar::Times(2.0),
        goal: Bar::Times(1.3),
    }])
}

/// Row 3.
pub(super) fn flushed(setting: &Setting) -> Result<Vec<Outcome>> {
    let edits = Trace::continuation(setting.trace.text.len(), FLUSHED_EDITS, 2);
    let history = setting.history()?;
    let text = in_turns(
        setting.runs,
        || flushed_rows(None, FLUSHED_EDITS),
        || our_text(&setting.runtime, history.dir(), Durability::Flushed, &edits),
    )?;
    let json = Task::new(0).json.to_string();
    let field = in_turns(
        setting.runs,
        || flushed_rows(Some(&json), FLUSHED_EDITS),
        || our_fields(&setting.runtime, Durability::Flushed, FLUSHED_EDITS),
    )?;
    let outcome = |what: &str, (floor, ours)| Outcome {
        row: 3,
        what: format!("edit of {what}, one commit, flushed"),
        unit: "µs",
        floor: Some(floor),
        ours,
        must: Bar::Times(1.3),
        goal: Bar::Times(1.1),
    };
    Ok(vec![outcome("a text", text), outcome("1 field of 10", field)])
}

/// Row 4.
pub(super) fn batch(setting: &Setting) -> Result<Vec<Outcome>> {
    let edits = Trace::continuation(setting.trace.text.len(), BATCH * BATCHES, 2);
    let paper = setting.paper()?;
    let history = setting.history()?;
    let (floor, ours): (Sample, Sample) = in_turns(
        setting.runs,
        || bare_batches(&paper.snapshot, &edits),
        || our_batches(&setting.runtime, history.dir(), &edits),
    )?;
    Ok(vec![Outcome {
        row: 4,
        what: "text edit, 64 in one transaction".to_owned(),
        unit: "µs",
        floor: Some(floor),
        ours,
        must: Bar::Times(1.3),
        goal: Bar::Times(1.1),
    }])
}

fn bare_text(snapshot: &[u8], edits: &[Splice]) -> Result<f64> {
    let dir = tempdir()?;
    let document = BareDocument::load(2, [snapshot])?;
    let mut store = PlainStore::create(&dir.path().join("plain.sqlite"), false)?;
    let start = Instant::now();
    for edit in edits {
        let delta = document.splice(std::slice::from_ref(edit));
        store.commit(|store| store.append(1, &delta))?;
    }
    Ok(micros_each(start.elapsed(), edits.len()))
}

fn bare_batches(snapshot: &[u8], edits: &[Splice]) -> Result<f64> {
    let document = BareDocument::load(2, [snapshot])?;
    let start = Instant::now();
    for batch in edits.chunks(BATCH) {
        document.splice(batch);
    }
    Ok(micros_each(start.elapsed(), edits.len()))
}

fn bare_fields(edits: usize) -> Result<f64> {
    let dir = tempdir()?;
    let mut store = PlainStore::create(&dir.path().join("plain.sqlite"), false)?;
    let mut documents = Vec::new();
    for (row, task) in (0_i64..).zip(Task::many(DOCUMENTS)) {
        let document = BareDocument::new(row as u64 + 1)?;
        document.set(task.fields());
        let json = task.json.to_string();
        store.commit(|store| store.insert_document(row, &task.id, &json))?;
        documents.push((document, row, json));
    }
    let start = Instant::now();
    for edit in 0..edits {
        let (document, row, json) = &documents[edit % DOCUMENTS];
        let delta = document.set([(EDITED.to_owned(), (edit as f64).into())]);
        store.commit(|store| {
            store.append(*row, &delta)?;
            store.update_document(*row, json)?;
            store.announce(*row, EDITED)
        })?;
    }
    Ok(micros_each(start.elapsed(), edits))
}

/// The rows of a commit alone: an update, the projection or the mark that it is stale, the feed.
fn flushed_rows(json: Option<&str>, edits: usize) -> Result<f64> {
    let dir = tempdir()?;
    let mut store = PlainStore::create(&dir.path().join("plain.sqlite"), true)?;
    store.commit(|store| store.insert_document(1, "id", json.unwrap_or_default()))?;
    let update = if json.is_some() { [7; 60].as_slice() } else { [7; 15].as_slice() };
    let start = Instant::now();
    for _ in 0..edits {
        store.commit(|store| {
            store.append(1, update)?;
            store.update_document(1, json.unwrap_or_default())?;
            store.announce(1, EDITED)
        })?;
    }
    Ok(micros_each(start.elapsed(), edits))
}

fn our_text(
    runtime: &Runtime,
    history: &Path,
    durability: Durability,
    edits: &[Splice],
) -> Result<f64> {
    on_paper(runtime, history, durability, async |papers, paper| {
        let start = Instant::now();
        for edit in edits {
            papers.edit(&paper, vec![history::edit(edit)?], None).await?;
        }
        Ok(micros_each(start.elapsed(), edits.len()))
    })
}

fn our_batches(runtime: &Runtime, history: &Path, edits: &[Splice]) -> Result<f64> {
    on_paper(runtime, history, Durability::Relaxed, async |papers, paper| {
        let start = Instant::now();
        for batch in edits.chunks(BATCH) {
            let batch = batch.iter().map(history::edit).collect::<Result<_>>()?;
            papers.edit(&paper, batch, None).await?;
        }
        Ok(micros_each(start.elapsed(), edits.len()))
    })
}

/// Opens a copy of the node that holds the paper, and the paper, before the work begins.
fn on_paper(
    runtime: &Runtime,
    history: &Path,
    durability: Durability,
    work: impl AsyncFnOnce(CollectionHandle, DocKey) -> Result<f64>,
) -> Result<f64> {
    let dir = tempdir()?;
    copy_dir(history, dir.path())?;
    runtime.block_on(async {
        let product = Product::open(dir.path(), durability).await?;
        let papers = product.space.collection(history::PAPERS)?;
        let paper: DocKey = history::PAPER.parse()?;
        papers.get(&paper).await?;
        let figure = work(papers, paper).await?;
        product.close().await?;
        Ok(figure)
    })
}

fn our_fields(runtime: &Runtime, durability: Durability, edits: usize) -> Result<f64> {
    let dir = tempdir()?;
    runtime.block_on(async {
        let product = Product::create(dir.path(), durability).await?;
        let tasks = product.tasks()?;
        let mut ids = Vec::new();
        for task in Task::many(DOCUMENTS) {
            let (id, value) = task.patch()?;
            tasks.put(&id, value).await?;
            ids.push(id);
        }
        let start = Instant::now();
        for edit in 0..edits {
            let edits = vec![set_minutes(edit as i64)?];
            tasks.edit(&ids[edit % DOCUMENTS], edits, None).await?;
        }
        let time = start.elapsed();
        product.close().await?;
        Ok(micros_each(time, edits))
    })
}

/// The edit of one field that several rows repeat.
pub(super) fn set_minutes(minutes: i64) -> Result<Edit> {
    Ok(Edit::Set { path: format!("/{EDITED}").parse()?, value: Value::Int(minutes) })
}

/// Microseconds an operation.
pub(super) fn micros_each(time: Duration, operations: usize) -> f64 {
    time.as_secs_f64() * 1e6 / operations as f64
}
