//! Row 21: one document written by ten thousand incarnations, one after the other.

use std::{hint::black_box, thread, time::Instant};

use dunlin_model::{Document, Incarnation, Value};

use super::{Setting, edits::set_minutes};
use crate::{
    Result,
    floor::documents::BareDocument,
    measure::{Sample, in_turns},
    table::{Bar, Outcome},
    task::{EDITED, Task},
};

/// Writers, each of which reads everything before it writes once.
const WRITERS: u64 = 10_000;

/// Updates that wait for the next snapshot.
const LOG: usize = 64;

/// Row 21.
pub(super) fn many(setting: &Setting) -> Result<Vec<Outcome>> {
    eprintln!("row 21: {WRITERS} writers load and write one document; this takes minutes");
    let (bare, ours) = thread::scope(|scope| {
        let bare = scope.spawn(|| bare_document().map_err(|error| error.to_string()));
        let ours = our_document()?;
        Ok::<_, crate::Error>((bare.join().map_err(|_| "panicked")??, ours))
    })?;
    let (floor, time) = in_turns(
        setting.runs,
        || {
            let start = Instant::now();
            black_box(BareDocument::load(1, [bare.as_slice()])?);
            Ok(start.elapsed().as_secs_f64() * 1e3)
        },
        || {
            let start = Instant::now();
            black_box(Document::load(0, Some(&ours), &[], writer(0), 0)?);
            Ok(start.elapsed().as_secs_f64() * 1e3)
        },
    )?;
    let outcome = |what: &str, unit, floor, ours, must| Outcome {
        row: 21,
        what: format!("1 document, {WRITERS} incarnations: {what}"),
        unit,
        floor: Some(floor),
        ours,
        must: Bar::Times(must),
        goal: if unit == "kB" { Bar::AtMost(2.0) } else { Bar::Times(1.0) },
    };
    let kilobytes = |bytes: &[u8]| Sample::exact(bytes.len() as f64 / 1e3);
    Ok(vec![
        outcome("size", "kB", kilobytes(&bare), kilobytes(&ours), 1.2),
        outcome("load", "ms", floor, time, 1.5),
    ])
}

fn bare_document() -> Result<Vec<u8>> {
    let document = BareDocument::new(writer(WRITERS + 1).client())?;
    document.set(Task::new(0).fields());
    let (mut snapshot, mut updates) = (document.snapshot(), Vec::new());
    for client in 1..=WRITERS {
        let all = [&snapshot].into_iter().chain(&updates).map(Vec::as_slice);
        let document = BareDocument::load(writer(client).client(), all)?;
        updates.push(document.set([(EDITED.to_owned(), (client as f64).into())]));
        if updates.len() == LOG || client == WRITERS {
            (snapshot, updates) = (document.snapshot(), Vec::new());
        }
    }
    Ok(snapshot)
}

fn our_document() -> Result<Vec<u8>> {
    let mut document = Document::new(writer(WRITERS + 1));
    document.insert(&Value::from_json(&Task::new(0).json)?, 0)?;
    let (mut snapshot, mut updates) = (document.snapshot(), Vec::new());
    for client in 1..=WRITERS {
        let mut document = Document::load(0, Some(&snapshot), &updates, writer(client), 0)?;
        updates.push(document.edit(&[set_minutes(client as i64)?], None, client as i64)?.update);
        if updates.len() == LOG || client == WRITERS {
            (snapshot, updates) = (document.snapshot(), Vec::new());
        }
    }
    Ok(snapshot)
}

/// Client ids as random as incarnations are.
fn writer(number: u64) -> Incarnation {
    Incarnation::from_random(crate::random::Random::new(number).bits().to_le_bytes())
}
