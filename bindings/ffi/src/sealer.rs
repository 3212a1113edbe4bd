//! Sealing the seed of the device's key with what the platform keeps.

use std::sync::Arc;

use crate::error::{DunlinError, Result};

/// Seals the seed of the device's key, for instance with a key that the hardware keeps. Called on
/// threads of the library, which may wait.
#[uniffi::export(foreign)]
pub trait KeySealer: Send + Sync {
    /// Seals a seed.
    fn seal(&self, seed: Vec<u8>) -> Result<Vec<u8>>;

    /// The seed that was sealed.
    fn unseal(&self, sealed: Vec<u8>) -> Result<Vec<u8>>;
}

/// The foreign sealer as the core calls it.
pub(crate) struct Foreign(pub(crate) Arc<dyn KeySealer>);

impl dunlin::KeySealer for Foreign {
    fn seal(&self, seed: &[u8]) -> Result<Vec<u8>, String> {
        self.0.seal(seed.to_vec()).map_err(reason)
    }

    fn unseal(&self, sealed: &[u8]) -> Result<Vec<u8>, String> {
        self.0.unseal(sealed.to_vec()).map_err(reason)
    }
}

fn reason(error: DunlinError) -> String {
    let DunlinError::Refused { reason, .. } = error;
    reason
}
