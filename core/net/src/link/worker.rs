//! A link's own thread, the only place from which it is started, sent to and stopped.

use std::{
    any::Any,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Receiver,
    },
    thread,
};

use tokio::sync::watch;

use super::{Inbox, Link, Outcome, switch::Outgoing};

#[derive(Debug)]
pub(super) struct Worker {
    /// Closed when the thread has ended.
    ended: watch::Receiver<()>,
    /// Whether the link was stopped, or must not be any more.
    is_done: Arc<AtomicBool>,
}

impl Worker {
    /// Runs a link until nothing can be sent to it any more.
    pub(super) fn spawn(
        link: Arc<dyn Link>,
        inbox: Inbox,
        packets: Receiver<Outgoing>,
    ) -> io::Result<Self> {
        let (running, ended) = watch::channel(());
        let is_done = Arc::new(AtomicBool::new(false));
        let seen_by_thread = is_done.clone();
        thread::Builder::new().name("dunlin-link".to_owned()).spawn(move || {
            run(link.as_ref(), &inbox, &packets, &seen_by_thread);
            // What a link does when it is dropped is its own affair too.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(link)));
            drop(running);
        })?;
        Ok(Self { ended, is_done })
    }

    pub(super) async fn ended(&self) {
        // Nothing is ever sent: what comes is the end.
        let _ = self.ended.clone().changed().await;
    }

    /// Lets the thread end without stopping the link, which may be in other use by then.
    pub(super) fn abandon(&self) {
        self.is_done.store(true, Ordering::Release);
    }
}

fn run(link: &dyn Link, inbox: &Inbox, packets: &Receiver<Outgoing>, is_done: &AtomicBool) {
    match guard(|| link.start(inbox.clone())) {
        Called::Done => {}
        Called::Failed(reason) | Called::Panicked(reason) => {
            tracing::warn!("a link did not start and is not used: {reason}");
            return inbox.close();
        }
    }
    while let Ok(Outgoing { peer, packet }) = packets.recv() {
        match guard(|| link.send(&peer, &packet)) {
            Called::Done => {}
            Called::Failed(reason) => tracing::debug!(?peer, "a packet was not sent: {reason}"),
            Called::Panicked(reason) => {
                tracing::warn!("a link panicked and is not used any more: {reason}");
                return inbox.close();
            }
        }
    }
    if !is_done.swap(true, Ordering::AcqRel) {
        match guard(|| link.stop()) {
            Called::Done => {}
            Called::Failed(reason) | Called::Panicked(reason) => {
                tracing::warn!("a link did not stop: {reason}");
            }
        }
    }
}

enum Called {
    Done,
    Failed(String),
    Panicked(String),
}

fn guard(call: impl FnOnce() -> Outcome) -> Called {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => Called::Done,
        Ok(Err(failure)) => Called::Failed(failure.0),
        Err(panic) => Called::Panicked(last_words(&*panic)),
    }
}

/// What a panic said.
pub(super) fn last_words(panic: &(dyn Any + Send)) -> String {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", said.unwrap_or("without a word"))
}
