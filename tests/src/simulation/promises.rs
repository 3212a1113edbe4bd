//! The versions that writes were acknowledged with: in the end every device must hold every
//! operation of each, whatever the write was and whatever became of what it wrote.
//!
//! Deletions have no place in a state vector; the [ledger](super::ledger) asks for their effects.

use std::collections::BTreeMap;

use dunlin::Committed;
use dunlin_model::StateVector;

use super::{ledger::Shown, write::Write};

#[derive(Debug)]
struct Promise {
    device: usize,
    operation: &'static str,
    document: (&'static str, String),
    state_vector: StateVector,
}

#[derive(Debug, Default)]
pub(super) struct Promises(Vec<Promise>);

impl Promises {
    /// Keeps what a device was told of a write.
    pub(super) fn keep(&mut self, device: usize, write: &Write, committed: &[Committed]) {
        let (collection, operation) = (write.call.collection(), write.operation);
        self.0.extend(committed.iter().map(|commit| Promise {
            device,
            operation,
            document: (collection, commit.id.to_string()),
            state_vector: commit.version.state_vector.clone(),
        }));
    }

    /// Checks what one device holds.
    ///
    /// # Errors
    /// The first write that it lacks.
    pub(super) fn check(
        &self,
        documents: &BTreeMap<(&'static str, String), Shown>,
    ) -> Result<(), String> {
        for Promise { device, operation, document, state_vector } in &self.0 {
            let held = documents.get(document).map(|shown| &shown.state_vector);
            if !held.is_some_and(|held| held.covers_all(state_vector)) {
                return Err(format!(
                    "{operation} of {}/{} on device {device} was acknowledged and is lost: \
                     {held:?} does not cover {state_vector:?}",
                    document.0, document.1
                ));
            }
        }
        Ok(())
    }
}
