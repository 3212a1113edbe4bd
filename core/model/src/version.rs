//! Versions: what a caller had read when it decided to write.

use std::{fmt, str::FromStr};

use data_encoding::BASE64URL_NOPAD;

use crate::{error::InvalidInput, state_vector::StateVector};

/// A document as a caller read it: the causal context of what it writes next. Opaque to callers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// The document's generation.
    pub generation: u32,
    /// The local sequence number of the document's last change.
    pub seq: i64,
    /// The operations that the reader has seen.
    pub state_vector: StateVector,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.generation.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        bytes.extend_from_slice(&self.state_vector.encode());
        f.write_str(&BASE64URL_NOPAD.encode(&bytes))
    }
}

impl FromStr for Version {
    type Err = InvalidInput;

    fn from_str(text: &str) -> Result<Self, InvalidInput> {
        let parse = || {
            let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
            let (generation, rest) = bytes.split_first_chunk::<4>()?;
            let (seq, rest) = rest.split_first_chunk::<8>()?;
            Some(Self {
                generation: u32::from_be_bytes(*generation),
                seq: i64::from_be_bytes(*seq),
                state_vector: StateVector::decode(rest)?,
            })
        };
        parse().ok_or_else(|| {
            InvalidInput::new(
                "that is not a version",
                "give one that came with a document that was read",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_survives_printing() {
        let version = Version { generation: 1, seq: 77, state_vector: StateVector::default() };
        assert_eq!(version.to_string().parse(), Ok(version));
        assert!("AAAA".parse::<Version>().is_err());
    }
}
