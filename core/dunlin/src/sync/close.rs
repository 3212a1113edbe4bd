//! Codes with which this layer closes connections, beside those of the protocol.

/// Another connection to the same device is kept.
pub(super) const DUPLICATE: u32 = 16;
/// The node shuts down, or stops to sync.
pub(super) const GOODBYE: u32 = 17;
/// Something went wrong here.
pub(super) const INTERNAL: u32 = 18;
/// As many connections as there may be.
pub(super) const BUSY: u32 = 19;
/// This device's spaces have changed: greet it anew.
pub(super) const GREET_ANEW: u32 = 20;
