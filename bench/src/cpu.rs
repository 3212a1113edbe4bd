//! CPU time: what other programs on a shared machine do not add to.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time that this thread has used since it began.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Runs `work` and says what it cost this thread.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = thread_time();
    let value = work();
    (value, thread_time() - start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_returned_and_time_does_not_go_back() {
        let before = thread_time();
        let (sum, time) = timed(|| (0..1_000_u64).sum::<u64>());
        assert_eq!(sum, 499_500);
        assert!(thread_time() - before >= time);
    }
}
