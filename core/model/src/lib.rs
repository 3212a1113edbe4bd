//! Documents over yrs, with no I/O, clock, thread or randomness of their own.

mod device_kind;
pub mod entry;
pub mod error;
pub mod fingerprint;
pub mod ids;
pub mod item;
pub mod limits;
pub mod path;
pub mod scan;
mod state_vector;
mod value;

pub use device_kind::DeviceKind;
pub use error::InvalidInput;
pub use fingerprint::Fingerprint;
pub use ids::{Collection, DeviceId, Digest, DocHash, DocId, DocKey, Dot, Incarnation, SpaceId};
pub use item::ItemId;
pub use path::{Path, RegisterPath, Segment};
pub use state_vector::StateVector;
pub use value::Value;
