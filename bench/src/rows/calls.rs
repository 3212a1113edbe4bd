//! Row 18: calls from Kotlin, beside bare UniFFI calls and beside the same in Rust.

use std::{cell::RefCell, collections::BTreeMap, time::Instant};

use dunlin::{DocKey, Durability, Edit, QueryChange, Value};
use tempfile::tempdir;
use tokio::sync::mpsc;

use super::{
    Setting,
    edits::{micros_each, set_minutes},
};
use crate::{
    Result,
    jvm::Jvm,
    measure::{Sample, in_turns},
    product::Product,
    table::{Bar, Outcome},
    task::EDITED,
};

/// As in `android/bench`: documents of the live query; edits of a batch, and the fields they go
/// round; batches and deliveries of one run.
const FOLLOWED: usize = 100;
const BATCH: usize = 1_000;
const READINGS: usize = 100;
const BATCHES: usize = 5;
const DELIVERIES: usize = 300;

/// Row 18.
pub(super) fn from_kotlin(setting: &Setting) -> Result<Vec<Outcome>> {
    let dir = tempdir()?;
    let Some(jvm) = Jvm::start(&dir.path().join("kotlin"))? else {
        eprintln!("row 18 is left out: `cargo xtask bench` builds its Kotlin side, given a JDK");
        return Ok(Vec::new());
    };
    let jvm = RefCell::new(jvm);
    let in_jvm = |call: &str| jvm.borrow_mut().measure(call);
    let beside_uniffi = |call: &str| {
        in_turns(setting.runs, || in_jvm(&format!("floor of {call}")), || in_jvm(call))
    };

    let rust = setting.runtime.block_on(RustSide::prepare(&dir.path().join("rust")))?;
    let rust = RefCell::new(rust);
    let batch = in_turns(
        setting.runs,
        || setting.runtime.block_on(rust.borrow_mut().batch()),
        || in_jvm("batch"),
    )?;
    let delivery = in_turns(
        setting.runs,
        || setting.runtime.block_on(rust.borrow_mut().deliver()),
        || in_jvm("delivery"),
    )?;
    let outcomes = vec![
        outcome("empty call, to UniFFI", beside_uniffi("empty")?, 1.2),
        outcome("empty async call, to UniFFI", beside_uniffi("empty, async")?, 1.2),
        outcome("get of 1 KB, to UniFFI", beside_uniffi("get")?, 1.2),
        outcome("batch of 1,000 edits, to Rust", batch, 1.1),
        outcome("edit → live query of 100, to Rust", delivery, 1.1),
    ];
    setting.runtime.block_on(rust.into_inner().product.close())?;
    Ok(outcomes)
}

fn outcome(what: &str, (floor, ours): (Sample, Sample), goal: f64) -> Outcome {
    Outcome {
        row: 18,
        what: format!("Kotlin: {what}"),
        unit: "µs",
        floor: Some(floor),
        ours,
        must: Bar::Times(1.5),
        goal: Bar::Times(goal),
    }
}

/// What the Kotlin program does, through the crate that its library calls.
struct RustSide {
    product: Product,
    edits: i64,
}

impl RustSide {
    async fn prepare(dir: &std::path::Path) -> Result<Self> {
        let product = Product::create(dir, Durability::Relaxed).await?;
        let tasks = product.tasks()?;
        for number in 0..FOLLOWED {
            let title = Value::String(format!("task {number}"));
            let task = [("title".to_owned(), title), (EDITED.to_owned(), Value::Int(0))];
            tasks.put(&number.to_string().parse()?, Value::Object(task.into())).await?;
        }
        let instrument = [("readings".to_owned(), Value::Object(BTreeMap::new()))];
        let instruments = product.space.collection("instruments")?;
        instruments.put(&"instrument".parse()?, Value::Object(instrument.into())).await?;
        Ok(Self { product, edits: 0 })
    }

    /// The median microseconds of a batch.
    async fn batch(&mut self) -> Result<f64> {
        let instruments = self.product.space.collection("instruments")?;
        let mut times = Vec::new();
        for _ in 0..BATCHES {
            let start = Instant::now();
            let set = |number: usize| -> Result<Edit> {
                let path = format!("/readings/{}", number % READINGS).parse()?;
                Ok(Edit::Set { path, value: Value::Int(self.edits + number as i64) })
            };
            let edits = (0..BATCH).map(set).collect::<Result<_>>()?;
            instruments.edit(&"instrument".parse()?, edits, None).await?;
            times.push(micros_each(start.elapsed(), 1));
            self.edits += BATCH as i64;
        }
        Ok(Sample::new(times).median())
    }

    /// The median microseconds from the call of an edit to the change that shows it.
    async fn deliver(&mut self) -> Result<f64> {
        let tasks = self.product.tasks()?;
        let first: DocKey = "0".parse()?;
        let sql = "SELECT id, doc FROM tasks WHERE TRUE ORDER BY id";
        let mut live = self.product.space.watch(sql, &[]);
        let (deliver, mut delivered) = mpsc::unbounded_channel();
        let follow = tokio::spawn(async move {
            while let Ok(Some(change)) = live.next().await {
                if deliver.send(change).is_err() {
                    break;
                }
            }
        });
        delivered.recv().await.ok_or("no snapshot")?;
        let mut times = Vec::new();
        for _ in 0..DELIVERIES {
            let edit = set_minutes(self.edits)?;
            let start = Instant::now();
            tasks.edit(&first, vec![edit], None).await?;
            let shown = format!("\"{EDITED}\":{}", self.edits);
            loop {
                let change = delivered.recv().await.ok_or("the query ended")?;
                if shows(&change, &shown) {
                    break;
                }
            }
            times.push(micros_each(start.elapsed(), 1));
            self.edits += 1;
        }
        follow.abort();
        Ok(Sample::new(times).median())
    }
}

fn shows(change: &QueryChange, text: &str) -> bool {
    match change {
        QueryChange::Snapshot(_) | QueryChange::Failed(_) => false,
        QueryChange::Difference(difference) => difference.changed.iter().any(|placed| {
            placed.row.iter().any(|cell| cell.as_str().is_some_and(|cell| cell.contains(text)))
        }),
    }
}
