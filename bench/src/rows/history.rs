//! Rows 5 and 6: a text with a long history, written one commit an edit, then opened.

use std::{path::Path, time::Instant};

use dunlin::{DocKey, Durability, Edit};
use tempfile::{TempDir, tempdir};

use super::Setting;
use crate::{
    Result,
    floor::documents::BareDocument,
    measure::{Sample, in_turns},
    product::{Product, copy_dir, disk_bytes},
    table::{Bar, Outcome},
    trace::Splice,
};

/// Where the paper lives.
pub(super) const PAPERS: &str = "papers";
pub(super) const PAPER: &str = "paper";
const BODY: &str = "/body";
/// Edits between two looks at the disk.
const STRIDE: usize = 1_000;

/// A closed node that has written the trace, one commit an edit.
pub(super) struct History {
    dir: TempDir,
    /// Most bytes on disk while it was written, without and with write-ahead logs.
    peak: u64,
    peak_with_log: u64,
    /// Bytes on disk after closing.
    closed: u64,
    /// Bytes of a node with an empty space.
    empty: u64,
}

impl History {
    /// The node's directory.
    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }
}

impl Setting {
    /// The node that has written the trace; it takes a while the first time.
    pub(super) fn history(&self) -> Result<&History> {
        if self.history.get().is_none() {
            let history = self.runtime.block_on(write(&self.trace.edits))?;
            return Ok(self.history.get_or_init(|| history));
        }
        self.history.get().ok_or_else(|| "the history is gone".into())
    }
}

/// Row 5.
pub(super) fn size(setting: &Setting) -> Result<Vec<Outcome>> {
    let floor = setting.paper()?.len() + setting.trace.text.len();
    let history = setting.history()?;
    let outcome = |what: &str, bytes: u64, must, goal| Outcome {
        row: 5,
        what: format!("{} edits, bytes on disk, {what}", setting.trace.edits.len()),
        unit: "kB",
        floor: Some(kilobytes(floor as u64)),
        ours: kilobytes(bytes.saturating_sub(history.empty)),
        must: Bar::Times(must),
        goal: Bar::Times(goal),
    };
    Ok(vec![
        outcome("compacted", history.closed, 1.5, 1.15),
        outcome("at most", history.peak, 4.0, 4.0),
        outcome("with log", history.peak_with_log, 4.0, 4.0),
    ])
}

/// Row 6.
pub(super) fn open(setting: &Setting) -> Result<Vec<Outcome>> {
    let paper = setting.paper()?;
    let history = setting.history()?;
    let (floor, ours) = in_turns(
        setting.runs,
        || {
            let start = Instant::now();
            let document = BareDocument::load(2, [paper])?;
            let time = start.elapsed();
            drop(document);
            Ok(time.as_secs_f64() * 1e3)
        },
        || setting.runtime.block_on(first_read(history.dir())),
    )?;
    Ok(vec![Outcome {
        row: 6,
        what: "open that document".to_owned(),
        unit: "ms",
        floor: Some(floor),
        ours,
        must: Bar::Times(2.0),
        goal: Bar::Times(1.2),
    }])
}

async fn write(edits: &[Splice]) -> Result<History> {
    let dir = tempdir()?;
    let product = Product::create(dir.path(), Durability::Relaxed).await?;
    let papers = product.space.collection(PAPERS)?;
    let paper: DocKey = PAPER.parse()?;
    papers.put(&paper, dunlin::Value::Object(Default::default())).await?;
    product.close().await?;
    let empty = disk_bytes(dir.path())?.files;

    let product = Product::open(dir.path(), Durability::Relaxed).await?;
    let papers = product.space.collection(PAPERS)?;
    let (mut peak, mut peak_with_log) = (0, 0);
    for edits in edits.chunks(STRIDE) {
        for splice in edits {
            papers.edit(&paper, vec![edit(splice)?], None).await?;
        }
        let disk = disk_bytes(dir.path())?;
        peak = peak.max(disk.files);
        peak_with_log = peak_with_log.max(disk.files + disk.logs);
    }
    product.close().await?;
    let closed = disk_bytes(dir.path())?;
    Ok(History { dir, peak, peak_with_log, closed: closed.files + closed.logs, empty })
}

async fn first_read(history: &Path) -> Result<f64> {
    let dir = tempdir()?;
    copy_dir(history, dir.path())?;
    let product = Product::open(dir.path(), Durability::Relaxed).await?;
    let papers = product.space.collection(PAPERS)?;
    let paper: DocKey = PAPER.parse()?;
    let start = Instant::now();
    papers.get(&paper).await?;
    let time = start.elapsed();
    product.close().await?;
    Ok(time.as_secs_f64() * 1e3)
}

/// A trace's edit of the paper.
pub(super) fn edit(splice: &Splice) -> Result<Edit> {
    let Splice { at, delete, insert } = splice.clone();
    Ok(Edit::Splice { path: BODY.parse()?, at, delete, insert })
}

fn kilobytes(bytes: u64) -> Sample {
    Sample::exact(bytes as f64 / 1e3)
}
