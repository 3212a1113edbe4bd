//! What is put off until somebody asks: digests, and the projections of long documents.

use std::{collections::HashMap, time::Duration};

use dunlin_model::Collection;
use dunlin_store::{DocRow, Projection};
use tokio::time::Instant;

use super::{Engine, EngineHandle, documents::Open, project::rebuild, slice::Slice};
use crate::error::Result;

/// Digests or projections that are looked for at once.
const AT_ONCE: usize = 256;
/// A document that is edited all the time has its projection rebuilt this often.
const INTERVAL: Duration = Duration::from_secs(1);

/// When the projections of long documents were last rebuilt.
#[derive(Default)]
pub(super) struct Rebuilt(HashMap<DocRow, Instant>);

impl Rebuilt {
    /// When a projection may be rebuilt again, if that is not yet.
    fn due(&self, row: DocRow) -> Option<Instant> {
        let due = *self.0.get(&row)? + INTERVAL;
        (due > Instant::now()).then_some(due)
    }

    fn note(&mut self, row: DocRow) {
        let now = Instant::now();
        self.0.retain(|_, rebuilt| *rebuilt + INTERVAL > now);
        self.0.insert(row, now);
    }
}

/// What is left after a slice of rebuilding.
#[derive(Default)]
pub(super) struct Left {
    /// Whether more can be rebuilt at once.
    more: bool,
    /// Collections with a projection that was rebuilt a moment ago, and when it is its turn again.
    later: Later,
}

/// Collections that are not up to date, and when they can be.
pub(super) type Later = Vec<(Collection, Instant)>;

impl EngineHandle {
    /// Rebuilds projections that are older than their documents, in slices; returns where that has
    /// to wait.
    pub(super) async fn refresh_projections(&self) -> Result<Later> {
        while self.outlets().is_stale() {
            let left = self.call(Engine::rebuild_projections).await?;
            if !left.more {
                return Ok(left.later);
            }
        }
        Ok(Later::new())
    }
}

impl Engine {
    /// Computes digests that are not known, some at a time; whether there may be more.
    pub(crate) fn refresh_digests(&mut self) -> Result<bool> {
        let dirty = self.store.dirty_digests(AT_ONCE)?;
        if dirty.is_empty() {
            return Ok(false);
        }
        let slice = Slice::begin();
        let (mut digests, mut looked_at) = (Vec::new(), 0);
        for (row, doc) in &dirty {
            let head = self.store.head_at(*row)?;
            let digest = self.with_sound_document(doc, &head, |open| open.document.digest())?;
            digests.extend(digest.map(|digest| (*row, digest)));
            looked_at += 1;
            if slice.is_spent() && !digests.is_empty() {
                break;
            }
        }
        let may_be_more =
            (looked_at < dirty.len() || dirty.len() == AT_ONCE) && !digests.is_empty();
        self.store.write(|writer| {
            digests.into_iter().try_for_each(|(row, digest)| writer.set_digest(row, digest))
        })?;
        Ok(may_be_more)
    }

    /// Rebuilds rows of long documents, before a query reads them.
    fn rebuild_projections(&mut self) -> Result<Left> {
        let mut left = Left::default();
        let slice = Slice::begin();
        let mut rows: Vec<(DocRow, Projection)> = Vec::new();
        let limit = AT_ONCE + self.rebuilt.0.len();
        let dirty = self.store.dirty_projections(limit)?;
        for (row, doc) in &dirty {
            if let Some(due) = self.rebuilt.due(*row) {
                left.later.push((doc.collection.clone(), due));
                continue;
            }
            if !rows.is_empty() && slice.is_spent() {
                left.more = true;
                break;
            }
            let head = self.store.head_at(*row)?;
            let row_of = |open: &Open| {
                let (mut projection, bytes) = rebuild(&open.document);
                projection.has_conflicts |= open.is_journaled;
                (projection, bytes)
            };
            let Some((projection, bytes)) = self.with_sound_document(doc, &head, row_of)? else {
                continue;
            };
            rows.push((*row, projection));
            self.desk.open.note_json(doc, bytes);
        }
        left.more |= dirty.len() == limit && !rows.is_empty();
        self.store.write(|writer| {
            rows.iter().try_for_each(|(row, projection)| writer.set_projection(*row, projection))
        })?;
        rows.iter().for_each(|(row, _)| self.rebuilt.note(*row));
        if !left.more && left.later.is_empty() {
            self.outlets.set_stale(false);
        }
        Ok(left)
    }
}
