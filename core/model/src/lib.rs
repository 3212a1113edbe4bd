//! Documents over yrs, with no I/O, clock, thread or randomness of their own.

mod author;
pub mod compose;
mod device_kind;
mod difference;
mod document;
mod edit;
mod element;
pub mod entry;
pub mod error;
pub mod fingerprint;
mod founder;
pub mod ids;
pub mod item;
mod json;
pub mod limits;
pub mod path;
mod registers;
pub mod scan;
mod state_vector;
pub mod text_index;
mod time;
mod value;
mod version;
mod view;

pub use author::{Author, Evidence};
pub use device_kind::DeviceKind;
pub use difference::ListKeys;
pub use document::{
    Anchor, Applied, ApplyError, Change, Conflict, ConflictId, Corrupt, Decision, Document,
    GoneItem, Large, MAX_GONE, Side,
};
pub use edit::Edit;
pub use element::{Element, MAX_ELEMENT_BYTES, MAX_ELEMENTS};
pub use error::{EditError, InvalidInput};
pub use fingerprint::Fingerprint;
pub use ids::{Collection, DeviceId, Digest, DocHash, DocId, DocKey, Dot, Incarnation, SpaceId};
pub use item::ItemId;
pub use json::{Forms, JsonText};
pub use path::{Path, RegisterPath, Segment};
pub use scan::{Measure, NoRoom};
pub use state_vector::StateVector;
pub use time::rfc3339;
pub use value::Value;
pub use version::Version;
