//! The library's own tokio runtime: where all work happens, whoever asked for it.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::OnceLock,
};

use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

use crate::error::{DunlinError, Result};

/// Threads for sync and for the tasks of calls; what waits for the disk is on threads of its own.
const WORKERS: usize = 2;

static RUNTIME: OnceLock<Result<Runtime>> = OnceLock::new();

/// Does the work in a task and waits for its answer.
///
/// A caller that gives up drops the waiting, never the work: a write that was asked for commits.
pub(crate) async fn run<T, E>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T>
where
    T: Send + 'static,
    E: Into<DunlinError> + Send + 'static,
{
    match spawn(work)?.await {
        Ok(answer) => answer.map_err(Into::into),
        Err(ended) => Err(DunlinError::task_ended(ended)),
    }
}

/// Starts the work in a task.
pub(crate) fn spawn<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<JoinHandle<T>> {
    Ok(runtime()?.spawn(work))
}

/// Calls something that does not wait, so that a panic becomes a typed error too.
pub(crate) fn call<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|payload| Err(DunlinError::panicked(payload.as_ref())))
}

fn runtime() -> Result<&'static Runtime> {
    let build = || {
        Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("dunlin")
            .enable_all()
            .build()
            .map_err(|error| DunlinError::internal(format!("no runtime could be built: {error}")))
    };
    RUNTIME.get_or_init(build).as_ref().map_err(Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        Builder::new_current_thread().build().unwrap().block_on(work)
    }

    #[test]
    fn a_panic_becomes_the_typed_internal_error() {
        let refused = |result: Result<()>| match result.unwrap_err() {
            DunlinError::Refused { code, reason, .. } => (code, reason),
        };
        let expected = (ErrorCode::Internal, "panicked: on purpose".to_owned());
        let in_a_task = run::<(), DunlinError>(async { panic!("on purpose") });
        assert_eq!(refused(block_on(in_a_task)), expected);
        assert_eq!(refused(call(|| panic!("on purpose"))), expected);
    }

    #[test]
    fn work_goes_on_when_its_caller_gives_up() {
        let (begin, begun) = tokio::sync::oneshot::channel::<()>();
        let (done, is_done) = tokio::sync::oneshot::channel();
        block_on(async {
            let mut asked = Box::pin(run::<(), DunlinError>(async {
                begun.await.ok();
                done.send(()).ok();
                Ok(())
            }));
            let is_pending = std::future::poll_fn(|context| {
                std::task::Poll::Ready(asked.as_mut().poll(context).is_pending())
            });
            assert!(is_pending.await);
            drop(asked);
            begin.send(()).unwrap();
            is_done.await.unwrap();
        });
    }
}
