//! Row 24: very many changes of one document in one call.

use std::collections::BTreeMap;

use dunlin::{CollectionHandle, DocKey, Edit, Value};
use tempfile::tempdir;
use yrs::Any;

use super::Setting;
use crate::{
    Result,
    cpu::{thread_time, timed},
    floor::{documents::BareDocument, sqlite::PlainStore},
    measure::in_turns,
    product::{Product, inline_runtime},
    random::Random,
    table::{Bar, Outcome},
};

/// Edits of the batch.
const SETS: usize = 10_000;
/// Items of the array that is shuffled.
const ITEMS: usize = 4_000;

/// Row 24.
pub(super) fn changes(setting: &Setting) -> Result<Vec<Outcome>> {
    let outcome = |what: String, (floor, ours)| Outcome {
        row: 24,
        what: format!("{what}, CPU"),
        unit: "ms",
        floor: Some(floor),
        ours,
        must: Bar::Times(5.0),
        goal: Bar::Times(2.0),
    };
    let sets = in_turns(setting.runs, || bare(SETS), our_sets)?;
    let mut outcomes = vec![outcome(format!("{SETS} sets in one batch"), sets)];
    for (what, array) in
        [("strings", strings as fn(usize) -> Value), ("objects with an id", objects)]
    {
        let shuffled = in_turns(setting.runs, || bare(ITEMS), || our_shuffle(array))?;
        outcomes.push(outcome(format!("shuffled array of {ITEMS} {what}, put"), shuffled));
    }
    Ok(outcomes)
}

/// As many map sets in one transaction, and one row.
fn bare(sets: usize) -> Result<f64> {
    let dir = tempdir()?;
    let mut store = PlainStore::create(&dir.path().join("plain.sqlite"), false)?;
    let document = BareDocument::new(1)?;
    document.set([(key(0), Any::from(0.0))]);
    let fields = (0..sets).map(|number| (key(number), Any::from(number as f64)));
    let (stored, time) = timed(|| {
        let update = document.set(fields);
        store.commit(|store| store.append(1, &update))
    });
    stored?;
    Ok(time.as_secs_f64() * 1e3)
}

fn our_sets() -> Result<f64> {
    let edits = (0..SETS).map(|number| {
        let value = Value::Int(number as i64);
        Ok(Edit::Set { path: format!("/{}", key(number)).parse()?, value })
    });
    let edits: Vec<Edit> = edits.collect::<Result<_>>()?;
    inline(&Value::Object(BTreeMap::new()), async |tasks, id| {
        tasks.edit(id, edits, None).await?;
        Ok(())
    })
}

fn our_shuffle(array: fn(usize) -> Value) -> Result<f64> {
    let mut order: Vec<usize> = (0..ITEMS).collect();
    let document = |order: &[usize]| {
        let items = order.iter().map(|number| array(*number)).collect();
        Value::Object(BTreeMap::from([("items".to_owned(), Value::List(items))]))
    };
    let before = document(&order);
    shuffle(&mut order);
    let after = document(&order);
    inline(&before, async |tasks, id| {
        tasks.put(id, after).await?;
        Ok(())
    })
}

/// CPU milliseconds of one piece of work on a document, in a node on this thread.
fn inline(
    document: &Value,
    work: impl AsyncFnOnce(&CollectionHandle, &DocKey) -> Result<()>,
) -> Result<f64> {
    let dir = tempdir()?;
    inline_runtime()?.block_on(async {
        let product = Product::create_inline(dir.path()).await?;
        let (tasks, id) = (product.tasks()?, "bulk".parse()?);
        tasks.put(&id, document.clone()).await?;
        let start = thread_time();
        work(&tasks, &id).await?;
        let time = thread_time() - start;
        product.close().await?;
        Ok(time.as_secs_f64() * 1e3)
    })
}

fn key(number: usize) -> String {
    format!("field{number:05}")
}

pub(super) fn strings(number: usize) -> Value {
    Value::String(format!("the item of number {number}"))
}

pub(super) fn objects(number: usize) -> Value {
    let fields =
        [("id".to_owned(), Value::String(key(number))), ("note".to_owned(), strings(number))];
    Value::Object(BTreeMap::from(fields))
}

/// Fisher and Yates.
pub(super) fn shuffle(order: &mut [usize]) {
    let mut random = Random::new(7);
    for last in (1..order.len()).rev() {
        order.swap(last, random.below(last as u64 + 1) as usize);
    }
}
