//! Rows 7 to 9: ten thousand documents of ten fields on disk.

use std::{env, fs, path::Path, process::Command, time::Instant};

use dunlin::{Durability, ListKeys};
use rusqlite::{Connection, params};
use tempfile::{TempDir, tempdir};

use super::Setting;
use crate::{
    Result,
    floor::{documents::BareDocument, sqlite::PlainStore},
    measure::{Sample, in_turns},
    product::{Product, disk_bytes},
    stand::Stand,
    table::{Bar, Outcome},
    task::{MANY, TASKS_QUERY, Task},
};

/// Documents of one commit.
pub(super) const BATCH: usize = 100;

/// Row 7.
pub(super) fn size(setting: &Setting) -> Result<Vec<Outcome>> {
    let tasks = Task::many(MANY);
    let (floor, ours) = setting.runtime.block_on(async {
        let empty = filled(&[]).await?;
        let full = filled(&tasks).await?;
        let bytes = disk_bytes(full.path())?.files - disk_bytes(empty.path())?.files;
        Ok::<_, crate::Error>((json_rows(&tasks)?, bytes))
    })?;
    let each = |bytes: u64| Sample::exact(bytes as f64 / MANY as f64);
    Ok(vec![Outcome {
        row: 7,
        what: "10,000 documents of 10 fields, on disk each".to_owned(),
        unit: "B",
        floor: Some(each(floor)),
        ours: each(ours),
        must: Bar::Times(3.0),
        goal: Bar::Times(2.0),
    }])
}

/// Row 8.
pub(super) fn insert(setting: &Setting) -> Result<Vec<Outcome>> {
    let tasks = Task::many(MANY);
    let mut outcomes = Vec::new();
    for stand in [Stand::Threads(&setting.runtime), Stand::Inline] {
        let (floor, ours) =
            in_turns(setting.runs, || bare_insert(stand, &tasks), || our_insert(stand, &tasks))?;
        outcomes.push(Outcome {
            row: 8,
            what: format!("insert 10,000 documents in batches of 100{}", stand.suffix()),
            unit: "ms",
            floor: Some(floor),
            ours,
            must: Bar::Times(3.0),
            goal: Bar::Times(1.5),
        });
    }
    Ok(outcomes)
}

/// Row 9.
pub(super) fn open(setting: &Setting) -> Result<Vec<Outcome>> {
    let tasks = Task::many(MANY);
    let plain = tempdir()?;
    let plain = plain.path().join("plain.sqlite");
    let mut store = PlainStore::create(&plain, false)?;
    store.commit(|store| {
        for (row, task) in (0..).zip(&tasks) {
            store.insert_document(row, &task.id, &task.json.to_string())?;
        }
        Ok(())
    })?;
    store.close()?;
    // One document, so that there is a collection to ask.
    let empty = setting.runtime.block_on(filled(&tasks[..1]))?;
    let full = setting.runtime.block_on(filled(&tasks))?;

    let (floor, time) = in_turns(
        setting.runs,
        || {
            let start = Instant::now();
            PlainStore::open(&plain, false)?.count()?;
            Ok(start.elapsed().as_secs_f64() * 1e3)
        },
        || Ok(open_in_child(full.path())?.0),
    )?;
    let (without, with) = in_turns(
        setting.runs,
        || Ok(open_in_child(empty.path())?.1),
        || Ok(open_in_child(full.path())?.1),
    )?;
    let what = "open a node with 10,000 documents";
    Ok(vec![
        Outcome {
            row: 9,
            what: format!("{what}, one query"),
            unit: "ms",
            floor: Some(floor),
            ours: time,
            must: Bar::Over(50.0),
            goal: Bar::Over(10.0),
        },
        Outcome {
            row: 9,
            what: format!("{what}: memory"),
            unit: "MB",
            floor: Some(without),
            ours: with,
            must: Bar::Over(8.0),
            goal: Bar::Over(3.0),
        },
    ])
}

/// A closed node with these documents.
pub(super) async fn filled(tasks: &[Task]) -> Result<TempDir> {
    let dir = tempdir()?;
    let product = Product::create(dir.path(), Durability::Relaxed).await?;
    fill(&product, tasks).await?;
    product.close().await?;
    Ok(dir)
}

/// Puts documents in batches.
pub(super) async fn fill(product: &Product, tasks: &[Task]) -> Result<()> {
    let collection = product.tasks()?;
    for batch in tasks.chunks(BATCH) {
        let patches = batch.iter().map(Task::patch).collect::<Result<Vec<_>>>()?;
        for put in collection.put_many(patches, ListKeys::default()).await? {
            put?;
        }
    }
    Ok(())
}

/// Bytes of a file with nothing but a row of JSON a document.
fn json_rows(tasks: &[Task]) -> Result<u64> {
    let dir = tempdir()?;
    let path = dir.path().join("plain.sqlite");
    let connection = Connection::open(&path)?;
    let table = "CREATE TABLE documents (id TEXT PRIMARY KEY, doc TEXT) WITHOUT ROWID; BEGIN";
    connection.execute_batch(table)?;
    for task in tasks {
        let row = params![task.id, task.json.to_string()];
        connection.prepare_cached("INSERT INTO documents VALUES (?1, ?2)")?.execute(row)?;
    }
    connection.execute_batch("COMMIT; VACUUM")?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(fs::metadata(&path)?.len())
}

fn bare_insert(stand: Stand<'_>, tasks: &[Task]) -> Result<f64> {
    let dir = tempdir()?;
    let mut store = PlainStore::create(&dir.path().join("plain.sqlite"), false)?;
    let start = stand.now();
    for (first, batch) in (0..).step_by(BATCH).zip(tasks.chunks(BATCH)) {
        store.commit(|store| {
            for (row, task) in (first..).zip(batch) {
                let update = BareDocument::new(1)?.set(task.fields());
                store.insert_document(row, &task.id, &task.json.to_string())?;
                store.append(row, &update)?;
            }
            Ok(())
        })?;
    }
    Ok((stand.now() - start).as_secs_f64() * 1e3)
}

fn our_insert(stand: Stand<'_>, tasks: &[Task]) -> Result<f64> {
    let dir = tempdir()?;
    stand.block_on(async {
        let product = Product::create_on(stand, dir.path(), Durability::Relaxed).await?;
        let start = stand.now();
        fill(&product, tasks).await?;
        let time = stand.now() - start;
        product.close().await?;
        Ok(time.as_secs_f64() * 1e3)
    })
}

/// Opens the node in a process of its own; milliseconds it took, and megabytes it holds.
fn open_in_child(dir: &Path) -> Result<(f64, f64)> {
    let output = Command::new(env::current_exe()?).args(["--child", "open"]).arg(dir).output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let mut figures = printed.split_whitespace().map(str::parse);
    match (figures.next(), figures.next()) {
        (Some(Ok(time)), Some(Ok(memory))) => Ok((time, memory)),
        _ => Err(format!("the child failed: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// What that process does.
pub(crate) async fn open_child(dir: &Path) -> Result<()> {
    let start = Instant::now();
    let product = Product::open(dir, Durability::Relaxed).await?;
    product.space.query(TASKS_QUERY, &[]).await?;
    let time = start.elapsed();
    println!("{} {}", time.as_secs_f64() * 1e3, resident_bytes()? as f64 / 1e6);
    product.close().await
}

/// Memory that this process holds, as the kernel counts it.
pub(super) fn resident_bytes() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?;
    Ok(kilobytes.parse::<u64>()? * 1024)
}
