//! Giving up on something long: foreign languages do not tell a future that it is cancelled.

use std::sync::Arc;

use tokio::sync::watch;

use crate::counted::Counted;

/// What ends a long call early, in good order.
#[derive(uniffi::Object)]
pub struct Cancellation(watch::Sender<bool>, Counted);

#[uniffi::export]
impl Cancellation {
    /// Makes one that is not used yet.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(false), Counted::new()))
    }

    /// Ends the call that it was given to; nothing happens if that is over.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl Cancellation {
    /// Waits until it is cancelled; for ever if it is dropped without that.
    pub(crate) fn cancelled(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut receiver = self.0.subscribe();
        async move {
            if receiver.wait_for(|cancelled| *cancelled).await.is_err() {
                std::future::pending().await
            }
        }
    }
}
