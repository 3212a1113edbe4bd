//! Where a node's engines run while it is measured, and what is measured there.

use std::{sync::LazyLock, time::Duration};

use dunlin::Engines;
use tokio::{
    runtime::{Builder, Runtime},
    time::Instant,
};

use crate::{Result, cpu::thread_time};

/// One way to measure a node.
#[derive(Clone, Copy)]
pub(crate) enum Stand<'a> {
    /// As in production: engines on threads of their own, time as the caller sees it.
    Threads(&'a Runtime),
    /// Everything on this thread, and the CPU time that it takes: what else the machine does
    /// counts less.
    Inline,
}

impl Stand<'_> {
    /// Where engines run.
    pub(crate) fn engines(self) -> Engines {
        match self {
            Self::Threads(_) => Engines::Threads,
            Self::Inline => Engines::Tasks,
        }
    }

    /// For the name of a row.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Threads(_) => "",
            Self::Inline => ", CPU",
        }
    }

    /// The time so far; only differences mean something.
    pub(crate) fn now(self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        match self {
            Self::Threads(_) => START.elapsed(),
            Self::Inline => thread_time(),
        }
    }

    /// Runs work to its end.
    pub(crate) fn block_on<T>(self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match self {
            Self::Threads(runtime) => runtime.block_on(work),
            Self::Inline => Builder::new_current_thread().enable_all().build()?.block_on(work),
        }
    }
}
