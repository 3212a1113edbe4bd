//! Row 30: the trace in memory, one transaction an edit, beside another text engine.

use std::{
    collections::BTreeMap,
    env,
    hint::black_box,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use dunlin::{Edit, Value};
use dunlin_model::{Document, Incarnation};

use super::{Setting, history};
use crate::{
    Result,
    cpu::timed,
    measure::in_turns,
    table::{Bar, Outcome},
    trace::Splice,
};

/// Where `cargo xtask bench` says that `bench/loro` was built to.
const LORO: &str = "DUNLIN_BENCH_LORO";

/// Row 30.
pub(super) fn trace(setting: &Setting) -> Result<Vec<Outcome>> {
    let Some(loro) = env::var_os(LORO).map(PathBuf::from) else {
        eprintln!("row 30 is left out: `cargo xtask bench` builds the program it stands beside");
        return Ok(Vec::new());
    };
    let trace = &setting.trace;
    let edits: Vec<Edit> = trace.edits.iter().map(history::edit).collect::<Result<_>>()?;
    let (floor, ours) = in_turns(
        setting.runs,
        || in_loro(&loro, &trace.edits, trace.text.len()),
        || in_model(&edits, &trace.text),
    )?;
    Ok(vec![Outcome {
        row: 30,
        what: format!("{} edits in memory, to loro 1.17, CPU", edits.len()),
        unit: "ms",
        floor: Some(floor),
        ours,
        must: Bar::Times(2.0),
        goal: Bar::Times(1.0),
    }])
}

fn in_model(edits: &[Edit], text: &str) -> Result<f64> {
    let mut document = Document::new(Incarnation::from_random([7; 8]));
    document.insert(&Value::Object(BTreeMap::new()), 0)?;
    let mut seq = 0;
    let (written, time) = timed(|| {
        edits.iter().try_for_each(|edit| {
            black_box(document.edit(std::slice::from_ref(edit), None, 0)?);
            seq += 1;
            document.committed(seq);
            Ok::<_, crate::Error>(())
        })
    });
    written?;
    let body = document.text(&"/body".parse()?)?.1;
    if body != text {
        return Err("the trace did not lead to its text".into());
    }
    Ok(time.as_secs_f64() * 1e3)
}

/// A process of its own: what it links is on no list of ours.
fn in_loro(program: &Path, edits: &[Splice], length: usize) -> Result<f64> {
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let triples: Vec<_> =
        edits.iter().map(|Splice { at, delete, insert }| (at, delete, insert)).collect();
    let mut input = child.stdin.take().ok_or("no stdin")?;
    input.write_all(&serde_json::to_vec(&triples)?)?;
    drop(input);
    let output = child.wait_with_output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let mut figures = printed.split_whitespace();
    let (time, left) = (figures.next().ok_or("loro said nothing")?, figures.next());
    if left != Some(&length.to_string()) {
        return Err(format!("loro came to {left:?} characters, not to {length}").into());
    }
    Ok(time.parse()?)
}
