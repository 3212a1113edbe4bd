//! Rows 18 and 31: calls from other languages, beside bare UniFFI calls and beside the same in Rust;
//! long lists there, beside one run of their query.

use std::{cell::RefCell, collections::BTreeMap, path::Path, time::Instant};

use dunlin::{DocKey, Durability, Edit, QueryChange, Value};
use tempfile::tempdir_in;
use tokio::sync::mpsc;

use super::{
    Setting,
    edits::{micros_each, set_minutes},
};
use crate::{
    Result,
    foreign::{self, Foreign, LANGUAGES, Language},
    measure::{Sample, in_turns},
    product::Product,
    table::{Bar, Outcome},
    task::EDITED,
};

/// As in `android/bench` and `ios/bench`: documents of the live query; edits of a batch, and the fields they go
/// round; batches and deliveries of one run.
const FOLLOWED: usize = 100;
const BATCH: usize = 1_000;
const READINGS: usize = 100;
const BATCHES: usize = 5;
const DELIVERIES: usize = 300;

/// Rows 18 and 31, in each language that there is a program for.
pub(super) fn from_other_languages(setting: &Setting) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for language in LANGUAGES {
        let dir = tempdir_in(foreign::folder()?)?;
        match Foreign::start(*language, &dir.path().join("foreign"))? {
            Some(program) => outcomes.extend(measure(setting, *language, program, dir.path())?),
            None => {
                let language = language.as_str();
                eprintln!("{language} is left out of rows 18 and 31: nobody built its program");
            }
        }
    }
    Ok(outcomes)
}

fn measure(
    setting: &Setting,
    language: Language,
    program: Foreign,
    dir: &Path,
) -> Result<Vec<Outcome>> {
    let program = RefCell::new(program);
    let ask = |call: &str| program.borrow_mut().measure(call);
    let beside = |floor: &str, call: &str| in_turns(setting.runs, || ask(floor), || ask(call));
    let beside_uniffi = |call: &str| beside(&format!("floor of {call}"), call);

    let rust = setting.runtime.block_on(RustSide::prepare(&dir.join("rust")))?;
    let rust = RefCell::new(rust);
    let batch = in_turns(
        setting.runs,
        || setting.runtime.block_on(rust.borrow_mut().batch()),
        || ask("batch"),
    )?;
    let delivery = in_turns(
        setting.runs,
        || setting.runtime.block_on(rust.borrow_mut().deliver()),
        || ask("delivery"),
    )?;
    let row = |row: u32, what: &str, unit, (floor, ours): (Sample, Sample), must, goal| Outcome {
        row,
        what: format!("{}: {what}", language.as_str()),
        unit,
        floor: Some(floor),
        ours,
        must: Bar::Times(must),
        goal: Bar::Times(goal),
    };
    let long = beside_uniffi("long list")?;
    let memory = beside_uniffi("memory")?;
    let outcomes = vec![
        row(18, "empty call, to UniFFI", "µs", beside_uniffi("empty")?, 1.5, 1.2),
        row(18, "empty async call, to UniFFI", "µs", beside_uniffi("empty, async")?, 1.5, 1.2),
        row(18, "get of 1 KB, to UniFFI", "µs", beside_uniffi("get")?, 1.5, 1.2),
        row(18, "batch of 1,000 edits, to Rust", "µs", batch, 1.5, 1.1),
        row(18, "edit → live query of 100, to Rust", "µs", delivery, 1.5, 1.1),
        row(31, "edit → list of 10,000, to its query", "µs", long, 2.0, 0.2),
        row(31, "memory a watcher, to the result", "B", memory, 3.0, 1.5),
    ];
    setting.runtime.block_on(rust.into_inner().product.close())?;
    Ok(outcomes)
}

/// What the other programs do, through the crate that its library calls.
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
