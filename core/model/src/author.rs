//! Who wrote something, as far as a replica knows.

use crate::{device_kind::DeviceKind, ids::DeviceId};

/// Who wrote something: a claim of members, never a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Author {
    /// The device.
    pub device: DeviceId,
    /// What it calls itself.
    pub name: String,
    /// What acts through it.
    pub kind: DeviceKind,
    /// How that is known.
    pub known: Evidence,
}

/// How it is known who wrote something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Evidence {
    /// It was written here.
    Own,
    /// A device says in its writers' book that it was the writer, and no other does.
    Book,
}

impl Author {
    /// A device that wrote something.
    pub fn new(device: DeviceId, name: String, kind: DeviceKind, known: Evidence) -> Self {
        Self { device, name, kind, known }
    }
}

impl Evidence {
    /// `own` or `book`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Book => "book",
        }
    }
}
