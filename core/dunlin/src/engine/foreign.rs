//! Updates from peers: scanned by the model, applied under `catch_unwind`, committed like our own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dunlin_model::{Applied, ApplyError, DocId};
use dunlin_proto::session::{DocUpdate, Outcome};
use dunlin_store::Writer;

use super::{
    Apply, Desk, Origin,
    write::{Author, stage},
};
use crate::error::{Code, Result};

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
        let time_ms = self.clock.now_ms();
        #[cfg(feature = "sabotage")]
        let saboteur = self.saboteur.clone();
        let open = self.open_in(writer, &update.doc)?;
        if update.generation != open.document.generation() {
            return Ok(Outcome::Stale);
        }
        #[cfg(feature = "sabotage")]
        let before = open.document.state_vector();
        let applied = catch_unwind(AssertUnwindSafe(|| open.document.apply(&update.update)));
        let reason = match applied {
            Ok(Ok(applied)) => {
                let state_vector = open.document.state_vector();
                #[cfg(feature = "sabotage")]
                if saboteur.ignores_delete(&update.doc, before == state_vector, &applied) {
                    self.discard(&update.doc);
                    return Ok(Outcome::Applied { state_vector });
                }
                if let Applied::Changed(change) = applied {
                    let Origin { link, device, kind } = apply.from;
                    let author = Author { device, kind, link: Some(link), time_ms };
                    // Cheaper while the document is in memory, if somebody will ask soon.
                    let digest = (!apply.is_live).then(|| open.document.digest());
                    let staged = stage(open, writer, &update.doc, change, author, digest)?;
                    self.staged.push(staged);
                }
                return Ok(Outcome::Applied { state_vector });
            }
            Ok(Err(ApplyError::Gap(_))) => {
                return Ok(Outcome::Gap { state_vector: open.document.state_vector() });
            }
            Ok(Err(ApplyError::Malformed(malformed))) => malformed.to_string(),
            Ok(Err(error)) => {
                self.discard(&update.doc);
                error.to_string()
            }
            Err(_) => {
                self.discard(&update.doc);
                "applying it panicked".to_owned()
            }
        };
        tracing::warn!(peer = %apply.from.device.short(), document = ?update.doc.hash(), "refused: {reason}");
        writer.quarantine(&apply.from.device, &update.doc, &reason, &update.update)?;
        Ok(Outcome::Malformed { reason })
    }
}
