//! What seals the seed of the device's key.

use std::{error, fmt, sync::Arc};

use crate::error::{Code, Error, Result};

/// Seals the seed of a device's key, for instance with a key that the hardware keeps.
pub trait KeySealer: Send + Sync {
    /// Seals a seed; called where it may wait.
    ///
    /// # Errors
    /// Why it cannot, in words for a person.
    fn seal(&self, seed: &[u8]) -> Result<Vec<u8>, SealError>;

    /// The seed that was sealed.
    ///
    /// # Errors
    /// Why it cannot, in words for a person. Only what can never be unsealed again is
    /// [`SealError::Lost`]: it moves people to give the device's identity up.
    fn unseal(&self, sealed: &[u8]) -> Result<Vec<u8>, SealError>;
}

/// Why a [`KeySealer`] did not seal or unseal.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SealError {
    /// Not at the moment, or nobody knows why not: what is sealed may be unsealed later.
    Unavailable(String),
    /// The sealer's key is gone for good, or what was sealed is damaged.
    Lost(String),
}

impl SealError {
    /// Not at the moment, or nobody knows why not.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable(reason.into())
    }

    /// Never again.
    pub fn lost(reason: impl Into<String>) -> Self {
        Self::Lost(reason.into())
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unavailable(reason) | Self::Lost(reason)) = self;
        f.write_str(reason)
    }
}

impl error::Error for SealError {}

/// A [`KeySealer`] that clones of a [`Config`](crate::Config) share.
#[derive(Clone)]
pub struct Sealer(Arc<dyn KeySealer>);

impl Sealer {
    /// Shares a sealer.
    pub fn new(sealer: impl KeySealer + 'static) -> Self {
        Self(Arc::new(sealer))
    }

    pub(crate) fn seal(&self, seed: &[u8; 32]) -> Result<Vec<u8>> {
        self.0.seal(seed).map_err(|error| Sealing::Seal.refused(error))
    }

    pub(crate) fn unseal(&self, sealed: &[u8]) -> Result<[u8; 32]> {
        let refused = |error| Sealing::Unseal.refused(error);
        let seed = self.0.unseal(sealed).map_err(refused)?;
        <[u8; 32]>::try_from(seed.as_slice()).map_err(|_| {
            let reason = format!("it gave {} bytes instead of 32", seed.len());
            refused(SealError::Unavailable(reason)).for_good()
        })
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

/// What a sealer was asked for.
#[derive(Clone, Copy)]
enum Sealing {
    Seal,
    Unseal,
}

impl Sealing {
    fn refused(self, error: SealError) -> Error {
        let what = match self {
            Self::Seal => "seal",
            Self::Unseal => "unseal",
        };
        let reason = format!("the platform did not {what} the device's key: {error}");
        let (code, remedy) = match (&error, self) {
            (SealError::Unavailable(_), _) => {
                (Code::KeyUnavailable, "unlock the device and try again; nothing has changed")
            }
            // The seed is there: it is new, or was stored without a seal.
            (SealError::Lost(_), Self::Seal) => {
                (Code::KeyLost, "have the sealer make a new key, then try again; nothing is lost")
            }
            (SealError::Lost(_), Self::Unseal) => (
                Code::KeyLost,
                "delete the directory and join the spaces with new tickets: peers hand back what \
                 they have",
            ),
        };
        Error::new(code, reason, remedy).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives what it was made with.
    struct Gives(Result<Vec<u8>, SealError>);

    impl KeySealer for Gives {
        fn seal(&self, _: &[u8]) -> Result<Vec<u8>, SealError> {
            self.0.clone()
        }

        fn unseal(&self, _: &[u8]) -> Result<Vec<u8>, SealError> {
            self.0.clone()
        }
    }

    #[test]
    fn a_key_that_cannot_be_had_yet_is_told_apart_from_one_that_is_gone() {
        let refused = |gives| Sealer::new(Gives(gives)).unseal(&[1]).unwrap_err();
        let locked = refused(Err(SealError::unavailable("locked")));
        assert_eq!((locked.code(), locked.is_retryable()), (Code::KeyUnavailable, true));
        assert!(locked.reason().ends_with("unseal the device's key: locked"), "{locked}");
        let gone = refused(Err(SealError::lost("gone")));
        assert_eq!((gone.code(), gone.is_retryable()), (Code::KeyLost, false));
        assert!(gone.remedy().contains("delete"), "{gone:?}");
    }

    #[test]
    fn what_is_no_seed_is_no_reason_to_give_the_identity_up_nor_to_wait() {
        let odd = Sealer::new(Gives(Ok(vec![1; 31]))).unseal(&[1]).unwrap_err();
        assert_eq!((odd.code(), odd.is_retryable()), (Code::KeyUnavailable, false));
    }

    #[test]
    fn a_seed_that_cannot_be_sealed_is_not_lost() {
        let gone = Sealer::new(Gives(Err(SealError::lost("gone")))).seal(&[1; 32]).unwrap_err();
        assert_eq!(gone.code(), Code::KeyLost);
        assert!(!gone.remedy().contains("delete"), "{gone:?}");
    }
}
