//! Conflicts that only this device's journal tells of, and how they are settled.

use dunlin_model::{Change, Conflict, Decision, RegisterPath, Value};
use dunlin_store::Writer;

use super::{
    Committed, Desk, Identity, Operation, Order,
    documents::Open,
    project::rebuild,
    refound::{journal, settle_journal},
    write::{Author, finish},
};
use crate::error::{Error, Result};

impl Desk {
    /// Settles a conflict that the journal tells of; none if that does not know it.
    pub(super) fn settle_note(
        &mut self,
        writer: &mut Writer<'_>,
        order: &Order,
    ) -> Result<Option<Result<Committed>>> {
        let Operation::Settle { conflict: wanted, decision, .. } = &order.operation else {
            return Ok(None);
        };
        let time_ms = self.clock.now_ms();
        let Identity { device, kind, .. } = self.identity;
        let open = self.open_in(writer, &order.doc)?;
        let Some(row) = open.row.filter(|_| open.is_journaled) else { return Ok(None) };
        let notes = journal(writer, row, &open.document)?;
        let told = notes.into_iter().find(|(_, conflict)| conflict.id == *wanted);
        let Some((note, Conflict { path, lost, .. })) = told else { return Ok(None) };
        let change = match decision {
            Decision::Keep => Change::default(),
            Decision::Take => match open.document.put_at(&path, lost.value.as_ref(), time_ms) {
                Ok(change) => change,
                Err(refusal) => {
                    if open.document.is_poisoned() {
                        self.discard(&order.doc);
                    }
                    return Ok(Some(Err(Error::from(refusal).about(&order.doc))));
                }
            },
        };
        writer.forget_in_journal(note)?;
        open.is_journaled = !writer.journal(row)?.is_empty();
        if change.is_empty() {
            show_journal(open, writer)?;
        }
        let author = Author { device, kind, link: None, time_ms };
        let (committed, staged) = finish(open, writer, &order.doc, change, author)?;
        self.staged.extend(staged);
        Ok(Some(Ok(committed)))
    }
}

/// Writing what is there already settles what the journal tells of those places, though it changes
/// nothing else.
pub(super) fn settle_repeated(
    open: &mut Open,
    writer: &mut Writer<'_>,
    operation: &Operation,
) -> Result<()> {
    let Some(row) = open.row.filter(|_| open.is_journaled) else { return Ok(()) };
    let mut said = Vec::new();
    match operation {
        Operation::Merge { patch: said_by, .. } | Operation::Replace { new: said_by, .. } => {
            leaves("", said_by, &mut said);
        }
        _ => return Ok(()),
    }
    open.is_journaled = settle_journal(writer, row, &said)?;
    show_journal(open, writer)
}

/// Brings the row that queries see up to date with what the journal tells.
fn show_journal(open: &Open, writer: &mut Writer<'_>) -> Result<()> {
    let Some(row) = open.row else { return Ok(()) };
    let (mut projection, _) = rebuild(&open.document);
    projection.has_conflicts |= open.is_journaled;
    Ok(writer.set_projection(row, &projection)?)
}

/// The printed paths of what a value says, objects by their fields.
fn leaves(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                let step = RegisterPath::root().key(key);
                leaves(&format!("{path}{step}"), field, found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}
