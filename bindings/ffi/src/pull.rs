//! What every subscription is: a handle from which the caller pulls, and which it can stop.

use std::{future::Future, sync::Arc};

use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
};

use crate::{
    counted::Counted,
    error::{DunlinError, Result},
    runtime::spawn,
};

/// Something that gives one item after another and can be dropped between any two.
pub(crate) trait Source: Send + 'static {
    /// What it gives.
    type Item: Send + 'static;

    /// Waits for the next item; none at the end.
    fn pull(&mut self) -> impl Future<Output = Result<Option<Self::Item>>> + Send;
}

/// A source behind a handle. Dropping it stops it.
pub(crate) struct Pull<S: Source> {
    /// None once it was stopped.
    source: Arc<Mutex<Option<S>>>,
    /// The item that was asked for, if its caller gave up: whoever asks next gets it.
    asked: Mutex<Option<Asked<S>>>,
    stopped: watch::Sender<bool>,
    _counted: Counted,
}

type Asked<S> = JoinHandle<Result<Option<<S as Source>::Item>>>;

impl<S: Source> Pull<S> {
    /// Puts a source behind a handle.
    pub(crate) fn new(source: S) -> Self {
        Self {
            source: Arc::new(Mutex::new(Some(source))),
            asked: Mutex::default(),
            stopped: watch::Sender::new(false),
            _counted: Counted::new(),
        }
    }

    /// Waits for the next item; none at the end, and once the handle was stopped.
    pub(crate) async fn next(&self) -> Result<Option<S::Item>> {
        let mut asked = self.asked.lock().await;
        if *self.stopped.borrow() {
            return Ok(None);
        }
        let task = match asked.take() {
            Some(task) => task,
            None => spawn(step(self.source.clone(), self.stopped.subscribe()))?,
        };
        let answer = asked.insert(task).await;
        *asked = None;
        answer.unwrap_or_else(|ended| Err(DunlinError::task_ended(ended)))
    }

    /// Lets go of the source; a `next` that waits answers none.
    pub(crate) fn stop(&self) {
        self.stopped.send_replace(true);
        // If somebody waits for it, that task lets go of it.
        if let Ok(mut source) = self.source.try_lock() {
            *source = None;
        }
    }
}

async fn step<S: Source>(
    source: Arc<Mutex<Option<S>>>,
    mut stopped: watch::Receiver<bool>,
) -> Result<Option<S::Item>> {
    let mut source = source.lock().await;
    let Some(running) = source.as_mut() else { return Ok(None) };
    // An error says that the handle is gone.
    let until_stopped = async { drop(stopped.wait_for(|stopped| *stopped).await) };
    let answer = tokio::select! {
        biased;
        () = until_stopped => None,
        item = running.pull() => Some(item),
    };
    answer.unwrap_or_else(|| {
        *source = None;
        Ok(None)
    })
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, task::Poll};

    use tokio::{runtime::Builder, sync::mpsc};

    use super::*;

    struct Numbers(mpsc::Receiver<u32>);

    impl Source for Numbers {
        type Item = u32;

        async fn pull(&mut self) -> Result<Option<u32>> {
            Ok(self.0.recv().await)
        }
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        Builder::new_current_thread().build().unwrap().block_on(work)
    }

    /// Polls once, which starts the task, and gives up.
    async fn give_up(work: impl Future<Output = Result<Option<u32>>>) {
        let mut work = Box::pin(work);
        let polled = poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_pending()));
        assert!(polled.await);
    }

    #[test]
    fn what_a_caller_gave_up_waiting_for_goes_to_the_next_one() {
        let (numbers, receiver) = mpsc::channel(1);
        let pull = Pull::new(Numbers(receiver));
        block_on(async {
            give_up(pull.next()).await;
            numbers.send(1).await.unwrap();
            assert_eq!(pull.next().await, Ok(Some(1)));
            drop(numbers);
            assert_eq!(pull.next().await, Ok(None));
        });
    }

    #[test]
    fn stopping_ends_a_pending_next_and_lets_go_of_the_source() {
        let (numbers, receiver) = mpsc::channel(1);
        let pull = Pull::new(Numbers(receiver));
        block_on(async {
            give_up(pull.next()).await;
            pull.stop();
            assert_eq!(pull.next().await, Ok(None));
            numbers.closed().await;
        });
    }

    #[test]
    fn dropping_the_handle_lets_go_of_a_source_that_somebody_waits_for() {
        let (numbers, receiver) = mpsc::channel(1);
        let pull = Pull::new(Numbers(receiver));
        block_on(async {
            give_up(pull.next()).await;
            drop(pull);
            numbers.closed().await;
        });
    }
}
