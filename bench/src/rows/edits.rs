//! Rows 2 and 3: a durable edit of one field, and of a text where each waits for the disk.

use std::time::{Duration, Instant};

use dunlin::{Durability, Edit, Value};
use tempfile::tempdir;
use tokio::runtime::Runtime;

use super::{Setting, texts::our_text};
use crate::{
    Result,
    floor::{documents::BareDocument, sqlite::PlainStore},
    measure::in_turns,
    product::Product,
    table::{Bar, Outcome},
    task::{EDITED, Task},
    trace::Trace,
};

/// Edits of one run, Relaxed; fewer where each waits for the disk.
const EDITS: usize = 2_000;
const FLUSHED_EDITS: usize = 200;
/// Documents that the edits of a field go round.
const DOCUMENTS: usize = 100;

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
    let draft = setting.draft()?;
    let text = in_turns(
        setting.runs,
        || flushed_rows(None, FLUSHED_EDITS),
        || our_text(&setting.runtime, draft, Durability::Flushed, &edits),
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
