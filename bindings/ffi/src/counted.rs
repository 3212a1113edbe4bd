//! Counting the objects that the foreign side holds: a test can tell whether an app lets go of all.

use std::{
    ops::Deref,
    sync::atomic::{AtomicU64, Ordering},
};

static LIVE: AtomicU64 = AtomicU64::new(0);

/// The number of objects of this library that are alive: nodes, spaces, collections and
/// subscriptions. Zero once all were closed or collected as garbage.
#[uniffi::export]
pub fn live_objects() -> u64 {
    LIVE.load(Ordering::Acquire)
}

/// What an object holds, counted for as long as it is alive.
pub(crate) struct Counted<T>(T);

impl<T> Counted<T> {
    pub(crate) fn new(inner: T) -> Self {
        LIVE.fetch_add(1, Ordering::AcqRel);
        Self(inner)
    }
}

impl<T> Deref for Counted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::AcqRel);
    }
}
