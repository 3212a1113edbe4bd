//! Rows 1 and 4: a durable edit of a long text, and many in one transaction.

use std::{path::Path, time::Instant};

use dunlin::{CollectionHandle, DocKey, Durability};
use tempfile::{TempDir, tempdir};
use tokio::runtime::Runtime;

use super::{Setting, edits::micros_each, history};
use crate::{
    Result,
    floor::{documents::BareDocument, thread::BareEngine},
    measure::in_turns,
    product::{Product, copy_dir},
    random::Random,
    table::{Bar, Outcome},
    trace::{Splice, Trace},
};

/// Edits of one run, and those before that a text is given to make itself ready for more.
const EDITS: usize = 2_000;
const WARM_UP: usize = 200;
/// Edits of one transaction in row 4, and transactions of one run.
const BATCH: usize = 64;
const BATCHES: usize = 40;
/// Edits of one transaction where the text itself is written.
const DRAFT: usize = 1_000;
/// Letters that are typed at one place before the next.
const TYPED: usize = 100;

impl Setting {
    /// The trace's text in bare yrs: its state, written once.
    pub(super) fn paper(&self) -> Result<&[u8]> {
        if self.paper.get().is_none() {
            let document = BareDocument::new(1)?;
            for edits in self.trace.edits.chunks(DRAFT) {
                document.splice(edits);
            }
            return Ok(self.paper.get_or_init(|| document.snapshot()));
        }
        self.paper.get().map(Vec::as_slice).ok_or_else(|| "the paper is gone".into())
    }

    /// A closed node that holds the trace's text, written in few commits.
    pub(super) fn draft(&self) -> Result<&Path> {
        if self.draft.get().is_none() {
            let draft = self.runtime.block_on(write(&self.trace.edits))?;
            return Ok(self.draft.get_or_init(|| draft).path());
        }
        self.draft.get().map(TempDir::path).ok_or_else(|| "the draft is gone".into())
    }
}

/// Row 1.
pub(super) fn edit(setting: &Setting) -> Result<Vec<Outcome>> {
    let length = setting.trace.text.len();
    let (paper, draft) = (setting.paper()?, setting.draft()?);
    let mut outcomes = Vec::new();
    for (what, edits) in [("typed", typed(length)), ("random places", scattered(length))] {
        let deltas = deltas(paper, edits.chunks(1))?;
        let (floor, ours) = in_turns(
            setting.runs,
            || bare_text(paper, &deltas),
            || our_text(&setting.runtime, draft, Durability::Relaxed, &edits),
        )?;
        outcomes.push(Outcome {
            row: 1,
            what: format!("text edit in 100 kB, one commit, {what}"),
            unit: "µs",
            floor: Some(floor),
            ours,
            must: Bar::Times(3.0),
            goal: Bar::Times(1.5),
        });
    }
    Ok(outcomes)
}

/// Row 4.
pub(super) fn batch(setting: &Setting) -> Result<Vec<Outcome>> {
    let edits = Trace::continuation(setting.trace.text.len(), BATCH * BATCHES, 2);
    let (paper, draft) = (setting.paper()?, setting.draft()?);
    let deltas = deltas(paper, edits.chunks(BATCH))?;
    let (floor, ours) = in_turns(
        setting.runs,
        || bare_batches(paper, &deltas, edits.len()),
        || our_batches(&setting.runtime, draft, &edits),
    )?;
    Ok(vec![Outcome {
        row: 4,
        what: "text edit, 64 in one transaction".to_owned(),
        unit: "µs",
        floor: Some(floor),
        ours,
        must: Bar::Times(1.8),
        goal: Bar::Times(1.2),
    }])
}

/// Letters typed one behind the other, at one place and then at another.
fn typed(length: usize) -> Vec<Splice> {
    let mut random = Random::new(3);
    let mut at = 0;
    let letter = |edit: usize| {
        at = if edit.is_multiple_of(TYPED) { random.below(length as u64) as u32 } else { at + 1 };
        Splice { at, delete: 0, insert: "e".to_owned() }
    };
    (0..EDITS + WARM_UP).map(letter).collect()
}

/// Each edit somewhere else: a letter in, a letter out.
fn scattered(length: usize) -> Vec<Splice> {
    let mut random = Random::new(4);
    let edit = |edit: usize| {
        let at = random.below(length as u64 - 1) as u32;
        match edit % 2 {
            0 => Splice { at, delete: 0, insert: "e".to_owned() },
            _ => Splice { at, delete: 1, insert: String::new() },
        }
    };
    (0..EDITS + WARM_UP).map(edit).collect()
}

/// What yrs itself makes of the edits: the bytes that both sides deal with.
fn deltas<'a>(paper: &[u8], edits: impl Iterator<Item = &'a [Splice]>) -> Result<Vec<Vec<u8>>> {
    let document = BareDocument::load(3, [paper])?;
    Ok(edits.map(|edits| document.splice(edits)).collect())
}

fn bare_text(paper: &[u8], deltas: &[Vec<u8>]) -> Result<f64> {
    let dir = tempdir()?;
    let engine = BareEngine::start(paper.to_vec(), dir.path().join("plain.sqlite"))?;
    let (before, timed) = deltas.split_at(WARM_UP);
    before.iter().try_for_each(|delta| engine.commit(delta.clone()))?;
    let start = Instant::now();
    timed.iter().try_for_each(|delta| engine.commit(delta.clone()))?;
    let time = start.elapsed();
    engine.stop()?;
    Ok(micros_each(time, timed.len()))
}

fn bare_batches(paper: &[u8], deltas: &[Vec<u8>], edits: usize) -> Result<f64> {
    let document = BareDocument::unobserved(2);
    document.apply(paper)?;
    let start = Instant::now();
    deltas.iter().try_for_each(|delta| document.apply(delta))?;
    Ok(micros_each(start.elapsed(), edits))
}

/// One commit an edit, after those that warm up.
pub(super) fn our_text(
    runtime: &Runtime,
    draft: &Path,
    durability: Durability,
    edits: &[Splice],
) -> Result<f64> {
    on_paper(runtime, draft, durability, async |papers, paper| {
        let (before, timed) = edits.split_at(WARM_UP.min(edits.len() / 2));
        for edit in before {
            papers.edit(&paper, vec![history::edit(edit)?], None).await?;
        }
        let start = Instant::now();
        for edit in timed {
            papers.edit(&paper, vec![history::edit(edit)?], None).await?;
        }
        Ok(micros_each(start.elapsed(), timed.len()))
    })
}

fn our_batches(runtime: &Runtime, draft: &Path, edits: &[Splice]) -> Result<f64> {
    on_paper(runtime, draft, Durability::Relaxed, async |papers, paper| {
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
    draft: &Path,
    durability: Durability,
    work: impl AsyncFnOnce(CollectionHandle, DocKey) -> Result<f64>,
) -> Result<f64> {
    let dir = tempdir()?;
    copy_dir(draft, dir.path())?;
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

async fn write(edits: &[Splice]) -> Result<TempDir> {
    let dir = tempdir()?;
    let product = Product::create(dir.path(), Durability::Relaxed).await?;
    let papers = product.space.collection(history::PAPERS)?;
    let paper: DocKey = history::PAPER.parse()?;
    papers.put(&paper, dunlin::Value::Object(Default::default())).await?;
    for edits in edits.chunks(DRAFT) {
        let edits = edits.iter().map(history::edit).collect::<Result<_>>()?;
        papers.edit(&paper, edits, None).await?;
    }
    product.close().await?;
    Ok(dir)
}
