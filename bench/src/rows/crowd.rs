//! Row 25: a short update from a peer to a document that very many wrote.

use std::collections::BTreeMap;

use dunlin::{Edit, Value};
use dunlin_model::{Document, Incarnation};

use super::{Setting, edits::micros_each};
use crate::{
    Result,
    cpu::timed,
    floor::documents::BareDocument,
    measure::in_turns,
    random::Random,
    table::{Bar, Outcome},
};

/// Who wrote a field each.
const WRITERS: u64 = 20_000;
/// Updates of one run.
const UPDATES: usize = 200;

/// Row 25.
pub(super) fn update(setting: &Setting) -> Result<Vec<Outcome>> {
    let crowd = Crowd::gather(WRITERS, UPDATES)?;
    let (floor, ours) = in_turns(
        setting.runs,
        || {
            let document = BareDocument::unobserved(writer(u64::MAX).client());
            document.apply(&crowd.state)?;
            let updates = &crowd.updates;
            let (applied, time) =
                timed(|| updates.iter().try_for_each(|update| document.apply(update)));
            applied?;
            Ok(micros_each(time, UPDATES))
        },
        || {
            let mut document = Document::load(0, Some(&crowd.state), &[], writer(u64::MAX), 0)?;
            let mut seq = 0;
            let (applied, time) = timed(|| {
                crowd.updates.iter().try_for_each(|update| {
                    document.apply(update)?;
                    seq += 1;
                    document.committed(seq);
                    Ok::<_, crate::Error>(())
                })
            });
            applied?;
            Ok(micros_each(time, UPDATES))
        },
    )?;
    let bytes = crowd.updates.iter().map(Vec::len).sum::<usize>() / UPDATES;
    Ok(vec![Outcome {
        row: 25,
        what: format!(
            "update of {bytes} B, {WRITERS} writers, {:.1} MB, CPU",
            crowd.state.len() as f64 / 1e6
        ),
        unit: "µs",
        floor: Some(floor),
        ours,
        must: Bar::Times(5.0),
        goal: Bar::Times(2.0),
    }])
}

/// A document of many writers, and what one more peer does to it.
pub(super) struct Crowd {
    pub(super) state: Vec<u8>,
    pub(super) updates: Vec<Vec<u8>>,
}

impl Crowd {
    /// Each writer knows the beginning alone, so that gathering them costs little.
    pub(super) fn gather(writers: u64, updates: usize) -> Result<Self> {
        let mut beginning = Document::new(writer(0));
        beginning.insert(&Value::Object(BTreeMap::new()), 0)?;
        let beginning = beginning.snapshot();
        let all = BareDocument::unobserved(writer(u64::MAX - 1).client());
        all.apply(&beginning)?;
        for number in 1..=writers {
            let mut one = Document::load(0, Some(&beginning), &[], writer(number), 0)?;
            let edit = set(&format!("/field{number}"), &format!("of {number}"))?;
            all.apply(&one.edit(&[edit], None, number as i64)?.update)?;
        }
        let mut peer = Document::load(0, Some(&beginning), &[], writer(writers + 1), 0)?;
        let update = |number: usize| {
            let edit = set("/peer", &format!("{number:050}"))?;
            Ok(peer.edit(&[edit], None, number as i64)?.update)
        };
        let updates = (0..updates).map(update).collect::<Result<_>>()?;
        Ok(Self { state: all.snapshot(), updates })
    }
}

fn set(path: &str, value: &str) -> Result<Edit> {
    Ok(Edit::Set { path: path.parse()?, value: Value::String(value.to_owned()) })
}

/// Client ids as random as incarnations are.
fn writer(number: u64) -> Incarnation {
    Incarnation::from_random(Random::new(number).bits().to_le_bytes())
}
