//! Documents over yrs, with no I/O, clock, thread or randomness of their own.

pub mod error;
pub mod fingerprint;
pub mod ids;
pub mod scan;
mod state_vector;

pub use error::InvalidInput;
pub use fingerprint::Fingerprint;
pub use ids::{Collection, DeviceId, Digest, DocHash, DocId, DocKey, Dot, Incarnation, SpaceId};
pub use state_vector::StateVector;
