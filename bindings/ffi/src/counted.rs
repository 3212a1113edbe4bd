//! Counting the objects that the foreign side holds: a test can tell whether an app lets go of all.

use std::sync::atomic::{AtomicU64, Ordering};

static LIVE: AtomicU64 = AtomicU64::new(0);

/// The number of objects of this library that are alive: nodes, spaces, collections and
/// subscriptions. Zero once all were closed or collected as garbage.
#[uniffi::export]
pub fn live_objects() -> u64 {
    LIVE.load(Ordering::Acquire)
}

/// Part of an object that is counted for as long as it is alive.
pub(crate) struct Counted(());

impl Counted {
    pub(crate) fn new() -> Self {
        LIVE.fetch_add(1, Ordering::AcqRel);
        Self(())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::AcqRel);
    }
}
