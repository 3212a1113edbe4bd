//! How long the engine works on one thing before it looks at what else waits.

use std::time::Duration;

use tokio::time::Instant;

/// Time after which a transaction takes nothing more. What is begun is finished: an update of a
/// document is committed whole.
const LONG_ENOUGH: Duration = Duration::from_millis(8);
/// Jobs, and weight, beyond which it takes nothing more however quickly they went.
const MAX_JOBS: usize = 256;
const MAX_WEIGHT: usize = 2048;

/// One turn of work. On a simulation's paused clock no time passes: there the counts decide.
pub(super) struct Slice {
    start: Instant,
    jobs: usize,
    weight: usize,
}

impl Slice {
    pub(super) fn begin() -> Self {
        Self { start: Instant::now(), jobs: 0, weight: 0 }
    }

    /// Notes that a job joins.
    pub(super) fn join(&mut self) {
        self.jobs += 1;
    }

    /// Notes a part of a job that is done.
    pub(super) fn add(&mut self, weight: usize) {
        self.weight += weight;
    }

    /// Whether it is somebody else's turn.
    pub(super) fn is_spent(&self) -> bool {
        self.jobs >= MAX_JOBS || self.weight >= MAX_WEIGHT || self.start.elapsed() >= LONG_ENOUGH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_slice_ends_with_its_time_its_jobs_or_their_weight() {
        let slice = Slice::begin();
        assert!(!slice.is_spent());
        tokio::time::advance(LONG_ENOUGH).await;
        assert!(slice.is_spent());

        let mut slice = Slice::begin();
        (1..MAX_JOBS).for_each(|_| slice.join());
        assert!(!slice.is_spent());
        slice.join();
        assert!(slice.is_spent());

        let mut slice = Slice::begin();
        slice.add(MAX_WEIGHT);
        assert!(slice.is_spent());
    }
}
