//! The floor of row 18: what calls from another language cost with no product behind them.
//!
//! The invariant: **shaped as in `dunlin-ffi`**. An async function awaits a task of a runtime that
//! is built as that library's is, and answers with what was in memory already.

use std::{
    fmt::{self, Display, Formatter},
    sync::{Arc, OnceLock},
};

use tokio::runtime::{Builder, Runtime};

uniffi::setup_scaffolding!();

/// As many as in `dunlin-ffi`.
const WORKERS: usize = 2;

static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();

/// Why a call failed.
#[derive(Clone, Debug, uniffi::Error)]
pub enum FloorError {
    /// There is no runtime, or its task panicked.
    Failed,
}

impl Display for FloorError {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("the floor has no runtime to answer with")
    }
}

impl std::error::Error for FloorError {}

/// Does nothing, at once.
#[uniffi::export]
pub fn empty() -> u64 {
    0
}

/// A text that is there to be read.
#[derive(uniffi::Object)]
pub struct Shelf(Arc<str>);

#[uniffi::export]
impl Shelf {
    /// Keeps a text.
    #[uniffi::constructor]
    pub fn new(text: String) -> Arc<Self> {
        Arc::new(Self(text.into()))
    }

    /// Does nothing, in a task of the runtime.
    ///
    /// Fails where there is no runtime.
    pub async fn empty(&self) -> Result<(), FloorError> {
        run(async {}).await
    }

    /// Hands the text over, from a task of the runtime.
    ///
    /// Fails where there is no runtime.
    pub async fn get(&self, id: String) -> Result<String, FloorError> {
        let text = self.0.clone();
        run(async move {
            drop(id);
            text.to_string()
        })
        .await
    }
}

async fn run<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, FloorError> {
    let runtime = RUNTIME.get_or_init(build).as_ref().ok_or(FloorError::Failed)?;
    runtime.spawn(work).await.map_err(|_| FloorError::Failed)
}

fn build() -> Option<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(WORKERS).thread_name("floor").enable_all().build().ok()
}
