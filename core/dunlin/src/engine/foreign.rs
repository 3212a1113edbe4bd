//! Updates from peers: scanned by the model, applied under `catch_unwind`, committed like our own.

use std::{
    cmp::Ordering,
    panic::{AssertUnwindSafe, catch_unwind},
};

use dunlin_model::{Applied, Digest, DocId, NoRoom};
use dunlin_proto::session::{DocUpdate, Outcome};
use dunlin_store::Writer;

use super::{
    Apply, Desk, Origin,
    write::{Author, stage},
};
use crate::error::{Code, Result};

/// Most documents of which it is remembered what did not fit.
const MAX_JUDGED: usize = 256;

/// Why an update was not taken.
pub(super) enum Refused {
    /// It builds on something that is not here.
    Gap,
    /// The document would outgrow a bound.
    NoRoom(NoRoom),
    /// It contradicts what is here.
    Diverged(String),
    /// No honest peer sends it.
    Malformed(String),
    /// yrs failed on it: the document is to be read anew.
    Broken(String),
}

impl Desk {
    /// Applies some of what a peer handed over; every document stands or falls alone.
    pub(super) fn apply(
        &mut self,
        writer: &mut Writer<'_>,
        apply: &Apply,
        updates: &[DocUpdate],
    ) -> Result<Vec<(DocId, Outcome)>> {
        let mut outcomes = Vec::with_capacity(updates.len());
        for update in updates {
            let outcome = match self.apply_one(writer, apply, update) {
                // Only this document's stored bytes are damaged.
                Err(error) if error.code() == Code::Corrupt => Outcome::Failed,
                outcome => outcome?,
            };
            outcomes.push((update.doc.clone(), outcome));
        }
        Ok(outcomes)
    }

    fn apply_one(
        &mut self,
        writer: &mut Writer<'_>,
        apply: &Apply,
        update: &DocUpdate,
    ) -> Result<Outcome> {
        match self.attempt(writer, apply, update)? {
            Ok(outcome) => Ok(outcome),
            Err(refused) => self.refuse(writer, apply, update, refused),
        }
    }

    /// Applies one update, if it can be.
    pub(super) fn attempt(
        &mut self,
        writer: &mut Writer<'_>,
        apply: &Apply,
        update: &DocUpdate,
    ) -> Result<Result<Outcome, Refused>> {
        let generation = self.open_in(writer, &update.doc)?.document.generation();
        match update.generation.cmp(&generation) {
            Ordering::Less => Ok(Ok(Outcome::Stale)),
            Ordering::Greater => self.adopt(writer, apply, update),
            Ordering::Equal => self.merge(writer, apply, update),
        }
    }

    fn merge(
        &mut self,
        writer: &mut Writer<'_>,
        apply: &Apply,
        update: &DocUpdate,
    ) -> Result<Result<Outcome, Refused>> {
        let time_ms = self.clock.now_ms();
        if let Some(no_room) = self.judged_before(update) {
            return Ok(Err(Refused::NoRoom(no_room)));
        }
        #[cfg(feature = "sabotage")]
        let saboteur = self.saboteur.clone();
        let open = self.open_in(writer, &update.doc)?;
        #[cfg(feature = "sabotage")]
        let before = open.document.state_vector();
        let applied = catch_unwind(AssertUnwindSafe(|| open.document.apply(&update.update)));
        let applied = match applied {
            Ok(Ok(applied)) => applied,
            Ok(Err(error)) => return Ok(Err(error.into())),
            Err(_) => return Ok(Err(Refused::Broken("applying it panicked".to_owned()))),
        };
        let state_vector = open.document.state_vector();
        #[cfg(feature = "sabotage")]
        if saboteur.ignores_delete(&update.doc, before == state_vector, &applied) {
            self.discard(&update.doc);
            return Ok(Ok(Outcome::Applied { state_vector }));
        }
        if let Applied::Changed(change) = applied {
            let Origin { link, device, kind } = apply.from;
            let author = Author { device, kind, link: Some(link), time_ms };
            // Cheaper while the document is in memory, if somebody will ask soon.
            let digest = (!apply.is_live).then(|| open.document.digest());
            let staged = stage(open, writer, &update.doc, change, author, digest)?;
            self.staged.push(staged);
        }
        Ok(Ok(Outcome::Applied { state_vector }))
    }

    /// What a refused update means for the peer and the document. Only what the bytes alone show
    /// is held against the peer.
    pub(super) fn refuse(
        &mut self,
        writer: &mut Writer<'_>,
        apply: &Apply,
        update: &DocUpdate,
        refused: Refused,
    ) -> Result<Outcome> {
        let reason = match refused {
            Refused::Gap => {
                let open = self.open_in(writer, &update.doc)?;
                return Ok(Outcome::Gap { state_vector: open.document.state_vector() });
            }
            Refused::NoRoom(no_room) => {
                let here = self.open_in(writer, &update.doc)?.document.digest();
                self.remember_judgement(update, here, no_room);
                return Ok(Outcome::NoRoom { no_room, here });
            }
            Refused::Diverged(reason) => {
                let peer = apply.from.device.short();
                tracing::info!(%peer, document = ?update.doc.hash(), "set aside: {reason}");
                return Ok(Outcome::Diverged);
            }
            Refused::Malformed(reason) => reason,
            Refused::Broken(reason) => {
                self.discard(&update.doc);
                reason
            }
        };
        tracing::warn!(peer = %apply.from.device.short(), document = ?update.doc.hash(), "refused: {reason}");
        let (peer, time_ms) = (&apply.from.device, self.clock.now_ms());
        writer.quarantine(peer, &update.doc, &reason, &update.update, time_ms)?;
        Ok(Outcome::Malformed { reason })
    }

    /// What came of the same bytes over the same document before: looking costs a copy.
    fn judged_before(&mut self, update: &DocUpdate) -> Option<NoRoom> {
        let (here, there, no_room) = *self.judged.get(&update.doc)?;
        let is_same = update.digest == Some(there)
            && self.open.peek(&update.doc).is_some_and(|open| open.document.digest() == here);
        is_same.then_some(no_room)
    }

    fn remember_judgement(&mut self, update: &DocUpdate, here: Digest, no_room: NoRoom) {
        let Some(there) = update.digest else { return };
        if self.judged.len() >= MAX_JUDGED {
            self.judged.clear();
        }
        self.judged.insert(update.doc.clone(), (here, there, no_room));
    }
}
