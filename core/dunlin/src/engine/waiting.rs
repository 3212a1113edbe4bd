//! How an engine's thread waits for its next command.

use std::{
    thread,
    time::{Duration, Instant},
};

use tokio::sync::mpsc::Receiver;

use super::Command;

/// A gap between commands after which a caller who waits for each answer is still at it.
const BRISK: Duration = Duration::from_micros(200);
/// How long to stay awake in such a series: about what waking a thread costs.
const AWAKE: Duration = Duration::from_micros(50);

/// Waits for commands. Being put to sleep and woken costs more than a small commit, so while
/// commands come in quick succession, the thread stays awake for a moment after each.
#[derive(Default)]
pub(super) struct Waiting {
    is_brisk: bool,
}

impl Waiting {
    /// The next command; none once the queue is closed.
    pub(super) fn next(&mut self, queue: &mut Receiver<Command>) -> Option<Command> {
        let start = Instant::now();
        while self.is_brisk && start.elapsed() < AWAKE {
            if let Ok(command) = queue.try_recv() {
                return Some(command);
            }
            // Where there is one core only, the caller gets it.
            thread::yield_now();
        }
        let command = queue.blocking_recv();
        self.is_brisk = start.elapsed() < BRISK;
        command
    }
}
