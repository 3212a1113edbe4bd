//! Sealing the seed of the device's key with what the platform keeps.

use std::{error, fmt, sync::Arc};

type Result<T, E = SealError> = std::result::Result<T, E>;

/// Seals the seed of the device's key, for instance with a key that the hardware keeps. Called on
/// threads of the library, which may wait.
#[uniffi::export(foreign)]
pub trait KeySealer: Send + Sync {
    /// Seals a seed.
    fn seal(&self, seed: Vec<u8>) -> Result<Vec<u8>>;

    /// The seed that was sealed.
    fn unseal(&self, sealed: Vec<u8>) -> Result<Vec<u8>>;
}

/// Why a sealer did not seal or unseal.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Error)]
pub enum SealError {
    /// Not at the moment, or nobody knows why not: what is sealed may be unsealed later.
    Unavailable {
        /// What is wrong, in words for a person.
        reason: String,
    },
    /// The sealer's key is gone for good, or what was sealed is damaged.
    Lost {
        /// What is wrong, in words for a person.
        reason: String,
    },
}

/// A sealer threw something else than this error, or could not be called: that says nothing of the
/// key.
impl From<uniffi::UnexpectedUniFFICallbackError> for SealError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable { reason: error.reason }
    }
}

impl From<SealError> for dunlin::SealError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Unavailable { reason } => Self::Unavailable(reason),
            SealError::Lost { reason } => Self::Lost(reason),
        }
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unavailable { reason } | Self::Lost { reason }) = self;
        f.write_str(reason)
    }
}

impl error::Error for SealError {}

/// The foreign sealer as the core calls it.
pub(crate) struct Foreign(pub(crate) Arc<dyn KeySealer>);

impl dunlin::KeySealer for Foreign {
    fn seal(&self, seed: &[u8]) -> Result<Vec<u8>, dunlin::SealError> {
        Ok(self.0.seal(seed.to_vec())?)
    }

    fn unseal(&self, sealed: &[u8]) -> Result<Vec<u8>, dunlin::SealError> {
        Ok(self.0.unseal(sealed.to_vec())?)
    }
}

#[cfg(test)]
mod tests {
    use dunlin::KeySealer as _;

    use super::*;

    /// Answers with this error.
    struct Refusing(SealError);

    impl KeySealer for Refusing {
        fn seal(&self, _: Vec<u8>) -> Result<Vec<u8>> {
            Err(self.0.clone())
        }

        fn unseal(&self, _: Vec<u8>) -> Result<Vec<u8>> {
            Err(self.0.clone())
        }
    }

    #[test]
    fn a_lost_key_is_lost_and_anything_unexpected_is_not() {
        let unseal = |error| Foreign(Arc::new(Refusing(error))).unseal(&[]).unwrap_err();
        let reason = || "why".to_owned();
        let lost = unseal(SealError::Lost { reason: reason() });
        assert_eq!(lost, dunlin::SealError::lost("why"));
        let unexpected = uniffi::UnexpectedUniFFICallbackError { reason: reason() };
        assert_eq!(unseal(unexpected.into()), dunlin::SealError::unavailable("why"));
    }
}
