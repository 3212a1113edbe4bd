//! What replicas exchange: state vectors, diffs, snapshots.

use yrs::{ReadTxn, Transact, block::ClientID};

use super::Document;
use crate::{ids::Incarnation, state_vector::StateVector};

impl Document {
    /// What a replica with this state vector lacks, in yrs V1 encoding, always whole.
    pub fn diff(&self, since: &StateVector) -> Vec<u8> {
        let since: yrs::StateVector = yrs::StateVector::new(
            since.iter().map(|(writer, clock)| (ClientID::new(writer.client()), clock)).collect(),
        );
        match self.doc.try_transact() {
            Ok(txn) => txn.encode_diff_v1(&since),
            // Only a transaction that is still open could refuse, and none outlives a call.
            Err(_) => Vec::new(),
        }
    }

    /// The whole state, in yrs V1 encoding.
    pub fn snapshot(&self) -> Vec<u8> {
        self.diff(&StateVector::default())
    }
}

pub(super) fn state_vector_of(txn: &impl ReadTxn) -> StateVector {
    from_yrs(&txn.state_vector())
}

pub(super) fn from_yrs(vector: &yrs::StateVector) -> StateVector {
    vector
        .iter()
        .filter_map(|(client, clock)| Some((Incarnation::from_client(client.get())?, *clock)))
        .collect()
}
