//! What the parts can do with nothing around them.

pub(crate) mod documents;
pub(crate) mod quic;
pub(crate) mod sqlite;
pub(crate) mod thread;
