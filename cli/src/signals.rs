//! SIGINT and SIGTERM, and the end of standard input where that is agreed upon.

use tokio::signal::unix::{SignalKind, signal};

use crate::{args::NodeCommand, input};

/// Waits until somebody asks this process to end while it carries out a command.
pub(crate) async fn asked_to_end_during(command: &NodeCommand) {
    if !command.is_until_eof() {
        return asked_to_end().await;
    }
    tokio::select! {
        () = asked_to_end() => {}
        () = input::until_end(tokio::io::stdin(), || {}) => {}
    }
}

/// Waits until somebody asks this process to end.
pub(crate) async fn asked_to_end() {
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
