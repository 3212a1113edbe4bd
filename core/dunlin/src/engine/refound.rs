//! Generations: a document that is begun anew here, and one that a peer has begun anew.
//!
//! The higher generation takes the place of the lower one everywhere. What a device alone had of
//! the lower one goes into its journal, which its conflicts show.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dunlin_model::{
    ApplyError, Change, Conflict, DocId, Document, EditError, Side, Value, limits::MAX_GENERATION,
};
use dunlin_proto::session::{DocUpdate, Outcome};
use dunlin_store::{self as store, DocRow, LogSize, SpaceStore, Writer};

use super::{
    Apply, Committed, Desk, Identity, Order, Origin,
    documents::Open,
    foreign::Refused,
    outlets::Staged,
    project::project,
    write::{Author, stage},
};
use crate::error::{Error, Result};

impl Desk {
    /// Begins a document anew with its present content, under the next generation.
    pub(super) fn refound(
        &mut self,
        writer: &mut Writer<'_>,
        order: &Order,
    ) -> Result<Result<Committed>> {
        let time_ms = self.clock.now_ms();
        let Identity { device, kind, .. } = self.identity;
        let open = self.open_in(writer, &order.doc)?;
        let begun = catch_unwind(AssertUnwindSafe(|| open.document.refound(time_ms)));
        let (anew, change) = match begun {
            Ok(Ok(begun)) => begun,
            Ok(Err(refusal @ EditError::NotFound { .. })) => {
                return Ok(Err(Error::from(refusal).about(&order.doc)));
            }
            failed => {
                let refusal = match failed {
                    Ok(Err(refusal)) => Error::from(refusal),
                    _ => Error::internal("beginning anew panicked"),
                };
                return Ok(Err(refusal.about(&order.doc)));
            }
        };
        let author = Author { device, kind, link: None, time_ms };
        let staged = replace(open, writer, &order.doc, anew, change, author)?;
        let (seq, version) = (open.seq, open.document.version());
        self.note_journal(&order.doc);
        self.staged.push(staged);
        let paths = vec![String::new()];
        Ok(Ok(Committed { id: order.doc.key.clone(), seq, version, paths }))
    }

    /// Takes a document of a higher generation from a peer in the place of what is here.
    pub(super) fn adopt(
        &mut self,
        writer: &mut Writer<'_>,
        apply: &Apply,
        update: &DocUpdate,
    ) -> Result<Result<Outcome, Refused>> {
        let time_ms = self.clock.now_ms();
        let open = self.open_in(writer, &update.doc)?;
        if update.generation > MAX_GENERATION {
            return Ok(Err(Refused::Malformed("a generation out of bounds".to_owned())));
        }
        if update.digest.is_none() {
            // A live update of that generation need not be all of it.
            return Ok(Ok(Outcome::Gap { state_vector: open.document.state_vector() }));
        }
        let successor = catch_unwind(AssertUnwindSafe(|| {
            open.document.successor(update.generation, &update.update)
        }));
        let (anew, change) = match successor {
            Ok(Ok(Some(anew))) => anew,
            // Nothing at all is not what anybody begins a document with.
            Ok(Ok(None)) => return Ok(Ok(Outcome::Diverged)),
            Ok(Err(error)) => return Ok(Err(Refused::from(error))),
            Err(_) => return Ok(Err(Refused::Broken("applying it panicked".to_owned()))),
        };
        let Origin { link, device, kind } = apply.from;
        let author = Author { device, kind, link: Some(link), time_ms };
        let staged = replace(open, writer, &update.doc, anew, change, author)?;
        let state_vector = open.document.state_vector();
        self.note_journal(&update.doc);
        self.staged.push(staged);
        Ok(Ok(Outcome::Applied { state_vector }))
    }

    /// Remembers that the journal may tell of this document.
    fn note_journal(&mut self, doc: &DocId) {
        let row = self.open.peek(doc).filter(|open| open.is_journaled).and_then(|open| open.row);
        self.journaled.extend(row);
    }
}

/// Puts a document in the place of an open one, here and in the store.
fn replace(
    open: &mut Open,
    writer: &mut Writer<'_>,
    doc: &DocId,
    anew: Document,
    change: Change,
    author: Author,
) -> Result<Staged> {
    let old = std::mem::replace(&mut open.document, anew);
    let digest = Some(open.document.digest());
    let Some(row) = open.row else {
        return stage(open, writer, doc, change, author, digest);
    };
    for Conflict { path, lost, .. } in old.left_behind(&open.document) {
        let value = lost.value.map(|value| value.to_tagged_json().to_string());
        writer.note_in_journal(row, &path, value.as_deref(), author.time_ms)?;
        open.is_journaled = true;
    }
    let Author { device, kind, link, time_ms } = author;
    let origin = if link.is_some() { store::Origin::Remote } else { store::Origin::Local };
    // The root: all of it may have changed.
    let paths = vec![String::new()];
    let generation = open.document.generation();
    let snapshot = open.document.snapshot();
    open.json = None;
    let mut projection = project(open, doc, snapshot.len());
    projection.has_conflicts |= open.is_journaled;
    let is_stale = projection.state == store::ProjectionState::Dirty;
    let change = store::Change { paths, device, kind, origin, time_ms };
    let commit = store::Commit { update: &snapshot, projection, change, digest };
    let seq = writer.refound(row, generation, commit)?;
    open.log = LogSize::default();
    open.seq = seq;
    open.document.committed(seq);
    Ok(Staged {
        doc: doc.clone(),
        generation,
        seq,
        update: snapshot.into(),
        is_stale,
        from: link,
        is_overgrown: false,
        unit: None,
    })
}

/// What the journal tells of a document, as conflicts, each with the note's number.
pub(super) fn journal(
    store: &SpaceStore,
    row: DocRow,
    document: &Document,
) -> Result<Vec<(i64, Conflict)>> {
    let read = |note: store::Journaled| {
        let value = note.value.as_deref().map(|text| {
            let json = serde_json::from_str(text);
            json.ok().and_then(|json| Value::from_json(&json).ok())
        });
        let mut lost = Side::of(value.map(|value| value.unwrap_or(Value::Null)));
        lost.time_ms = Some(note.time_ms);
        let shown = document.shown_at(&note.path);
        (note.id, Conflict::new(note.path, shown, lost))
    };
    Ok(store.journal(row)?.into_iter().map(read).collect())
}

/// Forgets what the journal tells of places that have been written here; whether it tells more.
pub(super) fn settle_journal(
    writer: &mut Writer<'_>,
    row: DocRow,
    written: &[String],
) -> Result<bool> {
    let notes = writer.journal(row)?;
    let mut left = notes.len();
    for note in notes {
        let is_settled = written.iter().any(|path| {
            holds(path, &note.path) || (!note.path.is_empty() && holds(&note.path, path))
        });
        if is_settled {
            writer.forget_in_journal(note.id)?;
            left -= 1;
        }
    }
    Ok(left > 0)
}

/// Whether one printed path is another, or above it.
fn holds(above: &str, path: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl From<ApplyError> for Refused {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Malformed(malformed) => Self::Malformed(malformed.to_string()),
            ApplyError::Gap(_) => Self::Gap,
            ApplyError::NoRoom(no_room) => Self::NoRoom(no_room),
            ApplyError::Diverged(diverged) => Self::Diverged(diverged.to_string()),
            error => Self::Broken(error.to_string()),
        }
    }
}
